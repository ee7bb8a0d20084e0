"""Optimisation and frequencies of reference geometries, and their failures."""

import logging
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.morse import MorsePotential
from threadpoolctl import threadpool_limits

from rpr.dynamics.optimise import model_hessian, optimise
from rpr.errors import ConvergenceError, InputError
from rpr.labels.calculator import LabelCalculator
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.molecule.molecule import read_geometry
from rpr.molecule.normal_modes import frequencies
from rpr.molecule.torsion import dihedral_angle

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
XTB = Method(code="tblite", functional="gfn2-xtb", basis="")


@pytest.fixture(autouse=True)
def one_thread():
    """Threads cost more than they save on molecules of this size."""
    import tblite.interface  # noqa: F401  (loads the library whose threads are limited)

    with threadpool_limits(1):
        yield


def second_derivatives(atoms):
    return hessian(XTB, atoms.get_chemical_symbols(), atoms.positions)


@pytest.mark.parametrize("name", ["anti", "gauche"])
def test_minimum_is_found_again_from_a_distorted_start(name, caplog):
    reference = read_geometry(GEOMETRIES / f"dichloroethane_{name}.xyz")
    start = reference.copy()
    start.positions += 0.03 * np.random.default_rng(0).standard_normal((8, 3))
    caplog.set_level(logging.DEBUG, "rpr.dynamics.optimise")
    assert np.linalg.eigvalsh(model_hessian(start)).min() > 1.0
    found = optimise(start, LabelCalculator(XTB), force_tolerance=5e-4, name=name)
    assert np.linalg.norm(found.get_forces(), axis=1).max() <= 5e-4
    assert np.allclose(found.get_all_distances(), reference.get_all_distances(), atol=0.01)
    angle = dihedral_angle(found.positions[None], (0, 1, 2, 3))[0]
    expected = {"anti": 180.0, "gauche": 68.1}[name]
    assert abs((angle - expected + 180.0) % 360.0 - 180.0) < 1.0
    assert caplog.messages[0].startswith(f"{name}: step 0, energy ")
    assert len(caplog.messages) < 25  # 45 with a multiple of the unit matrix as first Hessian
    assert not np.allclose(start.positions, found.positions)
    modes = frequencies(found, second_derivatives(found), name=name)
    assert len(modes.wavenumbers) == 18
    assert 50 < modes.wavenumbers[0] < 200
    assert 2900 < modes.wavenumbers[-1] < 3100


def test_net_force_and_torque_do_not_matter():
    """Forces on integration grids have some; without projection the molecule drifts off."""

    class Drifting(MorsePotential):
        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            arms = self.atoms.positions - self.atoms.positions.mean(axis=0)
            extra = np.array([0.02, -0.01, 0.03]) + np.cross([0.01, 0.02, -0.01], arms)
            self.results["forces"] = self.results["forces"] + extra

    start = read_geometry(GEOMETRIES / "water.xyz")
    parameters = {"epsilon": 1.0, "r0": 1.05, "rho0": 4.0, "rcut1": 20.0, "rcut2": 25.0}
    found = optimise(start, Drifting(**parameters))
    assert np.allclose(found.get_all_distances()[np.triu_indices(3, 1)], 1.05, atol=1e-3)
    assert np.allclose(found.positions.mean(axis=0), start.positions.mean(axis=0), atol=1e-3)


def test_anti_and_gauche_differ_by_a_few_kcal():
    energies = [
        optimise(read_geometry(GEOMETRIES / f"dichloroethane_{name}.xyz"), LabelCalculator(XTB))
        for name in ("anti", "gauche")
    ]
    anti, gauche = (atoms.get_potential_energy() for atoms in energies)
    assert 0.0 < gauche - anti < 0.13


def test_saddle_point_is_refused_and_its_mode_named():
    """Planar ammonia: the umbrella mode is imaginary; the light atoms carry it."""
    planar = read_geometry(GEOMETRIES / "ammonia.xyz")
    planar.positions[:, 2] = 0.0
    saddle = optimise(planar, LabelCalculator(XTB))
    second = second_derivatives(saddle)
    message = r"ammonia: not a minimum, 1 imaginary .*mode 0 \(\d+\.\di cm\^-1, mostly atoms H\d, H"
    with pytest.raises(ConvergenceError, match=message):
        frequencies(saddle, second, name="ammonia")
    assert frequencies(saddle, second, minimum=False).imaginary.sum() == 1


def test_too_few_steps_are_a_convergence_error():
    start = read_geometry(GEOMETRIES / "water.xyz")
    start.positions[1] *= 1.1
    message = r"water: largest force .* after 2 steps, expected at most 1e-03; allow more steps"
    with pytest.raises(ConvergenceError, match=message):
        optimise(start, LabelCalculator(XTB), max_steps=2, name="water")


def test_broken_molecule_is_a_convergence_error():
    """Repulsive far beyond the bond length: the atoms fly apart until the forces vanish."""
    repulsive = MorsePotential(epsilon=1.0, r0=4.0, rho0=4.0, rcut1=20.0, rcut2=25.0)
    with pytest.raises(ConvergenceError, match="bonds are  after the optimisation, 0-1 0-2 before"):
        optimise(read_geometry(GEOMETRIES / "water.xyz"), repulsive)


def test_impossible_requests_are_input_errors():
    water = read_geometry(GEOMETRIES / "water.xyz")
    with pytest.raises(InputError, match="found force_tolerance -1"):
        optimise(water, LabelCalculator(XTB), force_tolerance=-1.0)
    with pytest.raises(InputError, match=r"hessian: found shape \(6, 6\), expected \(9, 9\)"):
        frequencies(water, np.eye(6))
    water.positions[2] = water.positions[1]
    with pytest.raises(InputError, match=r"atoms 1 and 2 are 0\.000 Angstrom apart"):
        optimise(water, LabelCalculator(XTB))
