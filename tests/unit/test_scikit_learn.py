"""The estimators are estimators of scikit-learn, which neither needs the other."""

import numpy as np
import pytest
from sklearn.base import clone, is_regressor
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score

import rpr
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames

MOLECULE = dichloroethane()
POSITIONS = random_frames(MOLECULE, 48, seed=2)
DIPOLE, POLARIZABILITY = analytic_labels(POSITIONS, MOLECULE)
BONDS = POSITIONS[:, [i for i, _ in MOLECULE.bonds]] - POSITIONS[:, [j for _, j in MOLECULE.bonds]]
FORCES = np.zeros_like(POSITIONS)
for _k, (_i, _j) in enumerate(MOLECULE.bonds):
    FORCES[:, _i] -= BONDS[:, _k]
    FORCES[:, _j] += BONDS[:, _k]
FRAMES = rpr.FrameSet(
    MOLECULE.symbols,
    POSITIONS,
    dipole=DIPOLE,
    polarizability=POLARIZABILITY,
    energy=0.5 * (BONDS**2).sum(axis=(1, 2)),
    forces=FORCES,
    trajectory=np.arange(48) // 6,
)
PAIR = {"sigma": 5.0, "lambda": 1e-6, "kernel": "matern2"}
MODELS = {
    "covariant": rpr.CovariantRegression(molecule=MOLECULE, n_search=15, max_iterations=2),
    "published": rpr.RotatePredictRotate(molecule=MOLECULE, hyperparameters=PAIR),
    "folded": rpr.FoldedRPR(molecule=MOLECULE, hyperparameters=PAIR),
    "symmetrized": rpr.SymmetrizedRPR(molecule=MOLECULE, hyperparameters=PAIR),
    "augmented": rpr.AugmentedRegression(molecule=MOLECULE, hyperparameters=PAIR),
    "kreg": rpr.KREG(molecule=MOLECULE, sigma=2.0, lambda_energy=1e-8, lambda_forces=1e-8),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_clone_has_the_same_parameters_and_is_not_fitted(name):
    model = clone(MODELS[name].fit(FRAMES))
    assert type(model) is type(MODELS[name])
    assert model.get_params().keys() == MODELS[name].get_params().keys()
    assert "not fitted" in repr(model)
    assert is_regressor(model)


@pytest.mark.parametrize("name", MODELS)
def test_cross_validation_of_frames(name):
    scores = cross_val_score(MODELS[name], FRAMES, cv=2)
    assert scores.shape == (2,)
    folds = [(list(a), list(b)) for a, b in KFold(2).split(POSITIONS)]
    expected = [MODELS[name].fit(FRAMES[a]).score(FRAMES[b]) for a, b in folds]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_frames_and_arrays_give_the_same_scores():
    expected = cross_val_score(MODELS["covariant"], FRAMES, cv=3)
    for frames, values in ((FRAMES, DIPOLE), (POSITIONS, DIPOLE), (list(FRAMES), DIPOLE)):
        found = cross_val_score(MODELS["covariant"], frames, values, cv=3)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (expected > 0.99).all()


def test_whole_trajectories_are_left_out_by_groups():
    folds = GroupKFold(4)
    scores = cross_val_score(MODELS["covariant"], FRAMES, groups=FRAMES.trajectory, cv=folds)
    assert scores.shape == (4,)
    assert (scores > 0.98).all()


def test_a_grid_search_keeps_the_best():
    grid = {"descriptor": ["RE", "RExyzCl"], "kernel": ["gaussian", "matern2"]}
    published = rpr.RotatePredictRotate(molecule=MOLECULE, hyperparameters=(5.0, 1e-6))
    search = GridSearchCV(published, grid, cv=2).fit(FRAMES, DIPOLE)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert set(search.best_params_) == set(grid)
    best = rpr.RotatePredictRotate(
        molecule=MOLECULE, hyperparameters=(5.0, 1e-6), **search.best_params_
    ).fit(FRAMES)
    np.testing.assert_allclose(search.predict(FRAMES[:3]), best.predict(FRAMES[:3]), rtol=1e-6)
