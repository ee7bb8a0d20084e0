"""The estimator: covariant, equal to its parts done by hand, and strict about its input."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from plain_kernel import kernel
from scipy.spatial.transform import Rotation
from sklearn.base import clone
from sklearn.kernel_ridge import KernelRidge

import rpr
from rpr.axes.canonical import canonical_axes
from rpr.axes.components import to_components
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.models.augmented import AugmentedRegression
from rpr.models.copies import CopiesRPR
from rpr.models.folded import FoldedRPR
from rpr.models.model_file import load_model, save_model
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.models.symmetrized import SymmetrizedRPR
from rpr.molecule.molecule import Molecule
from rpr.regression.descriptors import COORDINATE_WEIGHTS, DESCRIPTORS, describe
from rpr.regression.kernels import KERNELS
from rpr.units import AU_DIPOLE, BOHR, BOHR3

MOLECULE = dichloroethane()
POSITIONS = random_frames(MOLECULE, 420, seed=1)
DIPOLES, POLARIZABILITIES = analytic_labels(POSITIONS, MOLECULE)
VALUES = {"dipole": DIPOLES, "polarizability": POLARIZABILITIES}
TRAIN, TEST = slice(0, 300), slice(300, 420)


def fitted(property="dipole", **settings):
    model = RotatePredictRotate(molecule=MOLECULE, property=property, **settings)
    return model.fit(POSITIONS[TRAIN], VALUES[property][TRAIN])


@pytest.fixture(scope="module")
def models():
    return {property: fitted(property) for property in VALUES}


@pytest.mark.parametrize(
    ("property", "unit", "tolerance"),
    [("dipole", AU_DIPOLE, 1e-8), ("polarizability", BOHR3, 1e-6)],
)
@pytest.mark.parametrize("axes", ["inertia", "three-atom", "kabsch"])
def test_prediction_turns_with_the_molecule(property, unit, tolerance, axes):
    model = fitted(property, axes=axes)
    rng = np.random.default_rng(5)
    R = Rotation.random(120, rng=rng).as_matrix()
    moved = np.einsum("fij,faj->fai", R, POSITIONS[TEST]) + rng.normal(scale=3, size=(120, 1, 3))
    expected = to_axes(model.predict(POSITIONS[TEST]), R)
    assert np.abs(model.predict(moved) - expected).max() / unit < tolerance


def test_laboratory_frame_does_not_turn_with_the_molecule():
    """The invariance above is the frame's doing: without one it fails."""
    model = fitted(axes="laboratory", descriptor="xyz")
    R = Rotation.random(120, rng=0).as_matrix()
    moved = np.einsum("fij,faj->fai", R, POSITIONS[TEST])
    expected = to_axes(model.predict(POSITIONS[TEST]), R)
    assert np.abs(model.predict(moved) - expected).max() > 0.01


@pytest.mark.parametrize("property", VALUES)
def test_learns_the_property(models, property):
    assert models[property].score(POSITIONS[TEST], VALUES[property][TEST]) > 0.99


@pytest.mark.parametrize("property", VALUES)
def test_rotated_components_are_the_prediction(models, property):
    model = models[property]
    frames = canonical_axes("inertia", POSITIONS[TEST], MOLECULE)
    in_frame = to_axes(model.predict(POSITIONS[TEST]), frames.rotations)
    components = model.predict_components(POSITIONS[TEST])
    assert components.shape == (120, len(model.components))
    np.testing.assert_allclose(components, to_components(in_frame), atol=1e-12)


@pytest.mark.parametrize("name", KERNELS)
def test_equals_the_same_steps_with_scikit_learn(name):
    lam, sigma, weight = 1e-5, 2.0, 0.4
    model = fitted(kernel=name, hyperparameters=(sigma, lam), coordinate_weight=weight)
    frames = canonical_axes("inertia", POSITIONS, MOLECULE)
    X = describe(
        "RExyzCl", to_axes_positions(POSITIONS, frames), MOLECULE, coordinate_weight=weight
    )
    Y = to_axes(DIPOLES, frames.rotations)
    mean = Y[TRAIN].mean(axis=0)
    reference = KernelRidge(kernel="precomputed", alpha=lam)
    reference.fit(kernel(name, X[TRAIN], None, sigma), Y[TRAIN] - mean)
    in_frame = reference.predict(kernel(name, X[TEST], X[TRAIN], sigma)) + mean
    expected = np.einsum("fji,fj->fi", frames.rotations[TEST], in_frame)
    np.testing.assert_allclose(model.predict(POSITIONS[TEST]), expected, atol=1e-10)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_every_descriptor_fits(name):
    # RE and its like cannot know the signs of the axes, so their bound is loose
    assert fitted(descriptor=name, sigmas=[1.0, 4.0]).score(POSITIONS[TEST], DIPOLES[TEST]) > 0.5


def test_hyperparameters_of_a_fit_give_the_same_model(models):
    again = fitted(hyperparameters=models["dipole"].hyperparameters_)
    np.testing.assert_array_equal(
        again.predict(POSITIONS[TEST]), models["dipole"].predict(POSITIONS[TEST])
    )


def test_seed_decides_the_validation_split_alone():
    a, b, c = (fitted(seed=s).hyperparameters_["mu_x"]["validation_rmse"] for s in (0, 0, 1))
    assert a == b != c


def test_n_of_the_matern_kernel_is_that_of_the_lowest_validation_error(models):
    """Each component has the n with which a model of that n alone validates best."""
    alone = {f"matern{n}": fitted(kernel=f"matern{n}") for n in (1, 2, 3, 4)}
    for component, found in models["dipole"].hyperparameters_.items():
        rmse = {n: m.hyperparameters_[component]["validation_rmse"] for n, m in alone.items()}
        assert found["kernel"] == min(rmse, key=rmse.get)
        assert found == alone[found["kernel"]].hyperparameters_[component]


def test_files_without_a_kernel_for_each_component_load(tmp_path):
    """Files of earlier versions name one kernel for all, and no way of validation."""
    model = fitted(kernel="matern2")
    model.save(tmp_path / "model.npz")
    stored = load_model(tmp_path / "model.npz")
    metadata = {k: v for k, v in stored.metadata.items() if k != "validation"}
    for found in metadata["hyperparameters"].values():
        assert found.pop("kernel") == "matern2"
    save_model(tmp_path / "old.npz", stored.kind, stored.arrays, metadata)
    again = rpr.load(tmp_path / "old.npz")
    np.testing.assert_array_equal(again.predict(POSITIONS[TEST]), model.predict(POSITIONS[TEST]))
    assert again.validation == "frames"


@pytest.mark.parametrize(
    "estimator", [RotatePredictRotate, FoldedRPR, SymmetrizedRPR, CopiesRPR, AugmentedRegression]
)
def test_whole_trajectories_are_validated(estimator):
    """The search of every model sees no frame of a validated trajectory among the fitted ones."""
    frames = FrameSet(
        MOLECULE.symbols, POSITIONS[:60], dipole=DIPOLES[:60], trajectory=np.arange(60) // 10
    )
    seen = []

    class Watched(estimator):
        def _choose(self, canonical, targets, groups):
            seen.append(groups)
            return super()._choose(canonical, targets, groups)

    settings = {"molecule": MOLECULE, "kernel": "gaussian", "sigmas": [2.0]}
    by_frame = Watched(**settings).fit(frames)
    by_trajectory = Watched(**settings, validation="trajectories").fit(frames)
    assert set(seen[-1]) == set(range(6))  # copies of a frame stay with its trajectory
    assert len(set(seen[0])) == 60
    first, second = (
        m.hyperparameters_["mu_x"]["validation_rmse"] for m in (by_frame, by_trajectory)
    )
    assert first != second
    given = {"hyperparameters": by_trajectory.hyperparameters_}
    Watched(**settings, validation="trajectories", **given).fit(POSITIONS[:60], DIPOLES[:60])


def test_validation_error_is_that_of_trajectories_left_out():
    """By hand: fit the other trajectories with the same hyper-parameters, predict these."""
    trajectory = np.arange(300) // 15
    frames = FrameSet(
        MOLECULE.symbols, POSITIONS[TRAIN], dipole=DIPOLES[TRAIN], trajectory=trajectory
    )
    settings = {"kernel": "matern2", "axes": "eckart", "molecule": MOLECULE}
    model = RotatePredictRotate(**settings, validation="trajectories", seed=3).fit(frames)
    order = np.random.default_rng(3).permutation(20)
    left_out = np.isin(trajectory, order[:4])
    other = RotatePredictRotate(**settings, hyperparameters=model.hyperparameters_)
    other.fit(frames.subset(~left_out))
    error = other.predict_components(frames.subset(left_out)) - to_components(
        to_axes(
            DIPOLES[TRAIN][left_out],
            canonical_axes("eckart", POSITIONS[TRAIN][left_out], MOLECULE).rotations,
        )
    )
    expected = np.sqrt(np.mean(error**2, axis=0))
    found = [h["validation_rmse"] for h in model.hyperparameters_.values()]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_weight_of_coordinates_is_chosen_by_validation():
    chosen = fitted(coordinate_weight=[1e-3, 0.5])
    assert chosen.coordinate_weight_ == 0.5
    given = fitted(coordinate_weight=0.5)
    np.testing.assert_array_equal(chosen.predict(POSITIONS[TEST]), given.predict(POSITIONS[TEST]))


def test_weight_of_coordinates_is_that_of_the_descriptor(models):
    assert models["dipole"].coordinate_weight_ == COORDINATE_WEIGHTS["RExyzCl"] == 1.0


@pytest.mark.parametrize("property", VALUES)
def test_saved_model_predicts_the_same(models, property, tmp_path):
    models[property].save(tmp_path / "model.npz")
    again = rpr.load(tmp_path / "model.npz")
    assert type(again) is RotatePredictRotate
    np.testing.assert_array_equal(
        again.predict(POSITIONS[TEST]), models[property].predict(POSITIONS[TEST])
    )
    assert again.training_checksum_ == models[property].training_checksum_
    assert again.hyperparameters_ == models[property].hyperparameters_
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "model.npz").read_bytes()


def test_saved_model_loads_in_a_fresh_interpreter_without_the_workflow(models, tmp_path):
    models["dipole"].save(tmp_path / "model.npz")
    np.save(tmp_path / "positions.npy", POSITIONS[TEST])
    code = (
        "import sys, numpy as np, rpr; "
        "p = rpr.load('model.npz').predict(np.load('positions.npy')); "
        "print({'snakemake', 'pyscf', 'sklearn'} & set(sys.modules), repr(float(p.sum())))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = float(models["dipole"].predict(POSITIONS[TEST]).sum())
    loaded, total = run.stdout.rsplit(maxsplit=1)
    assert loaded == "set()"
    assert float(total) == pytest.approx(expected, abs=1e-9)


def test_atoms_frameset_and_array_are_the_same_to_it(models):
    array = POSITIONS[TEST][:4]
    atoms = [Atoms(MOLECULE.symbols, positions=p) for p in array]
    expected = models["dipole"].predict(array)
    np.testing.assert_array_equal(models["dipole"].predict(atoms), expected)
    np.testing.assert_allclose(
        models["dipole"].predict(atoms[2]), expected[2:3], rtol=0, atol=rounding(models["dipole"])
    )
    frames = FrameSet(MOLECULE.symbols, array)
    np.testing.assert_array_equal(models["dipole"].predict(frames), expected)


def test_labels_of_a_frameset_are_taken():
    frames = FrameSet(MOLECULE.symbols, POSITIONS[TRAIN], dipole=DIPOLES[TRAIN])
    model = RotatePredictRotate(molecule=MOLECULE).fit(frames)
    np.testing.assert_array_equal(model.predict(POSITIONS[TEST]), fitted().predict(POSITIONS[TEST]))
    assert model.score(frames) > 0.99


def rounding(model):
    """What rounding can change of a prediction, whatever the processor's order of summation.

    Each kernel element, at most 1, has a relative error of about eps, which its coefficient
    multiplies; coefficients are large and of both signs where lambda is small.
    """
    coefficients = np.abs(model.regression_.coefficients_)
    return 4 * np.finfo(float).eps * coefficients.sum(axis=0).max()


@pytest.mark.parametrize("property", VALUES)
@pytest.mark.parametrize("size", [1, 100])
def test_prediction_in_blocks_is_the_prediction(models, monkeypatch, property, size):
    model = models[property]
    expected = model.predict(POSITIONS)
    monkeypatch.setattr("rpr.models.rotate_predict_rotate._BLOCK", size)
    assert rounding(model) < 1e-6 * np.abs(expected).max()
    np.testing.assert_allclose(model.predict(POSITIONS), expected, rtol=0, atol=rounding(model))


def test_one_frame_duplicates_and_constant_values():
    one = RotatePredictRotate(molecule=MOLECULE).fit(POSITIONS[:1], DIPOLES[:1])
    np.testing.assert_allclose(one.predict(POSITIONS[:1]), DIPOLES[:1], atol=1e-12)
    twice = RotatePredictRotate(molecule=MOLECULE)
    twice.fit(np.repeat(POSITIONS[:20], 2, axis=0), np.repeat(DIPOLES[:20], 2, axis=0))
    np.testing.assert_allclose(twice.predict(POSITIONS[:20]), DIPOLES[:20], atol=0.05)
    constant = RotatePredictRotate(molecule=MOLECULE, axes="laboratory")
    constant.fit(POSITIONS[:20], np.ones((20, 3)))
    np.testing.assert_allclose(constant.predict(POSITIONS[20:30]), 1.0, atol=1e-12)
    assert constant.score(POSITIONS[:5], np.ones((5, 3))) == 1.0


def test_parameters_by_name():
    model = RotatePredictRotate(molecule=MOLECULE, kernel="matern1")
    arguments = set(inspect.signature(RotatePredictRotate).parameters)
    assert set(model.get_params()) == arguments
    assert model.get_params()["kernel"] == "matern1"
    assert model.set_params(kernel="gaussian", seed=3).get_params()["seed"] == 3
    with pytest.raises(InputError, match=r"'colour'.*descriptor"):
        model.set_params(colour="red")
    assert clone(model, safe=False).kernel == "gaussian"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"property": "charge"}, "property: found 'charge', expected one of dipole"),
        ({"axes": "inertial"}, "inertial"),
        ({"descriptor": "SOAP"}, "descriptor: found 'SOAP', expected one of RE"),
        ({"kernel": "rbf"}, "kernel: found 'rbf', expected one of gaussian"),
        ({"hyperparameters": {"mu_x": (1, 1)}}, "one such entry for each of mu_x, mu_y, mu_z"),
        ({"hyperparameters": (-1.0, 1e-3), "kernel": "matern2"}, "sigma: found -1.0"),
        ({"hyperparameters": (1.0, 1e-3)}, "found kernel 'matern', expected one of matern1"),
        ({"validation": "folds"}, "validation: found 'folds', expected one of frames, traj"),
        ({"validation": "trajectories"}, "validation: found 0 trajectories, expected two"),
        ({"coordinate_weight": [1, 2], "hyperparameters": (1, 1)}, "give one weight"),
        ({"coordinate_weight": [0.5, 0]}, r"found \[0.5, 0\], expected a positive number"),
    ],
)
def test_unknown_names_and_wrong_settings(settings, message):
    model = RotatePredictRotate(molecule=MOLECULE, **settings)
    with pytest.raises(InputError, match=message):
        model.fit(POSITIONS[:20], DIPOLES[:20])


def test_frames_of_another_order_or_shape(models):
    order = [1, 0, 2, 3, 4, 5, 6, 7]
    other = Atoms([MOLECULE.symbols[i] for i in order], positions=POSITIONS[0][order])
    expected = models["dipole"].predict(POSITIONS[:1])
    np.testing.assert_allclose(models["dipole"].predict([other]), expected, rtol=1e-9)
    with pytest.raises(InputError, match="found atoms C Cl C Cl H H H, expected Cl C C Cl"):
        models["dipole"].predict([other[:7]])
    with pytest.raises(InputError, match=r"expected \[n_frames, 8, 3\]"):
        models["dipole"].predict(POSITIONS[0])
    with pytest.raises(InputError, match="found none"):
        models["dipole"].predict(POSITIONS[:0])
    broken = POSITIONS[:3].copy()
    broken[2, 1, 0] = np.nan
    with pytest.raises(InputError, match="frame 2"):
        models["dipole"].predict(broken)


def test_exchanged_atoms_in_an_array_are_noticed_by_their_bonds(models):
    exchanged = POSITIONS[TEST][:, [4, 1, 2, 3, 0, 5, 6, 7]]  # a hydrogen where a chlorine belongs
    with pytest.raises(InputError, match=r"bond \d-\d of frame \d+ is .*order of atoms"):
        models["dipole"].predict(exchanged)


@pytest.mark.parametrize(
    ("factor", "remedy"), [(1 / BOHR, "multiply by rpr.units.BOHR"), (0.1, "multiply by 10")]
)
def test_positions_in_other_units(models, factor, remedy):
    with pytest.raises(InputError, match=remedy):
        models["dipole"].predict(POSITIONS[TEST] * factor)
    reference = Molecule(MOLECULE.symbols, MOLECULE.reference * factor, bonds=MOLECULE.bonds)
    with pytest.raises(InputError, match=r"reference geometry.* Angstrom"):
        RotatePredictRotate(molecule=reference).fit(POSITIONS[:5] * factor, DIPOLES[:5])


def test_values_that_cannot_be(models):
    model = RotatePredictRotate(molecule=MOLECULE)
    with pytest.raises(InputError, match=r"found shape \(20, 3, 3\), expected \(20, 3\)"):
        model.fit(POSITIONS[:20], POLARIZABILITIES[:20])
    with pytest.raises(InputError, match="found none; give the dipole"):
        model.fit(POSITIONS[:20])
    wrong = DIPOLES[:20].copy()
    wrong[7] = np.inf
    with pytest.raises(InputError, match="dipole of frame 7 is not finite"):
        model.fit(POSITIONS[:20], wrong)


def test_unfitted_model(tmp_path):
    model = RotatePredictRotate(molecule=MOLECULE)
    for call in (model.predict, model.predict_components, model.score):
        with pytest.raises(InputError, match="not fitted"):
            call(POSITIONS[:2])
    with pytest.raises(InputError, match="not fitted"):
        model.save(tmp_path / "model.npz")


def test_public_names_are_there_and_typos_are_not():
    assert {"RotatePredictRotate", "load", "read_frames"} <= set(dir(rpr))
    with pytest.raises(AttributeError, match="RotatePredictRotation"):
        rpr.RotatePredictRotation  # noqa: B018
