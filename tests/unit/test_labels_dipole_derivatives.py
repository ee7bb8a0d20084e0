"""Dipole derivatives against differences of dipoles, their sum rules, and infrared intensities.

Element (A, x, k) is d mu_k / d R_Ax in e.
"""

from dataclasses import replace

import numpy as np
import pytest
from ase.data import atomic_masses
from label_examples import WATER, method
from scipy.spatial.transform import Rotation

from rpr.errors import ConvergenceError, InputError
from rpr.labels.calculator import LabelCalculator
from rpr.labels.dft import field_response
from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.labels.results import PROPERTIES
from rpr.labels.shards import label_shard
from rpr.molecule.normal_modes import infrared_intensities, normal_modes
from rpr.units import DEBYE

DERIVATIVES = ("dipole_derivatives",)
HYDROGEN_FLUORIDE = ("H", "F"), np.array([[0.1, 0.3, 0.9], [0.0, 0.0, 0.0]])
HYDROXIDE = ("O", "H"), np.array([[0.1, 0.0, 0.0], [0.2, 0.5, 0.8]])
#: What differences need: coarse grid and tolerance of the field leave 1e-6 e Angstrom in a dipole
#: by default, which division by a small step makes 3e-4 e.
TIGHT = {"scf_gradient_tolerance": 1e-8, "response_tolerance": 1e-4, "coarse_grid_level": 1}
FINE = TIGHT | {"grid_level": 5, "gradient_grid_level": 5, "response_grid_level": 4}


def tensors(settings, symbols, positions, **options):
    """Dipole derivatives of the engine, e, [n_atoms, 3, 3]."""
    engine = make_engine(settings, symbols, **options)
    return engine.compute(positions, DERIVATIVES).dipole_derivatives


def differences(settings, symbols, positions, *, step=2e-3, **options):
    """Central differences of the engine's dipoles, e, [n_atoms, 3, 3]."""
    engine = make_engine(settings, symbols, **options)
    rows = []
    for shift in step * np.eye(positions.size).reshape(-1, *positions.shape):
        ahead, behind = (
            engine.compute(positions + sign * shift, ("dipole",)).dipole for sign in (1, -1)
        )
        rows.append((ahead - behind) / (2 * step))
    return np.array(rows).reshape(-1, 3, 3)


def rotational_sum(found, positions, dipole):
    """Torque of the derivatives less the turning of the dipole, e Angstrom, [3, 3].

    ``sum_A (w x R_A)_x P_Axk = (w x mu)_k`` for a rotation about each axis w.
    """
    axes = np.eye(3)
    torque = [np.einsum("ax,axk->k", np.cross(axis, positions), found) for axis in axes]
    return np.array(torque) - np.cross(axes, dipole)


def test_hartree_fock_derivatives_are_differences_of_dipoles():
    settings = method("hf", **TIGHT)
    found = tensors(settings, *WATER)
    assert np.abs(found - differences(settings, *WATER)).max() < 2e-5
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-10)


@pytest.mark.parametrize("functional", ["b3lyp5", "blyp", "lda,vwn"])
def test_derivatives_on_fine_grids_are_differences_of_dipoles(functional):
    settings = method(functional, "6-31g", **FINE)
    found = tensors(settings, *HYDROGEN_FLUORIDE)
    assert np.abs(found - differences(settings, *HYDROGEN_FLUORIDE)).max() < 1e-5
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-5)


def test_errors_at_default_settings():
    settings = Method(canonical_orientation=False)
    found = tensors(settings, *WATER)
    error = found - differences(replace(settings, **TIGHT), *WATER)
    assert np.sqrt(np.mean(error**2)) < 1e-4
    assert np.abs(error).max() < 3e-4


def test_exact_exchange_matters_to_the_derivatives():
    """Water's polar tensors differ between functionals by far more than the tolerances here."""
    found = [tensors(method(f, "6-31g"), *HYDROGEN_FLUORIDE) for f in ("hf", "b3lyp5")]
    assert np.abs(found[0] - found[1]).max() > 1e-2


@pytest.mark.parametrize(("functional", "tolerance"), [("hf", 1e-5), ("b3lyp5", 1e-3)])
def test_rotational_sum_rule(functional, tolerance):
    settings = method(functional, response_tolerance=1e-4)
    labels = make_engine(settings, WATER[0]).compute(WATER[1], ("dipole", *DERIVATIVES))
    rest = rotational_sum(labels.dipole_derivatives, WATER[1], labels.dipole)
    np.testing.assert_allclose(rest, 0, atol=tolerance)


def test_an_ion_has_its_charge_as_sum_over_atoms():
    """The dipole label of an ion is about its centre of mass, which moves along."""
    symbols, positions = HYDROXIDE
    settings = method("hf", "6-31g", **TIGHT)
    found = tensors(settings, symbols, positions, charge=-1)
    np.testing.assert_allclose(found.sum(axis=0), -np.eye(3), atol=1e-10)
    masses = atomic_masses[[8, 1]]
    weights = masses[:, None, None] / masses.sum()
    about_fixed = differences(settings, symbols, positions, charge=-1) - weights * np.eye(3)
    np.testing.assert_allclose(found, about_fixed, atol=2e-5)


def test_derivatives_turn_with_the_molecule():
    symbols, positions = WATER
    turn = Rotation.from_euler("xyz", [10, 40, 77], degrees=True).as_matrix()
    settings = Method(basis="sto-3g")
    plain = tensors(settings, symbols, positions)
    turned = tensors(settings, symbols, positions @ turn.T + 0.3)
    np.testing.assert_allclose(turned, turn @ plain @ turn.T, atol=1e-5)
    assert np.abs(plain - plain.transpose(0, 2, 1)).max() > 1e-2  # the order of indices shows


@pytest.mark.parametrize("functional", ["hf", "b3lyp5"])
def test_other_labels_stay_when_derivatives_are_asked_for(functional):
    settings = Method(functional=functional, basis="6-31g")
    plain = make_engine(settings, WATER[0]).compute(WATER[1])
    assert plain.dipole_derivatives is None
    engine = make_engine(settings, WATER[0])
    labels = engine.compute(WATER[1], (*PROPERTIES, *DERIVATIVES))
    for name in PROPERTIES:
        np.testing.assert_allclose(getattr(labels, name), getattr(plain, name), atol=1e-10)
    alone = make_engine(settings, WATER[0]).compute(WATER[1], DERIVATIVES)
    np.testing.assert_allclose(alone.dipole_derivatives, labels.dipole_derivatives, atol=1e-10)
    assert alone.forces is None
    assert alone.polarizability is None
    assert set(labels.timings) >= {"gradient", "response", "dipole derivatives"}


def test_derivatives_that_fail_leave_the_other_labels(monkeypatch):
    def fail(*arguments, **options):
        raise ConvergenceError("response equations not converged")

    monkeypatch.setattr(field_response, "polarizability", fail)
    engine = make_engine(Method(functional="hf", basis="sto-3g"), WATER[0])
    labels = engine.compute(WATER[1], ("forces", *DERIVATIVES))
    assert labels.dipole_derivatives is None
    assert labels.forces.shape == (3, 3)
    assert "dipole_derivatives: ConvergenceError" in labels.flags[0]


def test_plain_pyscf_gives_the_same_by_differences():
    settings = method("hf", "sto-3g", **TIGHT)
    expected = tensors(settings, *WATER, plain=True)
    np.testing.assert_allclose(tensors(settings, *WATER), expected, atol=2e-5)
    np.testing.assert_allclose(expected.sum(axis=0), 0, atol=1e-5)


def test_tight_binding_derivatives_are_differences_of_dipoles():
    pytest.importorskip("tblite")
    settings = Method(code="tblite", functional="gfn2-xtb", basis="")
    found = tensors(settings, *WATER)
    np.testing.assert_allclose(found, differences(settings, *WATER, step=5e-3), atol=1e-4)
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-6)
    symbols, positions = HYDROXIDE
    ion = tensors(settings, symbols, positions, charge=-1)
    np.testing.assert_allclose(ion.sum(axis=0), -np.eye(3), atol=1e-6)


def test_the_calculator_computes_derivatives_only_when_asked():
    from ase import Atoms

    atoms = Atoms(WATER[0], WATER[1])
    atoms.calc = LabelCalculator(Method(basis="sto-3g"))
    atoms.get_forces()
    assert "dipole_derivatives" not in atoms.calc.results
    found = atoms.calc.get_property("dipole_derivatives", atoms)
    expected = tensors(Method(basis="sto-3g"), *WATER)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_shard_writes_derivatives(tmp_path):
    from rpr.data.extxyz import read_frames
    from rpr.data.frame_set import FrameSet

    symbols, positions = HYDROGEN_FLUORIDE
    settings = Method(functional="hf", basis="sto-3g")
    frames = FrameSet(symbols, positions[None], trajectory=[0], step=[0])
    label_shard(
        frames,
        [0],
        settings,
        ("dipole", *DERIVATIVES),
        partial_path=tmp_path / "partial",
        output_path=tmp_path / "frames.extxyz",
        failures_path=tmp_path / "failures.csv",
    )
    found = read_frames(tmp_path / "frames.extxyz")
    assert set(found.known) == {"energy", "dipole", "trajectory", "step", "dipole_derivatives"}
    expected = tensors(settings, symbols, positions)
    np.testing.assert_allclose(found.dipole_derivatives[0], expected, atol=1e-10)


def test_infrared_intensities_are_differences_of_dipoles_along_each_mode():
    symbols, positions = WATER
    masses = np.array([15.999, 1.008, 1.008])
    settings = method(**TIGHT)
    modes = normal_modes(positions, masses, hessian(method("hf"), symbols, positions))
    labels = make_engine(settings, symbols).compute(positions, DERIVATIVES)
    found = infrared_intensities(modes, labels.dipole_derivatives)
    engine, step, expected = make_engine(settings, symbols), 5e-3, []
    for vector in modes.vectors:
        shift = step * vector / np.sqrt(masses)[:, None]
        ahead, behind = (engine.compute(positions + s * shift, ("dipole",)).dipole for s in (1, -1))
        along = (ahead - behind) / (2 * step) / DEBYE  # d mu / d Q, D/(Angstrom sqrt(u))
        expected.append(42.256 * along @ along)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=0.02)
    assert found.max() > 20


def test_infrared_intensities_of_another_program():
    """Q-Chem at HF/6-31G, quoted in pyscf/prop/infrared/rhf.py of pyscf/properties."""
    symbols = ("N", "H", "H", "H")
    positions = np.array([[0.0, 0.0, 0.0], [0.8, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.2]])
    settings = method("hf", "6-31g", response_tolerance=1e-4)
    masses = np.array([14.00307, 1.00783, 1.00783, 1.00783])
    modes = normal_modes(positions, masses, hessian(settings, symbols, positions))
    found = infrared_intensities(modes, tensors(settings, symbols, positions))
    expected = [23.708, 24.939, 12.931, 75.893, 25.018, 0.103]
    np.testing.assert_allclose(found, expected, atol=0.05)  # density fitting


def test_intensities_need_derivatives_of_these_atoms():
    modes = normal_modes(WATER[1], np.ones(3), np.eye(9))
    with pytest.raises(InputError, match=r"found shape \(2, 3, 3\), expected \(3, 3, 3\)"):
        infrared_intensities(modes, np.zeros((2, 3, 3)))
    with pytest.raises(InputError, match="NaN or infinity"):
        infrared_intensities(modes, np.full((3, 3, 3), np.nan))
