"""Derivatives of the polarizability against its differences, their sum rules, and Raman activities.

Element (A, x, k, l) is d alpha_kl / d R_Ax in Angstrom^2.
"""

from dataclasses import replace

import numpy as np
import pytest
from label_examples import WATER, method
from scipy.spatial.transform import Rotation

from rpr.errors import ConvergenceError, InputError
from rpr.labels.calculator import LabelCalculator
from rpr.labels.dft import field_response
from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.labels.results import ALL_PROPERTIES, PROPERTIES
from rpr.labels.shards import label_shard
from rpr.molecule.normal_modes import NormalModes, normal_modes
from rpr.spectra.harmonic import HarmonicSpectrum, harmonic_spectrum

DERIVATIVES = ("polarizability_derivatives",)
HYDROGEN_FLUORIDE = ("H", "F"), np.array([[0.1, 0.3, 0.9], [0.0, 0.0, 0.0]])
TIGHT = {"scf_gradient_tolerance": 1e-8, "response_tolerance": 1e-4, "coarse_grid_level": 1}
FINE = TIGHT | {"grid_level": 5, "gradient_grid_level": 5, "response_grid_level": 4}


def tensors(settings, symbols, positions, **options):
    """Polarizability derivatives of the engine, Angstrom^2, [n_atoms, 3, 3, 3]."""
    engine = make_engine(settings, symbols, **options)
    return engine.compute(positions, DERIVATIVES).polarizability_derivatives


def polarizability_at(engine, positions):
    return engine.compute(positions, ("polarizability",)).polarizability


def errors(found, settings, symbols, positions, *, step=4e-3, n_directions=2):
    """Derivatives along random unit displacements less central differences, Angstrom^2."""
    rng, engine, rest = np.random.default_rng(0), make_engine(settings, symbols), []
    for _ in range(n_directions):
        direction = rng.standard_normal(positions.shape)
        direction /= np.linalg.norm(direction)
        ahead, behind = (
            polarizability_at(engine, positions + s * step * direction) for s in (1, -1)
        )
        expected = (ahead - behind) / (2 * step)
        rest.append(np.einsum("ax,axkl->kl", direction, found) - expected)
    return np.array(rest)


def rotational_sum(found, positions, polarizability):
    """Torque of the derivatives less the turning of the polarizability, Angstrom^3, [3, 3, 3].

    ``sum_A (w x R_A)_x P_Axkl = (W alpha - alpha W)_kl`` for a rotation W v = w x v about each
    axis w.
    """
    rest = []
    for axis in np.eye(3):
        turning = np.cross(axis, np.eye(3)).T
        torque = np.einsum("ax,axkl->kl", np.cross(axis, positions), found)
        rest.append(torque - turning @ polarizability + polarizability @ turning)
    return np.array(rest)


def test_hartree_fock_derivatives_are_differences_of_polarizabilities():
    settings = method("hf", "6-31g", **TIGHT)
    found = tensors(settings, *WATER)
    assert np.abs(errors(found, settings, *WATER, n_directions=9)).max() < 1e-4
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-9)
    np.testing.assert_array_equal(found, found.swapaxes(2, 3))
    assert np.abs(found).max() > 1


@pytest.mark.parametrize("functional", ["b3lyp5", "blyp", "lda,vwn"])
def test_derivatives_on_fine_grids_are_differences_of_polarizabilities(functional):
    settings = method(functional, "6-31g", **FINE)
    found = tensors(settings, *HYDROGEN_FLUORIDE)
    assert np.abs(errors(found, settings, *HYDROGEN_FLUORIDE)).max() < 2e-4
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=2e-5)


def test_errors_at_default_settings():
    settings = Method(canonical_orientation=False)
    found = tensors(settings, *WATER)
    error = errors(found, replace(settings, **TIGHT, response_grid_level=3), *WATER)
    assert np.sqrt(np.mean(error**2)) < 2e-4
    assert np.abs(error).max() < 6e-4


@pytest.mark.parametrize(("functional", "tolerance"), [("hf", 2e-5), ("b3lyp5", 1e-3)])
def test_rotational_sum_rule(functional, tolerance):
    settings = method(functional, response_tolerance=1e-5)
    labels = make_engine(settings, WATER[0]).compute(WATER[1], ("polarizability", *DERIVATIVES))
    rest = rotational_sum(labels.polarizability_derivatives, WATER[1], labels.polarizability)
    np.testing.assert_allclose(rest, 0, atol=tolerance)


def test_derivatives_turn_with_the_molecule():
    symbols, positions = WATER
    turn = Rotation.from_euler("xyz", [10, 40, 77], degrees=True).as_matrix()
    settings = Method(functional="hf", basis="sto-3g")
    plain = tensors(settings, symbols, positions)
    turned = tensors(settings, symbols, positions @ turn.T + 0.3)
    expected = np.einsum("xi,km,ln,aimn->axkl", turn, turn, turn, plain)
    np.testing.assert_allclose(turned, expected, atol=1e-5)
    assert np.abs(plain - plain.swapaxes(1, 2)).max() > 1e-2  # the order of indices shows


def test_a_charge_does_not_matter_to_the_sum_over_atoms():
    symbols, positions = ("O", "H"), np.array([[0.1, 0.0, 0.0], [0.2, 0.5, 0.8]])
    found = tensors(method("hf", "6-31g"), symbols, positions, charge=-1)
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("functional", ["hf", "b3lyp5"])
def test_other_labels_stay_when_derivatives_are_asked_for(functional):
    settings = Method(functional=functional, basis="6-31g")
    known = (*PROPERTIES, "dipole_derivatives")
    plain = make_engine(settings, WATER[0]).compute(WATER[1], known)
    assert plain.polarizability_derivatives is None
    labels = make_engine(settings, WATER[0]).compute(WATER[1], ALL_PROPERTIES)
    for name in known:
        np.testing.assert_allclose(getattr(labels, name), getattr(plain, name), atol=1e-6)
    for name in ("energy", "dipole", "polarizability"):
        np.testing.assert_array_equal(getattr(labels, name), getattr(plain, name))
    alone = make_engine(settings, WATER[0]).compute(WATER[1], DERIVATIVES)
    np.testing.assert_allclose(
        alone.polarizability_derivatives, labels.polarizability_derivatives, atol=1e-10
    )
    assert alone.forces is None
    assert alone.dipole_derivatives is None
    assert set(labels.timings) >= {"second-order response", "polarizability derivatives"}


def test_the_guess_from_previous_frames_survives_a_resume():
    symbols, positions = WATER
    settings = Method(functional="hf", basis="6-31g")
    engine = make_engine(settings, symbols)
    for n in range(3):
        engine.compute(positions + 0.01 * n * positions, ALL_PROPERTIES)
    resumed = make_engine(settings, symbols)
    resumed.set_state(engine.get_state())
    first, second = (e.compute(1.03 * positions, DERIVATIVES) for e in (engine, resumed))
    found = first.polarizability_derivatives
    np.testing.assert_array_equal(found, second.polarizability_derivatives)
    scratch = tensors(settings, symbols, 1.03 * positions)
    np.testing.assert_allclose(found, scratch, atol=1e-3)


def test_derivatives_that_fail_leave_the_other_labels(monkeypatch):
    def fail(*arguments, **options):
        raise ConvergenceError("response equations not converged")

    monkeypatch.setattr(field_response, "second_order_response", fail)
    engine = make_engine(Method(functional="hf", basis="sto-3g"), WATER[0])
    labels = engine.compute(WATER[1], ALL_PROPERTIES)
    assert labels.polarizability_derivatives is None
    assert labels.polarizability.shape == (3, 3)
    assert labels.dipole_derivatives.shape == (3, 3, 3)
    assert labels.flags == (
        "polarizability_derivatives: ConvergenceError: response equations not converged",
    )


def test_plain_pyscf_gives_the_same_by_differences():
    settings = method("hf", "sto-3g", **TIGHT)
    expected = tensors(settings, *HYDROGEN_FLUORIDE, plain=True)
    np.testing.assert_allclose(tensors(settings, *HYDROGEN_FLUORIDE), expected, atol=2e-5)


def test_tight_binding_derivatives_are_differences_of_polarizabilities():
    pytest.importorskip("tblite")
    settings = Method(code="tblite", functional="gfn2-xtb", basis="")
    found = tensors(settings, *WATER)
    assert np.abs(errors(found, settings, *WATER, step=1e-2, n_directions=9)).max() < 2e-3
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-6)
    assert np.abs(found).max() > 1


def test_the_calculator_computes_derivatives_only_when_asked():
    from ase import Atoms

    atoms = Atoms(WATER[0], WATER[1])
    settings = Method(functional="hf", basis="sto-3g")
    atoms.calc = LabelCalculator(settings)
    atoms.get_forces()
    assert "polarizability_derivatives" not in atoms.calc.results
    found = atoms.calc.get_property("polarizability_derivatives", atoms)
    np.testing.assert_allclose(found, tensors(settings, *WATER), atol=1e-5)


def test_a_shard_writes_derivatives(tmp_path):
    from rpr.data.extxyz import read_frames
    from rpr.data.frame_set import FrameSet

    symbols, positions = HYDROGEN_FLUORIDE
    settings = Method(functional="hf", basis="sto-3g")
    label_shard(
        FrameSet(symbols, positions[None], trajectory=[0], step=[0]),
        [0],
        settings,
        ("polarizability", *DERIVATIVES),
        partial_path=tmp_path / "partial",
        output_path=tmp_path / "frames.extxyz",
        failures_path=tmp_path / "failures.csv",
    )
    found = read_frames(tmp_path / "frames.extxyz")
    assert set(found.known) >= {"energy", "polarizability", *DERIVATIVES}
    expected = tensors(settings, symbols, positions)
    np.testing.assert_allclose(found.polarizability_derivatives[0], expected, atol=1e-10)


def raman_lines(modes: NormalModes, derivatives: np.ndarray) -> HarmonicSpectrum:
    """Lines of modes without dipoles."""
    return harmonic_spectrum(modes, np.zeros((len(modes.masses), 3, 3)), derivatives)


def test_raman_activities_are_differences_of_polarizabilities_along_each_mode():
    symbols, positions = WATER
    masses = np.array([15.999, 1.008, 1.008])
    settings = method("hf", "6-31g", **TIGHT)
    modes = normal_modes(positions, masses, hessian(settings, symbols, positions))
    found = raman_lines(modes, tensors(settings, symbols, positions))
    engine, step = make_engine(settings, symbols), 5e-3
    for vector, activity, ratio in zip(
        modes.vectors, found.activity, found.depolarization, strict=True
    ):
        shift = step * vector / np.sqrt(masses)[:, None]
        ahead, behind = (polarizability_at(engine, positions + s * shift) for s in (1, -1))
        xx, yy, zz = np.diag(along := (ahead - behind) / (2 * step))
        mean = (xx + yy + zz) / 3
        squares = ((xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2) / 2
        squares += 3 * (along[0, 1] ** 2 + along[1, 2] ** 2 + along[2, 0] ** 2)
        np.testing.assert_allclose(activity, 45 * mean**2 + 7 * squares, rtol=1e-3)
        np.testing.assert_allclose(ratio, 3 * squares / (45 * mean**2 + 4 * squares), rtol=1e-3)


def test_raman_activities_of_another_program():
    """PySCFAD, by automatic differentiation: its examples/prop/raman.py, HF/cc-pVDZ."""
    symbols = ("O", "H", "H")
    positions = np.array([[0, 0, 0.1157], [0, 0.7488, -0.4629], [0, -0.7488, -0.4629]])
    settings = method("hf", "cc-pvdz", response_tolerance=1e-4, scf_gradient_tolerance=1e-8)
    masses = np.array([15.999, 1.008, 1.008])
    modes = normal_modes(positions, masses, hessian(settings, symbols, positions))
    found = raman_lines(modes, tensors(settings, symbols, positions))
    np.testing.assert_allclose(modes.wavenumbers, [1775.683, 4113.242, 4211.557], atol=0.5)
    np.testing.assert_allclose(found.activity, [4.78999, 68.87902, 34.78822], rtol=5e-4)
    np.testing.assert_allclose(found.depolarization, [0.526860, 0.170111, 0.75], atol=1e-4)


def test_depolarization_of_isotropic_and_of_no_scattering():
    modes = normal_modes(WATER[1], np.ones(3), np.eye(9))
    slopes = np.random.default_rng(0).standard_normal((3, 3, 1, 1))
    isotropic = raman_lines(modes, slopes * np.eye(3))
    assert isotropic.activity.max() > 1
    np.testing.assert_allclose(isotropic.depolarization, 0, atol=1e-12)
    vectors = np.eye(6)[[0, 3]].reshape(2, 2, 3)  # atoms 0 and 1 move along x
    faint = np.zeros((2, 3, 3, 3))
    faint[0, 0], faint[1, 0] = np.eye(3), 1e-6 * np.diag([1.0, 0.0, 0.0])
    found = raman_lines(NormalModes(np.ones(2), vectors, np.ones(2)), faint)
    np.testing.assert_array_equal(found.depolarization, [0.0, np.nan])
    none = raman_lines(modes, np.zeros((3, 3, 3, 3)))
    assert np.isnan(none.depolarization).all()
    assert not none.activity.any()


def test_activities_need_derivatives_of_these_atoms():
    modes = normal_modes(WATER[1], np.ones(3), np.eye(9))
    with pytest.raises(InputError, match=r"found shape \(3, 3, 3\), expected \(3, 3, 3, 3\)"):
        raman_lines(modes, np.zeros((3, 3, 3)))
    with pytest.raises(InputError, match="NaN or infinity"):
        raman_lines(modes, np.full((3, 3, 3, 3), np.nan))
