"""Covariances of a Gaussian process that is conditioned on observations, and its calibration.

With C the covariance of all training observations (kernel matrix and noise), C = L L^T its Cholesky
factorization, k the covariance between new values and the observations, and k0 that of the new
values before training, the covariance after training is

    k0 - k C^-1 k^T = k0 - V^T V,    L V = k^T.

What becomes of a group of observations when all of it is left out of the training needs no other
fit: with a = C^-1 y, and B the block of C^-1 that belongs to the group,

    residual = B^-1 a,    covariance of the residual = B^-1.

Everything is in units in which the scale of the process is 1.  Observations may be of any kind,
values or derivatives; this module knows neither molecules nor kernels.

Source of the residuals: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006),
section 5.4.2, there for groups of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rpr.regression.packed_cholesky import InverseFactor, PackedMatrix
from rpr.regression.resources import available_bytes

_NULL = 1e-10  # of the largest eigenvalue: smaller ones count as zero
_ROUNDING = 1e-14  # of the prior: no smaller variance can be told from zero
_COLUMNS = 256  # of the inverse that are computed at once, if no group has more


def conditioned(prior: np.ndarray, cross: np.ndarray, factor: PackedMatrix) -> np.ndarray:
    """Covariance of the components of each frame after training.

    Parameters
    ----------
    prior : array, [n_frames, c, c]
        Covariance of the components of a frame before training.
    cross : array, [n_frames * c, n_observations]
        Covariance between components and observations.
    factor
        Cholesky factor of the covariance of the observations.

    Returns
    -------
    array, [n_frames, c, c]
        Symmetric and positive semidefinite; exactly zero in directions in which the prior is zero,
        such as out of the plane of a planar molecule, and in others not below about 1e-14 of the
        prior, as rounding leaves errors of this size.
    """
    n_frames, c = prior.shape[:2]
    V = factor.forward(cross.T).reshape(-1, n_frames, c)
    V = V.transpose(1, 2, 0)  # -> [n_frames, c, n_observations]
    return _at_least_rounding(prior, prior - V @ V.transpose(0, 2, 1))


def held_out_mahalanobis(
    factor: PackedMatrix,
    coefficients: np.ndarray,
    groups: np.ndarray,
    values: np.ndarray,
    prior: np.ndarray,
    noise: float,
) -> np.ndarray:
    """Squared Mahalanobis distances of frames left out of the training, for each degree of freedom.

    For every frame the observations of its whole group are left out.  The result is
    r^T S^-1 r / c, with r the residual of its components, S the covariance of the value of the
    process there, without noise, and c its rank.

    Parameters
    ----------
    factor
        Cholesky factor of the covariance C of the observations.
    coefficients : array, [n_observations]
        C^-1 y.
    groups : array, [n_observations]
        Group of every observation, such as its trajectory.
    values : array of int, [n_frames, c]
        Which observations are the components of the value of each frame.
    prior : array, [n_frames, c, c]
        Covariance of the value of each frame before training.
    noise
        Variance of the noise of an observed value.

    Returns
    -------
    array, [n_frames]
    """
    n_frames, c = values.shape
    result = np.empty(n_frames)
    of_frames = groups[values[:, 0]]
    members = [np.flatnonzero(groups == group) for group in np.unique(of_frames)]
    for rows, block in _blocks_of_inverse(factor, members):
        covariance = np.linalg.inv(block)
        residual = covariance @ coefficients[rows]
        frames = np.flatnonzero(of_frames == groups[rows[0]])
        at = np.searchsorted(rows, values[frames])  # -> [n, c]
        S = covariance[at[:, :, None], at[:, None, :]] - noise * np.eye(c)
        squared, ranks = squared_mahalanobis(residual[at], _within_support(prior[frames], S))
        result[frames] = squared / np.maximum(ranks, 1)
    return result


def _blocks_of_inverse(
    factor: PackedMatrix, groups: list[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of each group, and their block of C^-1; small groups are treated together."""
    columns = _columns_of_inverse(factor)
    sizes = np.array([len(rows) for rows in groups])
    batches = (np.cumsum(sizes) - sizes) // _COLUMNS
    for batch in np.unique(batches):
        together = np.flatnonzero(batches == batch)
        rows = np.concatenate([groups[k] for k in together])
        found = columns(rows)
        start = 0
        for k in together:
            part = found[:, start : start + len(groups[k])]
            start += len(groups[k])
            yield groups[k], part.T @ part


def _columns_of_inverse(factor: PackedMatrix) -> Callable[[np.ndarray], np.ndarray]:
    """Function that returns chosen columns of L^-1.

    All of L^-1 takes a third of the operations of solving for its columns, as these begin with
    zeros; where the memory does not hold it, they are solved for.
    """
    if InverseFactor.bytes_needed(factor.n) < available_bytes():
        return factor.inverse_factor().columns

    def solved(chosen: np.ndarray) -> np.ndarray:
        unit = np.zeros((factor.n, len(chosen)))
        unit[chosen, np.arange(len(chosen))] = 1.0
        return factor.forward(unit)

    return solved


def squared_mahalanobis(
    residuals: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared Mahalanobis distances r^T S^-1 r, chi-square distributed if the errors are normal.

    Directions in which the covariance is zero do not count.

    Parameters
    ----------
    residuals : array, [n_frames, c]
        Errors r.
    covariance : array, [n_frames, c, c]
        Positive semidefinite covariances S.

    Returns
    -------
    squared : array, [n_frames]
    ranks : array of int, [n_frames]
        Degrees of freedom.
    """
    values, vectors, support = decomposed(covariance)
    along = np.einsum("fc,fcd->fd", residuals, vectors)
    squared = np.where(support, along**2 / np.where(support, values, 1.0), 0.0).sum(axis=1)
    return squared, support.sum(axis=1)


def decomposed(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues [n, c], eigenvectors [n, c, c], and which eigenvalues are not zero [n, c]."""
    values, vectors = np.linalg.eigh(covariance)
    return values, vectors, values > _NULL * values[:, -1:]


def _at_least_rounding(prior: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The covariance in the support of the prior, its variances not below what rounding leaves."""
    largest, projector = _support(prior)
    values, vectors = np.linalg.eigh(_projected(projector, covariance))
    inside = np.einsum("fcd,fce,fed->fd", vectors, projector, vectors)  # 1 in the support, else 0
    values = np.maximum(values, _ROUNDING * largest[:, None] * inside)
    return _projected(projector, (vectors * values[:, None]) @ vectors.transpose(0, 2, 1))


def _within_support(prior: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The covariance without what rounding leaves where the prior is zero."""
    return _projected(_support(prior)[1], covariance)


def _support(prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest eigenvalue of each prior, and the projector onto where it is not zero."""
    values, vectors, support = decomposed(prior)
    return values[:, -1], (vectors * support[:, None]) @ vectors.transpose(0, 2, 1)


def _projected(projector: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    inside = projector @ covariance @ projector
    return 0.5 * (inside + inside.transpose(0, 2, 1))
