"""Covariances of values and of derivatives of a property, in a matrix-valued kernel.

Frame i is observed by its property, and by the derivatives of the property along m directions of
motion W_a of its atoms.  Both are linear in the process, whose covariances follow from the kernel

    K(X, X') = 1/|G| sum_g chi(g) k(z, g z') sum_t A_t T_t(X) T_t(g X')^T

of :mod:`rpr.regression.covariant_kernel`.  Number the value a = 0 and the derivatives a = 1..m, and
write for each frame (primes for the image of the second one, which moves along s W_a[perm])

    E_0 = T,  E_a = D_a T = sum_Ax W_a,Ax dT/dR_Ax,     Z_a,p = sum_Ax W_a,Ax dz_p/dR_Ax,
    S_ac,bd = sum_t A_t E_act E'_bdt                    (components c, d; one matrix product).

By the product rule the block between the two frames is the mean over the group of chi(g) times

    k S_ac,bd + k_a S_0c,bd + k'_b S_ac,0d + k_ab S_0c,0d,        k_0 = k'_0 = k_0b = k_a0 = 0,
    k_a = sum_p Z_ap u_p,   k'_b = -sum_p Z'_bp u_p,   k_ab = -sum_pp' Z_ap d2k/dz_p dz_p' Z'_bp',

with u and the second derivatives of k from :mod:`rpr.regression.additive_expansion`.  Directions
that do not move the atoms relative to each other need no observation: z does not change and T
turns, so that every function of the process has the exact derivative along rigid motions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rpr.regression.additive_expansion import Expansion
from rpr.regression.additive_kernel import AdditiveKernel

_TILE = 1 << 17  # elements of a block that are computed at once: they stay in the cache
_PAIRS = 1 << 11  # and pairs of frames, for the same reason


@dataclass(frozen=True, eq=False)
class Observations:
    """Features and tensors of frames and of their images, and how they change along directions.

    Attributes
    ----------
    features : array, [n_elements, n_frames, n_features]
        z of every image, that of the identity first.
    slopes : array, [n_elements, n_frames, n_directions, n_features]
        Z, their derivatives along the directions; n_directions is 0 for values only.
    tensors : array, [n_elements, n_frames, 1 + n_directions, n_components, n_tensors]
        E: tensors, packed, then their derivatives along the directions.
    """

    features: np.ndarray
    slopes: np.ndarray
    tensors: np.ndarray

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.features.shape[1]

    @property
    def per_frame(self) -> int:
        """Observed numbers of a frame: components of the value, then of each derivative."""
        return self.tensors.shape[2] * self.tensors.shape[3]

    @property
    def size(self) -> int:
        """Number of all observed numbers."""
        return self.n_frames * self.per_frame

    def part(self, frames: slice) -> Observations:
        """The observations of some of the frames."""
        return Observations(
            self.features[:, frames], self.slopes[:, frames], self.tensors[:, frames]
        )


def covariance(
    scalar: AdditiveKernel,
    amplitudes: np.ndarray,
    signs: np.ndarray,
    rows: Observations,
    columns: Observations,
) -> np.ndarray:
    """Kernel between the observations of two sets of frames.

    Parameters
    ----------
    scalar
        Additive kernel of the features.
    amplitudes : array, [n_tensors]
        Amplitude A of every tensor.
    signs : array, [n_elements]
        Characters chi(g).
    rows, columns
        Observations; of `rows` only the frames themselves are used, of `columns` the images too.

    Returns
    -------
    array, [rows.size, columns.size]
        Frame by frame: components of the value, then of each derivative.
    """
    result = np.zeros((rows.size, columns.size))
    p, q = rows.per_frame, columns.per_frame
    for i, j in tiles(rows, columns):
        part = result[i.start * p : i.stop * p, j.start * q : j.stop * q]
        _add_tile(part, scalar, amplitudes, signs, rows.part(i), columns.part(j))
    return result


def covariance_gradient(
    scalar: AdditiveKernel,
    amplitudes: np.ndarray,
    signs: np.ndarray,
    rows: Observations,
    columns: Observations,
    upstream: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of sum(upstream * covariance(...)) with respect to the parameters.

    Parameters
    ----------
    scalar, amplitudes, signs, rows, columns
        As for `covariance`.
    upstream : array, [rows.size, columns.size]
        Derivatives of some function with respect to the covariance.

    Returns
    -------
    of_kernel : array, [n_parameters]
        Derivatives by the logarithms of the parameters of `scalar`.
    of_amplitudes : array, [n_tensors]
        Derivatives by the amplitudes.
    """
    of_kernel: np.ndarray = np.zeros(())
    of_amplitudes = np.zeros(len(amplitudes))
    p, q = rows.per_frame, columns.per_frame
    for i, j in tiles(rows, columns):
        part = upstream[i.start * p : i.stop * p, j.start * q : j.stop * q]
        a, b = rows.part(i), columns.part(j)
        for g, sign in enumerate(signs):
            kernel, tensors = _tile_gradient(scalar, amplitudes, a, b, g, part)
            of_kernel = of_kernel + sign / len(signs) * kernel
            of_amplitudes += sign / len(signs) * tensors
    return of_kernel, of_amplitudes


def tiles(rows: Observations, columns: Observations) -> Iterator[tuple[slice, slice]]:
    """Parts of a covariance matrix that are computed at once, as frames of rows and columns."""
    pairs = min(max(_TILE // (rows.per_frame * columns.per_frame), 1), _PAIRS)
    width = min(columns.n_frames, pairs)
    height = max(pairs // max(width, 1), 1)
    for i in range(0, rows.n_frames, height):
        for j in range(0, columns.n_frames, max(width, 1)):
            yield (
                slice(i, min(i + height, rows.n_frames)),
                slice(j, min(j + width, columns.n_frames)),
            )


@dataclass(frozen=True, eq=False)
class _Factors:
    """Derivatives of the scalar kernel along the directions of two sets of frames."""

    expansion: Expansion
    rows: np.ndarray  # k_a, [n, n_directions, m]
    columns: np.ndarray  # k'_b, [n, m, n_directions']
    both: np.ndarray | None  # k_ab, [n, n_directions, m, n_directions'], if neither is empty


def _factors(scalar: AdditiveKernel, a: Observations, b: Observations, g: int) -> _Factors:
    expansion = Expansion(scalar, a.features[0], b.features[g])
    left, right = a.slopes[0], b.slopes[g]
    of_rows = np.zeros((a.n_frames, 0, b.n_frames))
    of_columns = np.zeros((a.n_frames, b.n_frames, 0))
    if left.shape[1]:
        of_rows = _along_rows(left, expansion.slopes)
    if right.shape[1]:
        of_columns = -_along_columns(right, expansion.slopes)
    both = _curvature(left, right, expansion) if left.shape[1] and right.shape[1] else None
    return _Factors(expansion, of_rows, of_columns, both)


def _curvature(left: np.ndarray, right: np.ndarray, expansion: Expansion) -> np.ndarray:
    """k_ab, [n, n_directions, m, n_directions']."""
    weighted = left[:, None] * np.moveaxis(expansion.diagonal, 0, 2)[:, :, None]
    result = np.moveaxis(weighted @ np.swapaxes(right, 1, 2), 1, 2)
    on_rows = [_along_rows(left, v) for v in expansion.factors]
    on_columns = [_along_columns(right, v) for v in expansion.factors]
    for i, j, coefficient in expansion.couplings:
        scaled = coefficient[:, None] * on_rows[i]
        result = result - scaled[..., None] * on_columns[j][:, None]
    return result


def _along_rows(directions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """[n, n_directions, n_features] and [n_features, n, m] -> [n, n_directions, m]."""
    return directions @ np.swapaxes(vectors, 0, 1)


def _along_columns(directions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """[m, n_directions, n_features] and [n_features, n, m] -> [n, m, n_directions]."""
    return np.swapaxes(vectors.T @ np.swapaxes(directions, 1, 2), 0, 1)


def _products(
    amplitudes: np.ndarray, a: Observations, b: Observations, g: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S as [n, 1 + n_directions, c, m, 1 + n_directions', c], and the two flat E of it."""
    left = a.tensors[0].reshape(-1, len(amplitudes))
    right = b.tensors[g].reshape(-1, len(amplitudes))
    S = (left * amplitudes) @ right.T
    return S.reshape(*a.tensors.shape[1:4], *b.tensors.shape[1:4]), left, right


def _add_tile(
    result: np.ndarray,
    scalar: AdditiveKernel,
    amplitudes: np.ndarray,
    signs: np.ndarray,
    a: Observations,
    b: Observations,
) -> None:
    total = np.zeros((*a.tensors.shape[1:4], *b.tensors.shape[1:4]))
    for g, sign in enumerate(signs):
        S, _, _ = _products(amplitudes, a, b, g)
        found = _factors(scalar, a, b, g)
        factor = sign / len(signs)
        if found.rows.shape[1]:
            of_rows = (factor * found.rows)[:, :, None, :, None, None]
            total[:, 1:] += of_rows * S[:, :1]
        if found.columns.shape[2]:
            of_columns = (factor * found.columns)[:, None, None, :, :, None]
            total[:, :, :, :, 1:] += of_columns * S[:, :, :, :, :1]
        if found.both is not None:
            both = (factor * found.both)[:, :, None, :, :, None]
            total[:, 1:, :, :, 1:] += both * S[:, :1, :, :, :1]
        S *= (factor * found.expansion.value)[:, None, None, :, None, None]
        total += S
    result += total.reshape(a.size, b.size)


def _tile_gradient(
    scalar: AdditiveKernel,
    amplitudes: np.ndarray,
    a: Observations,
    b: Observations,
    g: int,
    upstream: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Part of `covariance_gradient` of a tile and an element of the group."""
    S, left, right = _products(amplitudes, a, b, g)
    M = upstream.reshape(S.shape)
    found = _factors(scalar, a, b, g)
    expansion, of_slopes, of_curvatures = found.expansion, np.zeros(()), None
    to_S = expansion.value[:, None, None, :, None, None] * M
    if found.rows.shape[1]:
        by_rows = np.einsum("iacjbd,icjbd->iaj", M[:, 1:], S[:, 0], optimize=True)
        of_slopes = of_slopes + np.swapaxes(np.swapaxes(a.slopes[0], 1, 2) @ by_rows, 0, 1)
        to_S[:, 0] += np.einsum("iaj,iacjbd->icjbd", found.rows, M[:, 1:], optimize=True)
    if found.columns.shape[2]:
        moving = M[:, :, :, :, 1:]
        by_columns = np.einsum("iacjbd,iacjd->jib", moving, S[:, :, :, :, 0], optimize=True)
        of_slopes = of_slopes - np.moveaxis(by_columns @ b.slopes[g], 2, 0).swapaxes(1, 2)
        to_S[:, :, :, :, 0] += np.einsum("ijb,iacjbd->iacjd", found.columns, moving, optimize=True)
    if found.both is not None:
        inner = M[:, 1:, :, :, 1:]
        by_both = np.einsum("iacjbd,icjd->ijab", inner, S[:, 0, :, :, 0], optimize=True)
        of_curvatures = np.swapaxes(a.slopes[0], 1, 2)[:, None] @ by_both @ b.slopes[g]
        to_S[:, 0, :, :, 0] += np.einsum("iajb,iacjbd->icjd", found.both, inner, optimize=True)
    by_value = np.einsum("iacjbd,iacjbd->ij", M, S, optimize=True)
    of_slopes = np.broadcast_to(of_slopes, expansion.slopes.shape)
    of_kernel = expansion.gradient(by_value, of_slopes, of_curvatures)
    of_amplitudes = np.einsum("it,it->t", left, to_S.reshape(a.size, b.size) @ right)
    return of_kernel, of_amplitudes
