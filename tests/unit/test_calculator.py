"""The ASE calculator: what it gives, in ASE's own programs, and what ASE writes of it."""

import threading

import numpy as np
import pytest
import water_models as water
from ase import units
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.socketio import SocketClient, SocketIOCalculator
from ase.io import Trajectory, read, write
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase.vibrations import Infrared
from ase.vibrations.placzek import PlaczekStatic
from ase.vibrations.raman import StaticRamanCalculator

import rpr
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.labels.calculator import LabelCalculator
from rpr.molecule.normal_modes import infrared_intensities, normal_modes

pytest.importorskip("tblite", reason="the labels of these tests need the extra xtb")

STEP = 3e-3  # Angstrom; differences divide the rounding of predictions, 1e-9, by it


@pytest.fixture(scope="module")
def models():
    return {
        "potential": water.potential(),
        "dipole": water.model("dipole"),
        "polarizability": water.model("polarizability"),
    }


@pytest.fixture
def atoms(models):
    """Water away from its minimum, where no component of a derivative vanishes by symmetry."""
    found = water.atoms()
    found.rattle(0.04, seed=2)
    found.rotate(50, (1, 2, 3))
    found.calc = rpr.Calculator(**models)
    return found


@pytest.fixture(scope="module")
def minimum(models):
    found = water.atoms()
    found.calc = rpr.Calculator(**models)
    assert BFGS(found, logfile=None).run(fmax=1e-4, steps=50)
    return found


def displaced(atoms, function):
    """Differences of fourth order of a function of atoms by their positions, [n_atoms, 3, ...]."""
    rows = []
    for a, x in np.ndindex(len(atoms), 3):
        slope = 0.0
        for steps, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = atoms.copy()
            moved.positions[a, x] += steps * STEP
            moved.calc = atoms.calc
            slope = slope + weight * np.asarray(function(moved)) / (12 * STEP)
        rows.append(slope)
    return np.reshape(rows, (len(atoms), 3, *np.shape(rows[0])))


def test_energy_forces_dipole_and_polarizability_are_those_of_the_models(atoms, models):
    energy, forces = models["potential"].predict(atoms)
    assert atoms.get_potential_energy() == atoms.calc.results["free_energy"] == energy[0]
    np.testing.assert_array_equal(atoms.get_forces(), forces[0])
    np.testing.assert_array_equal(atoms.get_dipole_moment(), models["dipole"].predict(atoms)[0])
    alpha = atoms.calc.get_property("polarizability", atoms)
    np.testing.assert_array_equal(alpha, models["polarizability"].predict(atoms)[0])


def test_forces_are_the_slope_of_the_energy(atoms):
    slope = displaced(atoms, lambda moved: moved.get_potential_energy())
    np.testing.assert_allclose(atoms.get_forces(), -slope, rtol=0, atol=1e-3)


def test_born_effective_charges_are_displacement_first_and_dipole_second(atoms):
    born = atoms.calc.get_property("born_effective_charges", atoms)
    slope = displaced(atoms, lambda moved: moved.get_dipole_moment())
    np.testing.assert_allclose(born, slope, rtol=0, atol=1e-6)
    assert np.abs(born - np.swapaxes(born, 1, 2)).max() > 1e-3
    np.testing.assert_allclose(born.sum(axis=0), 0.0, atol=1e-9)


def test_results_are_in_the_order_of_the_atoms(atoms):
    names = ("forces", "born_effective_charges", "dipole", "polarizability")
    expected = {name: atoms.calc.get_property(name, atoms) for name in names}
    other = atoms[[2, 0, 1]]
    other.calc = rpr.Calculator(**atoms.calc.models)
    for name, value in expected.items():
        wanted = value[[2, 0, 1]] if len(value) == 3 and name not in names[2:] else value
        found = other.calc.get_property(name, other)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-7 * np.abs(wanted).max())


def test_one_calculator_serves_atoms_of_several_orders(atoms):
    calculator = rpr.Calculator(potential=atoms.calc.models["potential"])
    for order in ([0, 1, 2], [1, 0, 2], [1, 2, 0], [0, 1, 2]):
        other = atoms[order]
        other.calc = calculator
        np.testing.assert_allclose(other.get_forces(), atoms.get_forces()[order], atol=1e-8)


def test_models_are_taken_from_their_files(models, atoms, tmp_path):
    for name, model in models.items():
        model.save(tmp_path / f"{name}.npz")
    files = {name: tmp_path / f"{name}.npz" for name in models}
    other = atoms.copy()
    other.calc = rpr.Calculator(**files)
    np.testing.assert_array_equal(other.get_forces(), atoms.get_forces())
    np.testing.assert_array_equal(other.get_dipole_moment(), atoms.get_dipole_moment())


@pytest.mark.parametrize(
    ("given", "name", "message"),
    [
        (("potential",), "dipole", r"dipole: no model was given for it; .* dipole="),
        (("dipole",), "energy", r"energy: no model was given for it; .* potential="),
        (("dipole",), "polarizability", "with polarizability="),
        (("potential",), "stress", "an isolated molecule has no stress"),
        (("potential",), "magmoms", "no such property"),
    ],
)
def test_what_no_model_gives_is_refused(given, name, message, models):
    found = water.atoms()
    found.calc = rpr.Calculator(**{key: models[key] for key in given})
    with pytest.raises(PropertyNotImplementedError, match=message):
        found.calc.get_property(name, found)


def test_derivatives_of_a_model_without_them_are_refused():
    molecule = dichloroethane()
    positions = random_frames(molecule, 20, seed=0)
    dipole, _ = analytic_labels(positions, molecule)
    model = rpr.RotatePredictRotate(
        molecule=molecule, kernel="matern2", hyperparameters=(1.0, 1e-6)
    )
    found = molecule.to_atoms()
    found.calc = rpr.Calculator(dipole=model.fit(positions, dipole))
    found.get_dipole_moment()
    with pytest.raises(PropertyNotImplementedError, match="RotatePredictRotate given has no exact"):
        found.calc.get_property("born_effective_charges", found)


def test_models_that_cannot_be_used_are_refused(models):
    with pytest.raises(InputError, match="found no model, expected at least one"):
        rpr.Calculator()
    with pytest.raises(InputError, match="dipole: found a model of the polarizability"):
        rpr.Calculator(dipole=models["polarizability"])
    with pytest.raises(InputError, match="not fitted"):
        rpr.Calculator(potential=rpr.KREG(molecule=water.water()))
    with pytest.raises(InputError, match="no such model file"):
        rpr.Calculator(dipole="nowhere.npz")
    molecule = dichloroethane()
    positions = random_frames(molecule, 20, seed=0)
    dipole, _ = analytic_labels(positions, molecule)
    other = rpr.RotatePredictRotate(
        molecule=molecule, kernel="matern2", hyperparameters=(1.0, 1e-6)
    )
    with pytest.raises(InputError, match=r"dipole: found a model of C C .*potential=, H H O"):
        rpr.Calculator(potential=models["potential"], dipole=other.fit(positions, dipole))


def test_a_molecule_cut_by_a_periodic_boundary_is_refused(atoms):
    atoms.set_cell([8, 8, 8])
    atoms.pbc = True
    whole = atoms.get_potential_energy()
    atoms.positions -= atoms.positions[0]
    assert atoms.get_potential_energy() == pytest.approx(whole, abs=1e-8)
    atoms.wrap(eps=0)
    with pytest.raises(InputError, match="not whole"):
        atoms.get_potential_energy()


def test_a_molecule_that_has_broken_is_refused(atoms):
    atoms.get_potential_energy()
    atoms.positions[1] += 2.0 * (atoms.positions[1] - atoms.positions[0])
    with pytest.raises(InputError, match=r"not whole \(bond \d-\d is .* in the reference"):
        atoms.get_potential_energy()


@pytest.mark.parametrize("suffix", ["traj", "extxyz"])
def test_results_survive_the_writers_of_ase(atoms, suffix, tmp_path):
    names = ("energy", "free_energy", "forces", "dipole", "born_effective_charges")
    expected = {name: atoms.calc.get_property(name, atoms) for name in names}
    alpha = atoms.calc.get_property("polarizability", atoms)
    write(tmp_path / f"frame.{suffix}", atoms)
    found = read(tmp_path / f"frame.{suffix}")
    for name in names[:4]:
        np.testing.assert_allclose(found.calc.results[name], expected[name], atol=1e-7)
    np.testing.assert_allclose(
        np.ravel(found.info["RPR_polarizability"]), alpha.ravel(), rtol=0, atol=1e-7
    )
    if suffix == "traj":
        born = found.calc.get_property("born_effective_charges", found)
    else:
        born = found.arrays["RPR_dipole_derivatives"].reshape(-1, 3, 3)
        frames = rpr.read_frames(
            tmp_path / "frame.extxyz",
            polarizability="RPR_polarizability",
            dipole_derivatives="RPR_dipole_derivatives",
        )
        np.testing.assert_allclose(frames.polarizability[0], alpha, atol=1e-7)
        np.testing.assert_allclose(frames.dipole_derivatives[0], born, atol=1e-7)
    np.testing.assert_allclose(born, expected["born_effective_charges"], atol=1e-7)


def test_what_is_kept_in_the_atoms_is_never_out_of_date(atoms):
    atoms.info["polarizability"] = reference = np.arange(9.0)
    atoms.calc.get_property("born_effective_charges", atoms)
    before = atoms.info["RPR_polarizability"]
    atoms.positions[0, 0] += 0.02
    atoms.get_forces()
    assert "RPR_dipole_derivatives" not in atoms.arrays
    assert np.abs(atoms.info["RPR_polarizability"] - before).max() > 1e-4
    assert atoms.info["polarizability"] is reference
    born = atoms.calc.get_property("born_effective_charges", atoms)
    slope = displaced(atoms, lambda moved: moved.get_dipole_moment())
    np.testing.assert_allclose(born, slope, rtol=0, atol=1e-6)


def test_get_properties_does_not_stumble_over_the_polarizability(atoms):
    found = atoms.get_properties(["energy", "forces", "dipole"])
    assert found["energy"] == atoms.get_potential_energy()
    np.testing.assert_array_equal(found["dipole"], atoms.get_dipole_moment())
    found = atoms.get_properties(["born_effective_charges"])
    assert found["born_effective_charges"].shape == (3, 3, 3)


def test_optimisation_ends_at_the_minimum_of_the_label_engine(minimum):
    engine = minimum.copy()
    engine.calc = LabelCalculator(water.METHOD)
    assert np.abs(engine.get_forces()).max() < 0.02  # eV/Angstrom
    energy, forces = minimum.get_potential_energy(), minimum.get_forces()
    assert energy < water.frames().energy.min() + 0.05
    assert np.abs(forces).max() < 1e-4


def test_energy_is_conserved_to_second_order_in_the_time_step(minimum, tmp_path):
    spreads = []
    for step in (1.0, 0.5):
        moving = minimum.copy()
        moving.calc = minimum.calc
        momenta = np.random.default_rng(0).normal(size=(3, 3)) * 0.3
        moving.set_momenta(momenta - momenta.mean(axis=0))
        energies = []
        with (
            Trajectory(tmp_path / f"{step}.traj", "w", moving) as trajectory,
            VelocityVerlet(moving, step * units.fs) as dynamics,
        ):
            dynamics.attach(trajectory, interval=10)
            dynamics.attach(lambda e=energies, m=moving: e.append(m.get_total_energy()))
            dynamics.run(int(100 / step))
        spreads.append(np.std(energies))
    assert moving.get_kinetic_energy() > 0.01
    assert 3.5 < spreads[0] / spreads[1] < 4.5
    frames = read(tmp_path / "0.5.traj", index=":")
    assert len(frames) == 21
    dipoles = [frame.get_dipole_moment() for frame in frames]
    np.testing.assert_allclose(dipoles, minimum.calc.models["dipole"].predict(frames), atol=1e-9)


def modes_of(atoms):
    hessian = -displaced(atoms, lambda moved: moved.get_forces()).reshape(9, 9)
    return normal_modes(atoms.positions, atoms.get_masses(), 0.5 * (hessian + hessian.T))


def test_infrared_of_ase_gives_the_harmonic_intensities(minimum, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    infrared = Infrared(minimum, delta=0.002)
    infrared.run()
    found = infrared.get_frequencies().real[6:]
    factor, _ = infrared.intensity_prefactor("km/mol")
    modes = modes_of(minimum)
    born = minimum.calc.get_property("born_effective_charges", minimum)
    expected = infrared_intensities(modes, born)
    np.testing.assert_allclose(found, modes.wavenumbers, rtol=1e-3)
    np.testing.assert_allclose(
        factor * infrared.intensities[6:], expected, rtol=0, atol=2e-3 * expected.max()
    )


def test_raman_of_ase_gives_the_harmonic_activities(minimum, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    StaticRamanCalculator(minimum, minimum.calc.raman, delta=0.002, txt=None).run()
    found = PlaczekStatic(minimum, delta=0.002, txt=None).get_absolute_intensities()[6:]
    slopes = displaced(minimum, lambda moved: moved.calc.get_property("polarizability", moved))
    modes = modes_of(minimum)
    displacements = modes.vectors / np.sqrt(modes.masses)[:, None]
    tensors = np.einsum("max,axkl->mkl", displacements, slopes)
    isotropic = np.trace(tensors, axis1=1, axis2=2) / 3
    deviator = tensors - isotropic[:, None, None] * np.eye(3)
    anisotropy = 1.5 * (deviator**2).sum(axis=(1, 2))
    expected = 45 * isotropic**2 + 7 * anisotropy  # Angstrom^4/amu
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3 * expected.max())
    _, jacobian = minimum.calc.models["polarizability"].predict(minimum, derivatives=True)
    np.testing.assert_allclose(jacobian[0], np.moveaxis(slopes, (0, 1), (2, 3)), atol=5e-6)


def test_the_socket_client_of_ase_passes_on_energy_and_forces(atoms, tmp_path):
    name = f"rpr_{tmp_path.name}_{id(atoms)}"
    driven, computed = atoms.copy(), atoms.copy()
    computed.calc = rpr.Calculator(**atoms.calc.models)
    with SocketIOCalculator(unixsocket=name, timeout=30) as server:
        driven.calc = server
        client = threading.Thread(
            target=lambda: SocketClient(unixsocket=name, timeout=30).run(computed), daemon=True
        )
        client.start()
        for _ in range(2):
            np.testing.assert_allclose(driven.get_forces(), atoms.get_forces(), atol=1e-8)
            assert driven.get_potential_energy() == pytest.approx(atoms.get_potential_energy())
            driven.positions += 0.01 * np.arange(9).reshape(3, 3) / 9
            atoms.positions[:] = driven.positions
    client.join(timeout=30)
    assert not client.is_alive()
