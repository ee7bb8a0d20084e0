"""Matrix-valued kernels that turn with the molecules, averaged over permutation-inversion.

    K(X, X') = 1/|G| sum_g chi(g) k(z, g z') sum_t A_t T_t(X) T_t(g X')^T

T_t are tensors that turn with the molecule (:mod:`rpr.models.covariant_tensors`), z are its
invariant features, g is an element of the permutation-inversion group, and chi(g) is the sign with
which the property transforms: the parity of g for dipoles, 1 for polarizabilities.  (The inversion
is also in T_t(g X').)  No axes are needed, as K(R X, R' X') = D(R) K(X, X') D(R')^T for all
rotations.

:class:`CovariantKernel` holds the training frames.  Its parameters theta are the logarithms of the
parameters of the additive kernel, of the amplitudes A of the classes of tensors, and of lambda.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rpr.errors import ConvergenceError
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.dense_cholesky import CholeskyFactor
from rpr.regression.likelihood import profiled_loss
from rpr.regression.parameter_layout import ParameterLayout

_ELEMENTS = 1 << 17  # elements of the matrix that are computed at once: they stay in the cache


@dataclass(frozen=True, eq=False)
class CovariantKernel:
    """Features and tensors of training frames and of their images.

    Attributes
    ----------
    features : array, [n_elements, n_frames, n_features]
        Features z(g X), those of the identity first.
    tensors : array, [n_elements, n_frames, n_tensors, n_components]
        Tensors T_t(g X), packed.
    signs : array, [n_elements]
        Characters chi(g).
    feature_classes : array of int, [n_features]
        Class of every feature in the additive kernel.
    tensor_classes : array of int, [n_tensors]
        Class of every tensor; the tensors of a class share an amplitude.
    """

    features: np.ndarray
    tensors: np.ndarray
    signs: np.ndarray
    feature_classes: np.ndarray
    tensor_classes: np.ndarray

    def split(self, theta: np.ndarray) -> tuple[AdditiveKernel, np.ndarray, float]:
        """Scalar kernel, amplitude of every tensor, and lambda from the parameters."""
        layout = ParameterLayout.of(theta, self.feature_classes, self.tensor_classes)
        scalar = AdditiveKernel.from_logarithms(self.feature_classes, theta[layout.scalar])
        amplitudes = np.exp(theta[layout.tensors])[self.tensor_classes]
        return scalar, amplitudes, float(np.exp(theta[-1]))

    def matrix(self, theta: np.ndarray) -> np.ndarray:
        """Kernel matrix between all training frames, [n_frames * c, n_frames * c], unscaled."""
        n_frames, c = self.tensors.shape[1], self.tensors.shape[3]
        by_component = self._matrix(theta).reshape(c, n_frames, c, n_frames)
        return by_component.transpose(1, 0, 3, 2).reshape(n_frames * c, n_frames * c)

    def _matrix(self, theta: np.ndarray) -> np.ndarray:
        """The same with rows and columns in the order of components, then frames.

        Only pairs of frames i <= j are computed; the others follow from symmetry.
        """
        scalar, amplitudes, _ = self.split(theta)
        n_frames, c = self.tensors.shape[1], self.tensors.shape[3]
        result = np.empty((c, n_frames, c, n_frames))
        for i in self._strips():
            later = slice(i.start, n_frames)
            strip = np.zeros((c, i.stop - i.start, c, n_frames - i.start))
            for g, sign in enumerate(self.signs):
                block, _, _ = self._products(amplitudes, g, i, later)
                values = scalar.evaluate(self.features[0, i], self.features[g, later])
                block *= (sign / len(self.signs)) * values[:, None]
                strip += block
            own = strip[..., : i.stop - i.start]
            own[:] = 0.5 * (own + own.transpose(2, 3, 0, 1))
            result[:, i, :, later] = strip
            result[:, later, :, i] = strip.transpose(2, 3, 0, 1)
        return result.reshape(n_frames * c, n_frames * c)

    def _strips(self) -> Iterator[slice]:
        """Frames whose rows are computed together."""
        n_frames, c = self.tensors.shape[1], self.tensors.shape[3]
        height = max(1, _ELEMENTS // (c * c * n_frames))
        for start in range(0, n_frames, height):
            yield slice(start, min(start + height, n_frames))

    def _products(
        self, amplitudes: np.ndarray, g: int, i: slice, j: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """sum_t A_t T_t(X_i) T_t(g X_j)^T, [c, n_i, c, n_j], and both T, [c * n, n_tensors]."""
        left, right = _flat(self.tensors[0, i]), _flat(self.tensors[g, j])
        c = self.tensors.shape[3]
        block = (left * amplitudes) @ right.T
        return block.reshape(c, len(left) // c, c, len(right) // c), left, right

    def coefficients(self, theta: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Coefficients C^-1 y, [n_frames, n_components], of packed values y of this shape.

        C = K + lambda (tr K / n) 1 is the covariance of the values, with noise of relative variance
        lambda.

        Raises
        ------
        ConvergenceError
            If the matrix is not positive definite.
        """
        factor = self._factor(theta, self.matrix(theta))
        if factor is None:
            raise ConvergenceError(
                f"covariant model: the kernel matrix of {y.size} values is not positive definite; "
                "remove duplicate frames, or give a larger ridge_floor or lambda"
            )
        return factor.solve(y.reshape(-1)).reshape(y.shape)

    def _factor(self, theta: np.ndarray, K: np.ndarray) -> CholeskyFactor | None:
        """Factor of C = K + lambda (tr K / n) 1, in the place of K; None if there is none."""
        K.flat[:: len(K) + 1] += self.split(theta)[2] * np.trace(K) / len(K)
        return CholeskyFactor.of(K)

    def left_out(self, theta: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Leave-one-out errors: of each frame, predicted from all others.

        With C = K + lambda (tr K / n) 1, the error of frame i is ([C^-1]_ii)^-1 [C^-1 y]_i, where
        [C^-1]_ii is its block of c rows and columns (Sundararajan and Keerthi, Predictive
        Approaches for Choosing Hyperparameters in Gaussian Processes, Neural Comput. 13, 1103
        (2001)).

        Parameters
        ----------
        theta : array, [n_parameters]
            Logarithms of all parameters.
        y : array, [n_frames, c]
            Packed values.

        Returns
        -------
        array, [n_frames, c]
            Values less predictions; infinite if C is numerically not positive definite.
        """
        factor = self._factor(theta, self._matrix(theta))
        if factor is None:
            return np.full(y.shape, np.inf)
        n, c = y.shape
        a = factor.solve(y.T.reshape(-1)).reshape(c, n)
        blocks = np.einsum("aibi->iab", factor.inverse().reshape(c, n, c, n))
        return np.linalg.solve(blocks, a.T[..., None])[..., 0]

    def image_coefficients(self, theta: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Coefficients of the scalar kernels k(z, g z_i), [n_elements * n_frames, n_tensors]."""
        _, amplitudes, _ = self.split(theta)
        contracted = np.einsum("gntc,nc->gnt", self.tensors, coefficients, optimize=True)
        contracted *= self.signs[:, None, None] * amplitudes / len(self.signs)
        return contracted.reshape(-1, contracted.shape[2])

    def loss(self, theta: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Negative logarithm of the marginal likelihood per value, and its gradient.

        This is `rpr.regression.likelihood.profiled_loss` of C = K + lambda (tr K / n) 1.

        Parameters
        ----------
        theta : array, [n_parameters]
            Logarithms of all parameters.
        y : array, [n_frames, n_components]
            Packed values.

        Returns
        -------
        loss : float
            Infinite where C is numerically not positive definite.
        gradient : array, [n_parameters]
            Derivatives of the loss with respect to theta.
        """
        C = self._matrix(theta)
        n, lam = len(C), self.split(theta)[2]
        ridge = lam * (np.trace(C) / n)
        C.flat[:: n + 1] += ridge
        found = profiled_loss(C, y.T.reshape(-1))
        if found is None:
            return np.inf, np.zeros_like(theta)
        loss, M = found  # M = d loss / d C
        trace = np.trace(M)
        M.flat[:: n + 1] += lam * trace / n  # d loss / d K, as C has the trace of K in its ridge
        return loss, np.append(self._gradient(theta, M), ridge * trace)

    def _gradient(self, theta: np.ndarray, M: np.ndarray) -> np.ndarray:
        """Gradient of sum(M * K) with respect to all parameters but lambda."""
        scalar, amplitudes, _ = self.split(theta)
        n_frames, c = self.tensors.shape[1], self.tensors.shape[3]
        M = M.reshape(c, n_frames, c, n_frames)
        of_kernel, of_tensors = np.zeros(()), np.zeros(())
        for i in self._strips():
            later = slice(i.start, n_frames)
            part = 2.0 * M[:, i, :, later]  # pairs j > i stand for those with j < i, too
            part[..., : i.stop - i.start] *= 0.5
            for g, sign in enumerate(self.signs):
                factor = sign / len(self.signs)
                block, left, right = self._products(amplitudes, g, i, later)
                block *= part
                upstream = block.sum(axis=(0, 2))
                values, change = scalar.value_and_gradient(
                    self.features[0, i], self.features[g, later], upstream
                )
                of_kernel = of_kernel + factor * change
                scaled = np.multiply(part, values[:, None], out=block).reshape(len(left), -1)
                of_tensors = of_tensors + factor * np.einsum("it,it->t", left, scaled @ right)
        per_class = np.bincount(self.tensor_classes, amplitudes * of_tensors)
        return np.concatenate([of_kernel, per_class])


def prior_covariance(
    scalar: AdditiveKernel,
    amplitudes: np.ndarray,
    signs: np.ndarray,
    features: np.ndarray,
    tensors: np.ndarray,
) -> np.ndarray:
    """Kernel of each new frame with itself, K(X, X).

    Parameters
    ----------
    scalar
        Additive kernel of the features.
    amplitudes : array, [n_tensors]
        Amplitude of every tensor.
    signs : array, [n_elements]
        Characters chi(g).
    features : array, [n_elements, n, n_features]
        Features of the frames and their images, those of the identity first.
    tensors : array, [n_elements, n, n_tensors, c]
        Tensors of the frames and their images, packed.

    Returns
    -------
    array, [n, c, c]
        Unscaled.
    """
    weighted = np.swapaxes(tensors[0], 1, 2) * amplitudes  # -> [n, c, n_tensors]
    total = sum(
        (sign / len(signs)) * scalar.paired(features[0], z)[:, None, None] * (weighted @ images)
        for z, images, sign in zip(features, tensors, signs, strict=True)
    )
    total = np.asarray(total)
    return 0.5 * (total + np.swapaxes(total, 1, 2))


def _flat(tensors: np.ndarray) -> np.ndarray:
    """[n_frames, n_tensors, c] -> [c * n_frames, n_tensors]."""
    return tensors.transpose(2, 0, 1).reshape(-1, tensors.shape[1])
