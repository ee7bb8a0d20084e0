"""Eigenpairs of symmetric matrices, also where the first algorithm of LAPACK fails."""

import numpy as np
import pytest
import scipy.linalg
from label_examples import WATER

from rpr.errors import ConvergenceError
from rpr.labels.dft.eigenpairs import eigenpairs
from rpr.labels.engine import make_engine
from rpr.labels.method import Method


def symmetric(n=40):
    matrix = np.random.default_rng(0).normal(size=(n, n))
    return matrix + matrix.T


def fails(*args, **kwargs):
    raise np.linalg.LinAlgError("Eigenvalues did not converge")


@pytest.mark.parametrize("first_fails", [False, True])
def test_eigenpairs_rebuild_the_matrix(monkeypatch, first_fails):
    if first_fails:
        monkeypatch.setattr(np.linalg, "eigh", fails)
    matrix = symmetric()
    values, vectors = eigenpairs(matrix)
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(matrix)), atol=1e-12)
    np.testing.assert_allclose((vectors * values) @ vectors.T, matrix, atol=1e-11)


def test_labels_do_not_depend_on_the_algorithm(monkeypatch):
    """Every diagonalisation of the label engine has a second algorithm."""
    method = Method(basis="sto-3g")
    expected = make_engine(method, WATER[0]).compute(WATER[1])
    monkeypatch.setattr(np.linalg, "eigh", fails)
    found = make_engine(method, WATER[0]).compute(WATER[1])
    assert found.solver == expected.solver
    assert found.energy == pytest.approx(expected.energy, abs=1e-9)
    np.testing.assert_allclose(found.dipole, expected.dipole, atol=1e-6)
    np.testing.assert_allclose(found.polarizability, expected.polarizability, atol=1e-4)


def test_a_matrix_that_is_not_finite_is_told():
    with pytest.raises(ConvergenceError, match="not finite"):
        eigenpairs(np.full((3, 3), np.nan))


def test_a_matrix_that_both_algorithms_refuse_is_told(monkeypatch):
    monkeypatch.setattr(np.linalg, "eigh", fails)
    monkeypatch.setattr(scipy.linalg, "eigh", fails)
    with pytest.raises(ConvergenceError, match=r"40 rows: .* did not converge"):
        eigenpairs(symmetric())
