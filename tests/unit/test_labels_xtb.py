"""Labels by extended tight binding."""

import numpy as np
import pytest
from ase.data import atomic_masses
from label_examples import DICHLOROETHANE, WATER
from scipy.spatial.transform import Rotation

from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.units import BOHR, BOHR3

pytest.importorskip("tblite")
SETTINGS = Method(code="tblite", functional="gfn2-xtb", basis="")


def test_forces_are_the_negative_derivative_of_the_energy():
    engine = make_engine(SETTINGS, WATER[0])
    forces = engine.compute(WATER[1]).forces
    step = np.random.default_rng(0).normal(size=(3, 3)) * 1e-3
    ahead, behind = (engine.compute(WATER[1] + s * step).energy for s in (1, -1))
    assert (behind - ahead) / 2 == pytest.approx(np.sum(forces * step), abs=1e-6)


def test_labels_turn_with_the_molecule():
    symbols, positions = DICHLOROETHANE
    engine = make_engine(SETTINGS, symbols)
    rotation = Rotation.from_euler("xyz", [10, 40, 77], degrees=True).as_matrix()
    plain, turned = engine.compute(positions), engine.compute(positions @ rotation.T)
    np.testing.assert_allclose(turned.dipole, rotation @ plain.dipole, atol=1e-6)
    alpha = rotation @ plain.polarizability @ rotation.T
    np.testing.assert_allclose(turned.polarizability, alpha, atol=5e-4 * BOHR3)
    assert np.linalg.eigvalsh(plain.polarizability).min() > 0


def test_the_hessian_has_no_work_for_a_shift():
    second = hessian(SETTINGS, *WATER)
    np.testing.assert_allclose(second, second.T)
    shift = np.tile(np.eye(3), (3, 1))
    np.testing.assert_allclose(second @ shift, 0, atol=1e-2)


def test_the_dipole_of_an_ion_is_about_its_centre_of_mass():
    """It stays when the ion is moved, and differs from that about the laboratory by Q R."""
    symbols = ["O", "H", "H", "H"]
    positions = np.array([[0, 0, 0.2], [0.9, 0.1, 0], [-0.5, 0.85, 0], [-0.5, -0.8, -0.1]])
    engine = make_engine(SETTINGS, symbols, charge=1)
    here = engine.compute(positions, ("dipole",)).dipole
    shift = np.array([3.0, -2.0, 5.0])
    there = engine.compute(positions + shift, ("dipole",)).dipole
    np.testing.assert_allclose(there, here, atol=1e-6)
    raw = np.array(engine._single_point((positions + shift) / BOHR, (0.0, 0.0, 0.0)).get("dipole"))
    masses = atomic_masses[[8, 1, 1, 1]]
    centre = masses @ (positions + shift) / masses.sum()
    np.testing.assert_allclose(there, raw * BOHR - centre, atol=1e-6)


def test_both_engines_have_the_same_origin():
    """Far apart, OH- and its proton-free partner would differ by Angstroms; engines do by 0.1."""
    symbols, positions = ["O", "H"], np.array([[4.0, 0.0, 0.0], [4.0, 0.0, 0.97]])
    for method in (SETTINGS, Method(functional="hf", basis="6-31g")):
        engine = make_engine(method, symbols, charge=-1)
        found = engine.compute(positions, ("dipole",)).dipole
        mass = atomic_masses[1] / (atomic_masses[1] + atomic_masses[8])
        about_oxygen = found - np.array([0, 0, 0.97 * mass])  # mu + Q (R - R_O), Q = -1
        assert 0 < about_oxygen[2] < 0.5
        np.testing.assert_allclose(about_oxygen[:2], 0, atol=1e-6)
