"""The label engine against plain PySCF, against itself in other orientations, and its errors."""

import numpy as np
import pytest
from label_examples import DICHLOROETHANE, WATER, method, reference
from scipy.spatial.transform import Rotation

from rpr.errors import InputError
from rpr.labels.calculator import LabelCalculator
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import ALL_PROPERTIES
from rpr.units import BOHR, BOHR3, HARTREE

CASES = [
    ("water", functional, "def2-svp") for functional in ("hf", "blyp", "b3lyp5", "lda,vwn")
] + [("dichloroethane", functional, "sto-3g") for functional in ("hf", "blyp", "b3lyp5")]


@pytest.mark.parametrize(("name", "functional", "basis"), CASES)
def test_labels_are_those_of_plain_pyscf(name, functional, basis):
    symbols, positions = {"water": WATER, "dichloroethane": DICHLOROETHANE}[name]
    labels = make_engine(method(functional, basis), symbols).compute(positions)
    expected = reference(name, functional, basis)
    assert labels.energy / HARTREE == pytest.approx(expected["energy"], abs=1e-6)
    np.testing.assert_allclose(labels.dipole / BOHR, expected["dipole"], atol=1e-5)
    gradient = -labels.forces * BOHR / HARTREE
    np.testing.assert_allclose(gradient, expected["gradient"], atol=2e-5)
    np.testing.assert_allclose(labels.polarizability / BOHR3, expected["polarizability"], atol=2e-3)


def test_plain_labels_use_the_grid_of_the_method():
    engine = make_engine(method(grid_level=1), WATER[0], plain=True)
    shifted = WATER[1] + [0.0, 0.1, 0.2]
    labels, again = engine.compute(WATER[1]), engine.compute(shifted)
    assert again.energy == pytest.approx(labels.energy, abs=1e-8)
    expected = reference("water", "b3lyp5", "def2-svp")
    assert labels.energy / HARTREE == pytest.approx(expected["energy"], abs=1e-4)
    assert abs(labels.energy / HARTREE - expected["energy"]) > 1e-8  # its own grid
    np.testing.assert_allclose(labels.polarizability, again.polarizability, atol=1e-6)
    assert engine.get_state() == {}


def test_plain_labels_need_pyscf():
    with pytest.raises(InputError, match="plain: found True for code 'tblite'"):
        make_engine(Method(code="tblite", functional="gfn2-xtb"), WATER[0], plain=True)


def test_an_energy_that_stays():
    labels = make_engine(Method(functional="hf", basis="sto-3g"), WATER[0]).compute(WATER[1])
    assert labels.energy / HARTREE == pytest.approx(-74.955824, abs=1e-5)


def test_forces_are_the_negative_derivative_of_the_energy():
    engine = make_engine(method("hf", scf_gradient_tolerance=1e-8), WATER[0])
    forces = engine.compute(WATER[1], ("forces",)).forces
    step = np.random.default_rng(0).normal(size=(3, 3)) * 1e-3
    ahead = engine.compute(WATER[1] + step, ("energy",)).energy
    behind = engine.compute(WATER[1] - step, ("energy",)).energy
    assert (behind - ahead) / 2 == pytest.approx(np.sum(forces * step), abs=1e-7)


def test_fitted_and_exact_integrals_agree():
    fitted = make_engine(method(), WATER[0]).compute(WATER[1])
    exact = make_engine(method(density_fitting=False), WATER[0]).compute(WATER[1])
    assert fitted.energy / HARTREE == pytest.approx(exact.energy / HARTREE, abs=1e-4)
    np.testing.assert_allclose(fitted.dipole, exact.dipole, atol=2e-4)
    np.testing.assert_allclose(fitted.forces, exact.forces, atol=5e-3)
    np.testing.assert_allclose(fitted.polarizability, exact.polarizability, atol=2e-3)


@pytest.mark.parametrize("canonical", [True, False])
def test_labels_turn_with_the_molecule(canonical):
    symbols, positions = DICHLOROETHANE
    settings = method(basis="sto-3g", canonical_orientation=canonical)
    rotation = Rotation.from_euler("xyz", [10, 40, 77], degrees=True).as_matrix()
    plain = make_engine(settings, symbols).compute(positions)
    turned = make_engine(settings, symbols).compute(positions @ rotation.T + 0.3)
    exact = 1e-9 if canonical else 1.0
    assert turned.energy == pytest.approx(plain.energy, abs=max(1e-8, 1e-3 * exact))
    np.testing.assert_allclose(turned.dipole, rotation @ plain.dipole, atol=max(1e-7, 1e-3 * exact))
    alpha = rotation @ plain.polarizability @ rotation.T
    np.testing.assert_allclose(turned.polarizability, alpha, atol=max(1e-6, 1e-2 * exact))


def test_labels_do_not_depend_on_the_frame_before():
    symbols, positions = DICHLOROETHANE
    settings = Method(basis="sto-3g")
    fresh = make_engine(settings, symbols).compute(positions)
    engine = make_engine(settings, symbols)
    for shift in (0.02, 0.01):
        engine.compute(positions + shift * np.sin(np.arange(24.0)).reshape(8, 3))
    later = engine.compute(positions)
    assert later.scf_cycles < fresh.scf_cycles
    assert later.energy / HARTREE == pytest.approx(fresh.energy / HARTREE, abs=1e-7)
    np.testing.assert_allclose(later.dipole / BOHR, fresh.dipole / BOHR, atol=1e-5)
    np.testing.assert_allclose(later.forces, fresh.forces, atol=1e-4)
    alpha, fresh_alpha = later.polarizability / BOHR3, fresh.polarizability / BOHR3
    np.testing.assert_allclose(alpha, fresh_alpha, atol=5e-4)


def test_a_restored_state_gives_the_same_labels_to_the_last_bit():
    symbols, positions = WATER
    first = make_engine(Method(basis="sto-3g"), symbols)
    first.compute(positions)
    second = make_engine(Method(basis="sto-3g"), symbols)
    second.set_state(first.get_state())
    moved = positions + 0.01
    moved[0, 0] += 0.02
    a, b = first.compute(moved), second.compute(moved)
    assert a.energy == b.energy
    np.testing.assert_array_equal(a.forces, b.forces)
    np.testing.assert_array_equal(a.polarizability, b.polarizability)
    first.reset()
    assert first.get_state() == {}


def test_only_what_is_asked_for_is_computed():
    labels = make_engine(Method(basis="sto-3g"), WATER[0]).compute(WATER[1], ("energy", "dipole"))
    assert labels.forces is None
    assert labels.polarizability is None
    assert set(labels.timings) == {"integrals", "scf"}


def test_too_little_memory_is_refused_before_anything_runs():
    with pytest.raises(InputError, match=r"max_memory_mb: found 100 MB, expected at least \d+ MB"):
        make_engine(Method(), DICHLOROETHANE[0], max_memory_mb=100)
    make_engine(Method(), DICHLOROETHANE[0], max_memory_mb=1000)


def test_aug_cc_pvtz_fits_into_four_gibibytes():
    make_engine(Method(basis="aug-cc-pvtz"), DICHLOROETHANE[0], max_memory_mb=4096)


def test_open_shells_are_refused():
    with pytest.raises(InputError, match="expected an even number"):
        make_engine(Method(), ("O", "H"))
    make_engine(Method(), ("O", "H"), charge=-1)


def test_a_fitting_basis_without_an_element_is_told():
    with pytest.raises(InputError, match=r"PySCF's choice for 6-31g lacks .*He.* name another"):
        make_engine(Method(basis="6-31g"), ["He"])


@pytest.mark.parametrize(
    ("symbol", "basis", "auxiliary"),
    [("Ne", "sto-3g", ""), ("He", "6-31g", "def2-universal-jkfit")],
)
def test_a_basis_that_no_field_polarises_gives_no_polarizability(symbol, basis, auxiliary):
    """Ne has no virtual orbitals here, and He has those of s functions alone."""
    engine = make_engine(Method(basis=basis, auxiliary_basis=auxiliary), [symbol])
    labels = engine.compute(np.zeros((1, 3)), ALL_PROPERTIES)
    assert not labels.flags
    for name in ("forces", "dipole", "polarizability", "dipole_derivatives"):
        np.testing.assert_allclose(getattr(labels, name), 0.0, atol=1e-8)


def test_impossible_positions_are_refused():
    engine = make_engine(Method(basis="sto-3g"), WATER[0])
    with pytest.raises(InputError, match=r"shape \(2, 3\)"):
        engine.compute(WATER[1][:2])
    with pytest.raises(InputError, match="not a finite"):
        engine.compute(WATER[1] * np.nan)
    with pytest.raises(InputError, match="atoms 0 and 1"):
        engine.compute(np.zeros((3, 3)) + np.arange(3)[:, None] * 0.01)
    with pytest.raises(InputError, match="quadrupole"):
        engine.compute(WATER[1], ("quadrupole",))


def test_calculator_gives_what_the_engine_gives():
    from ase import Atoms

    atoms = Atoms(WATER[0], WATER[1])
    atoms.calc = LabelCalculator(Method(basis="sto-3g"))
    labels = make_engine(Method(basis="sto-3g"), WATER[0]).compute(WATER[1])
    assert atoms.get_potential_energy() == pytest.approx(labels.energy, abs=1e-8)
    np.testing.assert_allclose(atoms.get_forces(), labels.forces, atol=1e-6)
    np.testing.assert_allclose(atoms.get_dipole_moment(), labels.dipole, atol=1e-6)
    alpha = atoms.calc.get_property("polarizability", atoms)
    np.testing.assert_allclose(alpha, labels.polarizability, atol=1e-5)


def test_calculator_goes_on_from_a_state():
    from ase import Atoms

    first, second = (LabelCalculator(Method(basis="sto-3g")) for _ in range(2))
    assert first.get_state() == {}
    first.get_property("energy", Atoms(WATER[0], WATER[1]))
    second.set_state(first.get_state())
    moved = Atoms(WATER[0], WATER[1] * 1.01)
    assert first.get_property("energy", moved) == second.get_property("energy", moved)
