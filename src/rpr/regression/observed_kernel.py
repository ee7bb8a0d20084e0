"""Regression on values and derivatives with a matrix-valued kernel.

The frames that are observed with derivatives come first, then those of which only the value is
known.  With K their covariances (:mod:`rpr.regression.kernel_derivatives`), the system is

    C = K + diag(lambda_v kappa_v, lambda_d kappa_d),    C a = y,

with kappa the mean diagonal of K over the values and over the derivatives.  The matrix of a fit is
kept in half the memory of a square, in the packed format of
:mod:`rpr.regression.packed_cholesky`, and factorized in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rpr.errors import ConvergenceError, InputError
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.kernel_derivatives import Observations, covariance, covariance_gradient
from rpr.regression.likelihood import profiled_loss
from rpr.regression.packed_cholesky import LARGEST, PackedMatrix
from rpr.regression.parameter_layout import ParameterLayout
from rpr.regression.resources import available_bytes, available_threads, thread_map

_ROWS = 64  # rows of the matrix, at least, that are computed together


@dataclass(frozen=True, eq=False)
class ObservedKernel:
    """Prior covariances of all observed numbers of the training frames.

    Attributes
    ----------
    sets : tuple of Observations
        Frames with derivatives, then those of which only values are known; one may be missing.
    signs : array, [n_elements]
        Characters chi(g).
    feature_classes : array of int, [n_features]
        Class of every feature in the additive kernel.
    tensor_classes : array of int, [n_tensors]
        Class of every tensor; the tensors of a class share an amplitude.
    """

    sets: tuple[Observations, ...]
    signs: np.ndarray
    feature_classes: np.ndarray
    tensor_classes: np.ndarray

    @property
    def size(self) -> int:
        """Number of observed numbers, which is the number of rows of the matrix."""
        return sum(observed.size for observed in self.sets)

    def split(self, theta: np.ndarray) -> tuple[AdditiveKernel, np.ndarray, np.ndarray]:
        """Scalar kernel, amplitude of every tensor, and the two lambdas from the parameters."""
        layout = ParameterLayout.of(theta, self.feature_classes, self.tensor_classes, 2)
        scalar = AdditiveKernel.from_logarithms(self.feature_classes, theta[layout.scalar])
        amplitudes = np.exp(theta[layout.tensors])[self.tensor_classes]
        return scalar, amplitudes, np.exp(theta[layout.lambdas])

    def is_derivative(self) -> np.ndarray:
        """Whether each observed number is a derivative, array of bool, [size]."""
        flags = []
        for observed in self.sets:
            of_frame = np.ones(observed.tensors.shape[2:4], dtype=bool)
            of_frame[0] = False
            flags.append(np.tile(of_frame.ravel(), observed.n_frames))
        return np.concatenate(flags)

    def cross(self, theta: np.ndarray, rows: Observations) -> np.ndarray:
        """Covariance of observations of other frames with all training observations.

        Parameters
        ----------
        theta : array, [n_parameters]
            Logarithms of all parameters, the two lambdas last.
        rows : Observations
            Observations of the other frames, which need not have been made.

        Returns
        -------
        array, [rows.size, size]
        """
        scalar, amplitudes, _ = self.split(theta)
        blocks = [covariance(scalar, amplitudes, self.signs, rows, part) for part in self.sets]
        return np.concatenate(blocks, axis=1)

    def matrix(self, theta: np.ndarray) -> np.ndarray:
        """K between all training observations, [size, size]."""
        K = np.concatenate([self.cross(theta, part) for part in self.sets])
        return 0.5 * (K + K.T)

    def loss(self, theta: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Negative logarithm of the marginal likelihood per observation, and its gradient.

        This is `rpr.regression.likelihood.profiled_loss` of C.

        Parameters
        ----------
        theta : array, [n_parameters]
            Logarithms of all parameters, the two lambdas last.
        y : array, [size]
            Observed numbers.

        Returns
        -------
        loss : float
            Infinite where C is numerically not positive definite.
        gradient : array, [n_parameters]
            Derivatives of the loss with respect to theta.
        """
        C = self.matrix(theta)
        n, kinds, ridge = len(C), self._kinds, self._ridge(theta, np.diag(C))
        C.flat[:: n + 1] += ridge[kinds]
        found = profiled_loss(C, y, symmetric=True)
        if found is None:
            return np.inf, np.zeros_like(theta)
        loss, M = found  # M = d loss / d C
        by_lambdas = ridge * np.bincount(kinds, np.diag(M), minlength=2)
        # d loss / d K: the ridge is a symmetric linear map of the diagonal of K
        M.flat[:: n + 1] += self._ridge(theta, np.diag(M))[kinds]
        return loss, np.concatenate([self._gradient(theta, M), by_lambdas])

    @cached_property
    def _kinds(self) -> np.ndarray:
        """0 for each observed value and 1 for each derivative, [size]."""
        return self.is_derivative().astype(int)

    def _ridge(self, theta: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
        """Lambdas times the means of a diagonal [size] over values and over derivatives, [2]."""
        counts = np.maximum(np.bincount(self._kinds, minlength=2), 1)
        sums = np.bincount(self._kinds, diagonal, minlength=2)
        return self.split(theta)[2] * sums / counts

    def _gradient(self, theta: np.ndarray, M: np.ndarray) -> np.ndarray:
        """Gradient of sum(M * K) with respect to all parameters but the lambdas."""
        scalar, amplitudes, _ = self.split(theta)
        ends = np.cumsum([0, *(part.size for part in self.sets)])
        of_kernel, of_tensors = np.zeros(()), np.zeros(len(amplitudes))
        for i, rows in enumerate(self.sets):
            for j in range(i, len(self.sets)):
                part = M[ends[i] : ends[i + 1], ends[j] : ends[j + 1]]
                kernel, tensors = covariance_gradient(
                    scalar, amplitudes, self.signs, rows, self.sets[j], part
                )
                of_kernel = of_kernel + (2 if j > i else 1) * kernel
                of_tensors += (2 if j > i else 1) * tensors
        per_class = np.bincount(self.tensor_classes, amplitudes * of_tensors)
        return np.concatenate([of_kernel, per_class])

    def factorized(self, theta: np.ndarray) -> PackedMatrix:
        """Cholesky factor of C.

        Raises
        ------
        ConvergenceError
            If the matrix is not positive definite.
        """
        matrix = PackedMatrix(self.size)
        thread_map(lambda frames: self._fill(theta, matrix, *frames), self._tasks())
        diagonal = np.array([matrix.kept(i)[1][i - matrix.kept(i)[0]] for i in range(self.size)])
        ridge = self._ridge(theta, diagonal)
        for row, kind in enumerate(self._kinds):
            column, kept = matrix.kept(row)
            kept[row - column] += ridge[kind]
        if not matrix.factorize():
            raise ConvergenceError(
                f"covariant model: the kernel matrix of {self.size} values and derivatives is not "
                "positive definite; remove duplicate frames or give larger lambdas"
            )
        return matrix

    def _tasks(self) -> list[tuple[int, slice]]:
        tasks = []
        for number, part in enumerate(self.sets):
            step = max(1, -(-_ROWS // part.per_frame))
            for i in range(0, part.n_frames, step):
                tasks.append((number, slice(i, min(i + step, part.n_frames))))
        return tasks

    def _fill(self, theta: np.ndarray, matrix: PackedMatrix, number: int, frames: slice) -> None:
        """Write the rows of some frames of a set into the packed matrix."""
        scalar, amplitudes, _ = self.split(theta)
        before = sum(part.size for part in self.sets[:number])
        rows = self.sets[number].part(frames)
        first = before + frames.start * rows.per_frame
        kept = [matrix.kept(first + i) for i in range(rows.size)]
        low = min(column for column, _ in kept)
        high = max(column + len(values) for column, values in kept)
        blocks, start = [], self.size
        end = 0
        for part in self.sets:
            begin, end = end, end + part.size
            i = min(max(low - begin, 0) // part.per_frame, part.n_frames)
            j = min(-(-max(high - begin, 0) // part.per_frame), part.n_frames)
            if i < j:
                start = min(start, begin + i * part.per_frame)
                columns = part.part(slice(i, j))
                blocks.append(covariance(scalar, amplitudes, self.signs, rows, columns))
        strip = np.concatenate(blocks, axis=1)
        for row, (column, values) in zip(strip, kept, strict=True):
            values[:] = row[column - start :][: len(values)]


def check_memory(
    n_derivatives: int, n_values: int, *, per_frame: int, n_components: int, images: int
) -> None:
    """Refuse training sets whose system does not fit into memory.

    Parameters
    ----------
    n_derivatives, n_values
        Number of frames with derivatives, and with values only.
    per_frame
        Observed numbers of a frame with derivatives.
    n_components
        Observed numbers of a frame with its value only.
    images
        Numbers that describe one component of an observation in all images of a frame.

    Raises
    ------
    InputError
        The message says how many frames with derivatives fit beside the others.
    """

    def needed(n: int) -> int:
        size = n * per_frame + n_values * n_components
        strips = 4 * max(per_frame, _ROWS) * size * available_threads()
        return PackedMatrix.bytes_needed(size) + 8 * (strips + images * size)

    def fits(n: int) -> bool:
        rows = n * per_frame + n_values * n_components
        return needed(n) <= available and rows <= LARGEST

    available = available_bytes()
    if fits(n_derivatives):
        return
    low, high = 0, n_derivatives
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    raise InputError(
        f"derivatives: {n_derivatives} frames with derivatives and {n_values} with values only "
        f"need {needed(n_derivatives) / 1e9:.1f} GB, {available / 1e9:.1f} GB are free and at most "
        f"{LARGEST} equations are possible; at most {low} frames with derivatives fit: replace "
        "the derivatives of the others by NaN"
    )
