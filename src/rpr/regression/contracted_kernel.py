"""Predictions of a matrix-valued kernel whose coefficients are contracted once, and their slopes.

A prediction is sum_t w_t(z) T_t(X).  The coefficients a of the training frames, the characters
chi(g), the amplitudes A and the training tensors are known after the fit.  For every image j of a
training frame (:mod:`rpr.regression.kernel_derivatives` has the notation),

    w_t(z)  = sum_j [ k(z, z_j) beta_jt + sum_pd u_p(z, z_j) Gamma_jpd F_jdt ],
    beta_jt = chi A_t / |G| sum_bd E_bdt a_bd,    Gamma_jpd = sum_{b >= 1} Z_bp a_bd,
    F_jdt   = -chi A_t / |G| E_0dt,

so that derivatives among the training data cost a prediction the slopes u and 2 n_components more
products for each feature, and not m more centres.  The derivatives of a prediction by the features
are

    sum_j [ u_q s_jc + sum_pd d2k/dz_q dz_p Gamma_jpd S_jdc ],   s = beta T,  S = F T.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rpr.regression.additive_expansion import Expansion
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.covariant_kernel import CovariantKernel
from rpr.regression.observed_kernel import ObservedKernel

_FRAMES = 16  # new frames that are treated at once
_PAIRS = 1 << 12  # and pairs of a new frame and a centre: small enough for the cache


@dataclass(frozen=True, eq=False)
class Centres:
    """Training frames and their images, with their contracted coefficients.

    Attributes
    ----------
    features : array, [n, n_features]
        Features z_j in Fortran order: each is contiguous in memory, as they are used one by one.
    coefficients : array, [n, n_tensors]
        beta.
    slopes : array, [n_features, n_components, n], or None without derivatives
        Gamma.
    tensors : array, [n_components, n, n_tensors], or None without derivatives
        F.
    """

    features: np.ndarray
    coefficients: np.ndarray
    slopes: np.ndarray | None = None
    tensors: np.ndarray | None = None

    def part(self, j: slice) -> Centres:
        """Some of the centres."""
        if self.slopes is None or self.tensors is None:
            return Centres(self.features[j], self.coefficients[j])
        slopes = np.ascontiguousarray(self.slopes[:, :, j])
        return Centres(self.features[j], self.coefficients[j], slopes, self.tensors[:, j])


@dataclass(frozen=True, eq=False)
class ContractedKernel:
    """Weights of the tensors as functions of the features.

    Attributes
    ----------
    scalar
        Additive kernel of the features.
    centres : tuple of Centres
        Those with derivatives, and those without.
    """

    scalar: AdditiveKernel
    centres: tuple[Centres, ...]

    @classmethod
    def of_values(
        cls, kernel: CovariantKernel, theta: np.ndarray, coefficients: np.ndarray
    ) -> ContractedKernel:
        """Contract coefficients [n_frames, n_components] of a fit of values."""
        features = np.asfortranarray(kernel.features.reshape(-1, kernel.features.shape[2]))
        centres = Centres(features, kernel.image_coefficients(theta, coefficients))
        return cls(kernel.split(theta)[0], (centres,))

    @classmethod
    def of_observations(
        cls, kernel: ObservedKernel, theta: np.ndarray, coefficients: np.ndarray
    ) -> ContractedKernel:
        """Contract coefficients [size] of a fit of values and derivatives."""
        scalar, amplitudes, _ = kernel.split(theta)
        factors = kernel.signs[:, None, None] * amplitudes / len(kernel.signs)
        centres, start = [], 0
        for part in kernel.sets:
            a = coefficients[start : start + part.size].reshape(part.tensors.shape[1:4])
            start += part.size
            features = np.asfortranarray(part.features.reshape(-1, part.features.shape[2]))
            beta = factors * np.einsum("gnbct,nbc->gnt", part.tensors, a, optimize=True)
            beta = beta.reshape(len(features), -1)
            if not part.slopes.shape[2]:
                centres.append(Centres(features, beta))
                continue
            slopes = np.einsum("gnbp,nbd->pdgn", part.slopes, a[:, 1:], optimize=True)
            tensors = -factors[:, None] * part.tensors[:, :, 0]  # -> [g, n, c, t]
            moved = np.ascontiguousarray(np.moveaxis(tensors, 2, 0))
            centres.append(
                Centres(
                    features,
                    beta,
                    slopes.reshape(*slopes.shape[:2], len(features)),
                    moved.reshape(len(moved), *beta.shape),
                )
            )
        return cls(scalar, tuple(centres))

    @classmethod
    def joined(cls, kernels: Sequence[ContractedKernel]) -> ContractedKernel:
        """Several functions of the same training frames as one, in which they share the kernel.

        Its `weights` are those of the functions, one after the other, [n, n_functions * n_tensors].
        """
        centres = []
        for parts in zip(*(kernel.centres for kernel in kernels), strict=True):
            coefficients = np.concatenate([part.coefficients for part in parts], axis=1)
            slopes = [part.slopes for part in parts if part.slopes is not None]
            together = np.concatenate(slopes, axis=1) if slopes else None
            centres.append(Centres(parts[0].features, coefficients, together, parts[0].tensors))
        return cls(kernels[0].scalar, tuple(centres))

    def weights(self, features: np.ndarray) -> np.ndarray:
        """Weights w of the tensors, [n, n_tensors], at features [n, n_features]."""
        total = np.zeros(())
        for centres in self.centres:
            if centres.slopes is None:
                k = self.scalar.evaluate(features, centres.features)
                total = total + k @ centres.coefficients
                continue
            result = np.zeros((len(features), centres.coefficients.shape[1]))
            for i, part in _tiles(len(features), centres):
                _add_weights(result[i], Expansion(self.scalar, features[i], part.features), part)
            total = total + result
        return total

    def weights_and_slopes(
        self, features: np.ndarray, tensors: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the tensors, and derivatives of the prediction by the features.

        Parameters
        ----------
        features : array, [n, n_features]
            Features of new frames.
        tensors : array, [n, n_tensors, n_components]
            Tensors of the new frames, packed; the derivatives are those at fixed tensors.

        Returns
        -------
        weights : array, [n, n_tensors]
        slopes : array, [n, n_components, n_features]
        """
        n, n_tensors, c = tensors.shape
        weights, slopes = np.zeros((n, n_tensors)), np.zeros((n, c, features.shape[1]))
        turned = np.ascontiguousarray(np.swapaxes(tensors, 1, 2))  # -> [n, c, n_tensors]
        for centres in self.centres:
            for i, part in _tiles(n, centres):
                expansion = Expansion(self.scalar, features[i], part.features)
                _add_weights(weights[i], expansion, part)
                s = turned[i] @ part.coefficients.T  # -> [n, c, centres]
                slopes[i] += s @ np.transpose(expansion.slopes, (1, 2, 0))
                _add_curvature(slopes[i], expansion, part, turned[i])
        return weights, slopes


def _tiles(n: int, centres: Centres) -> Iterator[tuple[slice, Centres]]:
    """New frames and centres that are treated at once."""
    height = min(n, _FRAMES)
    width = _PAIRS // max(height, 1)
    for j in range(0, len(centres.features), width):
        part = centres.part(slice(j, j + width))
        for i in range(0, n, height):
            yield slice(i, i + height), part


def _add_weights(result: np.ndarray, expansion: Expansion, centres: Centres) -> None:
    result += expansion.value @ centres.coefficients
    if centres.slopes is not None and centres.tensors is not None:
        along = np.einsum("pnj,pdj->ndj", expansion.slopes, centres.slopes)
        flat = centres.tensors.reshape(-1, centres.tensors.shape[2])
        result += (along.reshape(-1, len(flat)) @ flat).reshape(result.shape)


def _add_curvature(
    result: np.ndarray, expansion: Expansion, centres: Centres, tensors: np.ndarray
) -> None:
    """Add sum_jpd d2k/dz_q dz_p Gamma_jpd S_jdc to [n, c, n_features]."""
    if centres.slopes is None or centres.tensors is None:
        return
    slopes, flat = centres.slopes, centres.tensors.reshape(-1, tensors.shape[2])
    n, d = len(tensors), slopes.shape[1]
    S = (tensors @ flat.T).reshape(n, -1, d, slopes.shape[2])  # -> [n, c, d, centres]
    weighted = expansion.diagonal[:, :, None] * slopes[:, None]  # -> [p, n, d, centres]
    weighted = np.moveaxis(weighted.reshape(len(slopes), n, -1), 0, 2)
    result -= S.reshape(n, S.shape[1], -1) @ weighted
    factors = expansion.factors
    along = [np.einsum("pnj,pdj->ndj", v, slopes) for v in factors]
    dyads = [np.zeros((n, S.shape[1], S.shape[3])) for _ in factors]
    for i, j, coefficient in expansion.couplings:
        scaled = along[j] * np.expand_dims(coefficient, -2)
        dyads[i] += np.einsum("ndj,ncdj->ncj", scaled, S)
    for v, dyad in zip(factors, dyads, strict=True):
        result += dyad @ np.transpose(v, (1, 2, 0))
