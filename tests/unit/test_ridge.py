"""Ridge regression: equal to scikit-learn, the path equal to brute force, never silent garbage."""

import warnings

import numpy as np
import pytest
from plain_kernel import kernel
from sklearn.kernel_ridge import KernelRidge
from threadpoolctl import threadpool_limits

from rpr.errors import ConditioningWarning, InputError
from rpr.regression import kernel_regression, ridge, search
from rpr.regression.hold_out import hold_out
from rpr.regression.kernel_regression import KernelRegression
from rpr.regression.kernels import KERNELS, distance, kernel_from_distance, members

LAMBDAS = np.logspace(-9, -1, 6)
PAIRS = np.triu_indices(50, k=1)


def data(n, seed=0, n_components=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, np.sin(X @ rng.normal(size=(4, n_components))) + 0.01 * rng.normal(
        size=(n, n_components)
    )


@pytest.mark.parametrize("n", [1, 2, 3, 10, 130])
def test_tridiagonal_form_is_an_orthogonal_similarity(n):
    A = np.random.default_rng(n).normal(size=(n, n))
    K = A @ A.T
    form = ridge.TridiagonalForm(K)
    Q = form.rotate_back(np.eye(n))
    T = np.diag(form.diagonal) + np.diag(form.off_diagonal, 1) + np.diag(form.off_diagonal, -1)
    np.testing.assert_allclose(Q @ Q.T, np.eye(n), atol=1e-12)
    np.testing.assert_allclose(Q @ T @ Q.T, K, atol=1e-12 * np.abs(K).max())
    np.testing.assert_allclose(form.rotate(A), Q.T @ A, atol=1e-11)
    expected = np.linalg.solve(T + 0.1 * np.eye(n), A)
    np.testing.assert_allclose(form.solve(0.1, A), expected, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 80])
def test_path_equals_brute_force(n):
    X, y = data(n + 20)
    K = kernel("matern2", X, None, 1.0)
    K_train, K_validation = K[:n, :n], K[n:, :n]
    expected = [
        np.sqrt(
            np.mean(
                (K_validation @ np.linalg.solve(K_train + lam * np.eye(n), y[:n]) - y[n:]) ** 2,
                axis=0,
            )
        )
        for lam in LAMBDAS
    ]
    found = ridge.ridge_path(K_train, K_validation, y[:n], y[n:], LAMBDAS)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_path_leaves_the_kernels_as_they_were():
    X, y = data(30)
    K = np.asfortranarray(kernel("gaussian", X, None, 1.0))
    before = K.copy()
    ridge.ridge_path(K, K, y, y, LAMBDAS)
    np.testing.assert_array_equal(K, before)


@pytest.mark.parametrize("threads", [1, 2])
def test_search_finds_the_best_point_of_the_whole_grid(threads):
    X, y = data(90)
    d = distance("gaussian", X)
    sigmas = {"matern1": [1.0, 9.0], "gaussian": [0.3, 1.0, 3.0, 9.0]}

    def blocks(name, sigma):
        K = kernel_from_distance(name, d, sigma)
        return K[:70, :70], K[70:, :70]

    def rmse(name, sigma, lam, c):
        K_fitted, K_validated = blocks(name, sigma)
        error = K_validated @ ridge.solve_ridge(K_fitted, y[:70, c], lam) - y[70:, c]
        return np.sqrt(np.mean(error**2))

    with threadpool_limits(threads, user_api="blas"):
        found = search.search(
            lambda name, sigma: [(slice(None), *blocks(name, sigma))],
            y[:70],
            y[70:],
            sigmas,
            LAMBDAS,
        )
    grid = [(name, s, lam) for name in sigmas for s in sigmas[name] for lam in LAMBDAS]
    for c, choice in enumerate(found):
        best = min((rmse(*point, c), *point) for point in grid)
        assert (choice.kernel, choice.sigma, choice.lam) == best[1:]
        assert choice.rmse == pytest.approx(best[0], rel=1e-8)


def test_a_family_gives_each_component_the_kernel_that_validates_best():
    """The second target has a kink, which suits rougher kernels than the smooth first one."""
    X, _ = data(90)
    y = np.stack([np.sin(X[:, 0]), np.abs(X[:, 0] - 0.3)], axis=1)
    together = KernelRegression(kernel="matern-gaussian").fit(X, y)
    alone = {name: KernelRegression(kernel=name).fit(X, y) for name in members("matern-gaussian")}
    for c, choice in enumerate(together.choices_):
        best = min((model.choices_[c] for model in alone.values()), key=lambda other: other.rmse)
        assert choice == best
        np.testing.assert_allclose(
            together.predict(X + 0.1)[:, c], alone[choice.kernel].predict(X + 0.1)[:, c], atol=1e-9
        )
    assert len({choice.kernel for choice in together.choices_}) == 2
    given = [(c.sigma, c.lam, c.kernel) for c in together.choices_]
    again = KernelRegression(kernel="matern-gaussian", hyperparameters=given).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), together.predict(X))
    with pytest.raises(InputError, match="found kernel 'matern', expected one of matern1"):
        KernelRegression(kernel="matern", hyperparameters=[(1.0, 1e-3)] * 2).fit(X, y)


def test_the_short_search_of_a_family_finds_nearly_what_the_whole_one_finds(monkeypatch):
    """With many frames, kernels are chosen with some of them, and searched again near there."""
    X, y = data(300)
    whole = KernelRegression(kernel="matern-gaussian").fit(X, y)
    searched = []
    original = search.search

    def watched(blocks, y_fitted, y_validated, sigmas, lambdas):
        searched.append((len(y_fitted), sum(map(len, sigmas.values()))))
        return original(blocks, y_fitted, y_validated, sigmas, lambdas)

    monkeypatch.setattr(search, "search", watched)
    monkeypatch.setattr(kernel_regression, "_N_FAMILY", 120)
    short = KernelRegression(kernel="matern-gaussian").fit(X, y)
    (few, all_sigmas), (many, near_sigmas) = searched
    assert (few, many, all_sigmas) == (120, 240, 60)
    assert near_sigmas <= 15  # of three components, five each
    for found, best in zip(short.choices_, whole.choices_, strict=True):
        assert best.rmse <= found.rmse < 1.02 * best.rmse


@pytest.mark.parametrize("lam", [1e-6, 1e-2])
@pytest.mark.parametrize("name", KERNELS)
def test_regression_equals_scikit_learn(name, lam):
    X, y = data(60)
    X_test = data(20, seed=1)[0]
    mean = y.mean(axis=0)
    reference = KernelRidge(kernel="precomputed", alpha=lam)
    reference.fit(kernel(name, X, None, 1.5), y - mean)
    expected = reference.predict(kernel(name, X_test, X, 1.5)) + mean
    ours = KernelRegression(kernel=name, hyperparameters=[(1.5, lam)] * 3).fit(X, y)
    np.testing.assert_allclose(ours.predict(X_test), expected, atol=1e-10)


def test_components_share_nothing_but_time():
    """Each component of a joint fit is what it would be alone."""
    X, y = data(60)
    X_test = data(300, seed=1)[0]
    grid = {"kernel": "matern1", "lambdas": [1e-4, 1e-2]}
    together = KernelRegression(**grid).fit(X, y)
    for c in range(3):
        alone = KernelRegression(**grid).fit(X, y[:, [c]])
        assert together.choices_[c] == pytest.approx(alone.choices_[0])
        np.testing.assert_allclose(
            together.predict(X_test)[:, [c]], alone.predict(X_test), atol=1e-9
        )


def test_prediction_does_not_depend_on_chunks_or_threads(monkeypatch):
    X, y = data(50)
    X_test = data(333, seed=1)[0]
    model = KernelRegression(kernel="matern3", hyperparameters=[(1, 1e-4), (2, 1e-3), (1, 0.1)])
    model.fit(X, y)
    whole = model.predict(X_test)
    monkeypatch.setattr("rpr.regression.kernel_regression._CHUNK_ELEMENTS", 50 * 7)
    with threadpool_limits(2, user_api="blas"):
        np.testing.assert_allclose(model.predict(X_test), whole, atol=1e-12)
    assert model.predict(X_test[:0]).shape == (0, 3)


def test_small_lambda_interpolates_and_large_lambda_gives_the_mean():
    X, y = data(40)
    exact = KernelRegression(kernel="gaussian", hyperparameters=[(1.0, 1e-12)] * 3).fit(X, y)
    np.testing.assert_allclose(exact.predict(X), y, atol=1e-7)
    flat = KernelRegression(kernel="gaussian", hyperparameters=[(1.0, 1e12)] * 3).fit(X, y)
    np.testing.assert_allclose(flat.predict(X), np.tile(y.mean(axis=0), (40, 1)), atol=1e-9)


def test_one_frame_is_predicted_as_itself():
    model = KernelRegression().fit(np.ones((1, 4)), np.array([[2.0, -1.0]]))
    np.testing.assert_allclose(model.predict(np.ones((1, 4))), [[2.0, -1.0]])
    np.testing.assert_allclose(model.predict(np.full((1, 4), 9.0)), [[2.0, -1.0]])


def test_constant_targets_are_predicted_exactly():
    X, y = data(30)
    y[:, 1] = 7.5
    model = KernelRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(data(9, seed=2)[0])[:, 1], 7.5, rtol=1e-12)


def test_duplicate_frames_do_no_harm():
    X, y = data(30)
    model = KernelRegression().fit(np.vstack([X, X]), np.vstack([y, y]))
    assert np.abs(model.predict(X) - y).max() < 0.1


def test_all_frames_equal():
    y = np.random.default_rng(0).normal(size=(12, 2))
    model = KernelRegression().fit(np.ones((12, 4)), y)
    np.testing.assert_allclose(model.predict(np.ones((1, 4)))[0], y.mean(axis=0), atol=1e-6)


def test_at_the_floor_of_lambda_there_is_no_warning():
    X, y = data(300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        K = kernel("gaussian", X, None, 30.0)
        a = ridge.solve_ridge(K, y, ridge.LAMBDA_FLOOR)
    assert np.isfinite(a).all()


def test_ill_conditioned_system_warns_with_the_condition_number():
    X, y = data(300)
    with pytest.warns(ConditioningWarning, match=r"condition number \d\.\de\+1[4-9]"):
        ridge.solve_ridge(kernel("gaussian", X, None, 3.0), y, 5e-15)


def test_singular_system_warns_and_gives_the_solution_of_least_norm():
    X, y = data(10)
    twice = np.vstack([X, X])
    with pytest.warns(ConditioningWarning, match="duplicate"):
        a = ridge.solve_ridge(kernel("laplacian", twice, None, 1.0), np.vstack([y, y]), 0.0)
    expected = ridge.solve_ridge(kernel("laplacian", X, None, 1.0), y, 0.0) / 2
    np.testing.assert_allclose(a, np.vstack([expected, expected]), atol=1e-10)


def test_reported_condition_number_is_that_of_the_matrix():
    K = np.diag([1.0, 1e-15])
    with pytest.warns(ConditioningWarning, match=r"1\.0e\+15"):
        ridge.solve_ridge(K, np.ones(2), 0.0)


def test_each_component_has_its_own_lambda():
    X, y = data(30)
    K = kernel("matern4", X, None, 1.0)
    lams = [1e-3, 1e-1, 1e-3]
    expected = [ridge.solve_ridge(K, y[:, c], lam) for c, lam in enumerate(lams)]
    np.testing.assert_allclose(ridge.solve_ridge(K, y, lams), np.transpose(expected), rtol=1e-12)


def test_groups_stay_together_in_a_validation_split():
    groups = np.array([7, 7, 3, 3, 3, 9, 1, 1, 5, 9])
    fitted, validated = search.validation_split(10, 0.4, 2, groups)
    assert sorted([*fitted, *validated]) == list(range(10))
    assert not set(groups[fitted]) & set(groups[validated])
    assert len(set(groups[validated])) == 2  # 0.4 of five groups


@pytest.mark.parametrize(
    ("n", "fraction", "expected"), [(1000, 0.2, 200), (2, 0.2, 1), (3, 0.9, 2)]
)
def test_validation_split_is_a_partition(n, fraction, expected):
    fitted, validated = search.validation_split(n, fraction, seed=4)
    assert len(validated) == expected
    assert sorted([*fitted, *validated]) == list(range(n))
    again = search.validation_split(n, fraction, seed=4)
    np.testing.assert_array_equal(validated, again[1])
    if n > 3:
        assert list(validated) != list(search.validation_split(n, fraction, seed=5)[1])


def test_a_single_frame_or_group_belongs_to_both_parts():
    for part in (*search.validation_split(1, 0.2, 0), *hold_out(1, 0.2, np.random.default_rng(0))):
        assert part.tolist() == [0]
    for part in search.validation_split(3, 0.2, 0, np.zeros(3)):
        assert part.tolist() == [0, 1, 2]


def test_frames_are_held_out_in_random_order():
    """Of frames and of groups; what the generator draws is part of all published splits."""
    kept, held = hold_out(6, 0.3, np.random.default_rng(7))
    order = np.random.default_rng(7).permutation(6)
    assert [*held, *kept] == order.tolist()
    groups = np.array(list("aabbcc"))
    kept, held = hold_out(6, 0.3, np.random.default_rng(7), groups)
    rng = np.random.default_rng(7)
    first = np.array(list("abc"))[rng.permutation(3)][0]
    order = rng.permutation(6)
    assert held.tolist() == [k for k in order if groups[k] == first]
    assert kept.tolist() == [k for k in order if groups[k] != first]
    with pytest.raises(InputError, match=r"groups: found shape \(5,\), expected \(6,\)"):
        hold_out(6, 0.3, np.random.default_rng(7), groups[:5])


def test_sigmas_follow_the_unit_of_the_distances():
    X, _ = data(50)
    for name in KERNELS:
        np.testing.assert_allclose(search.sigma_grid(name, 7 * X), 7 * search.sigma_grid(name, X))
    np.testing.assert_allclose(
        search.sigma_grid("gaussian", X, [2.0]), 2 * np.median(distance("gaussian", X)[*PAIRS])
    )


def test_errors():
    X, y = data(5)
    K = kernel("gaussian", X, None, 1.0)
    with pytest.raises(
        InputError, match=r"lambdas: found \[0\.0\], expected at least one positive"
    ):
        KernelRegression(lambdas=[0.0]).fit(X, y)
    with pytest.raises(InputError, match=r"sigmas: found \[\]"):
        KernelRegression(sigmas=[]).fit(X, y)
    with pytest.raises(InputError, match="lam: found -1"):
        ridge.solve_ridge(K, y, -1.0)
    with pytest.raises(InputError, match=r"expected \(4, 4\)"):
        ridge.solve_ridge(K, y[:4], 1.0)
    with pytest.raises(InputError, match="validation_fraction: found 1"):
        search.validation_split(10, 1.0, 0)
    with pytest.raises(InputError, match=r"at most \d+ frames fit"):
        ridge.check_memory(10_000_000, copies=4)
    with pytest.raises(InputError, match="one for each of 3 components"):
        KernelRegression(hyperparameters=[(1.0, 1.0)]).fit(X, y)
    with pytest.raises(InputError, match=r"found shape \(4, 3\)"):
        KernelRegression().fit(X, y[:4])
