"""Kernel between energies and gradients of frames, projected on internal motion.

A potential is trained on the energy and the 3A components of the gradient of each frame.  Six
directions of each gradient carry nothing: the Jacobian J = dx / dR vanishes on rigid motion.  With
the singular vectors W_i (3A x m, m = 3A - 6) of J_i as orthonormal directions, the observations of
frame i are its energy and the m slopes W_i^T dE/dR.  Because W_i is orthonormal and
J_i W_i W_i^T = J_i, the ridge term stays lambda times the identity, and the projected system of
size (1 + m) N has the same model as the full one of size (1 + 3A) N, exactly.

Between frames j and i, with d = x_j - x_i, M = J W and k = exp(-d^2 / (2 s^2)), the block is

    k ( [[0, 0], [0, M_j^T M_i / s^2]] + [1, -M_j^T d / s^2] [1, M_i^T d / s^2]^T ).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.models.kreg.contraction import ContractedPotential
from rpr.models.kreg.descriptor import RelativeDistances
from rpr.regression.packed_cholesky import PackedMatrix


def n_internal(n_atoms: int, n_pairs: int) -> int:
    """Number of internal directions m: 3A - 6, or 1 for two atoms."""
    return min(n_pairs, max(3 * n_atoms - 6, 1))


def internal_directions(jacobian: np.ndarray, n_directions: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions in which the descriptor changes, and how much it does.

    Parameters
    ----------
    jacobian : array, [n_frames, n_pairs, 3 n_atoms]
        Jacobians J = dx / dR in 1/Angstrom.
    n_directions
        Number m of directions, at least the rank of J.

    Returns
    -------
    directions : array, [n_frames, 3 n_atoms, m]
        Right singular vectors W of J, which are orthonormal.
    modes : array, [n_frames, n_pairs, m]
        Derivatives M = J W along them, in 1/Angstrom.
    """
    left, sizes, right = np.linalg.svd(jacobian, full_matrices=False)
    modes = left[:, :, :n_directions] * sizes[:, None, :n_directions]
    return np.swapaxes(right[:, :n_directions], 1, 2), modes


@dataclass(eq=False)
class GradientKernel:
    """Kernel matrix of a set of frames, of which rows and products with vectors are computed.

    Observations are ordered frame by frame, the energy first and then m slopes.

    Parameters
    ----------
    x : array, [n_frames, n_pairs]
        Descriptor of each frame.
    modes : array, [n_frames, n_pairs, m]
        Derivatives M = J W of each frame along its internal directions.
    pair_permutations : array of int, [n_permutations, n_pairs]
        Permutations P of pairs; the kernel is the mean of k(P x, x') over them.
    sigma
        Width s of the Gaussian kernel.
    """

    x: np.ndarray
    modes: np.ndarray
    pair_permutations: np.ndarray
    sigma: float

    def __post_init__(self) -> None:
        self.per_frame = 1 + self.modes.shape[2]
        self.size = len(self.x) * self.per_frame
        extended = np.concatenate([self.x[:, :, None], self.modes], axis=2)
        # One product with [x_j, M_j]^T gives x_j.x_i, x_j.M_i, M_j.x_i and M_j.M_i.
        self._extended = extended  # -> [n_frames, n_pairs, 1 + m]
        self._flat = np.ascontiguousarray(np.moveaxis(extended, 1, 0)).reshape(len(self.x[0]), -1)
        self._own = np.einsum("fp,fpa->fa", self.x, extended)  # x.x, then x.M

    @classmethod
    def from_positions(
        cls,
        positions: np.ndarray,
        distances: RelativeDistances,
        pair_permutations: np.ndarray,
        sigma: float,
    ) -> tuple[GradientKernel, np.ndarray]:
        """Kernel of frames, and the directions [n_frames, 3 n_atoms, m] of their slopes."""
        x, slopes = distances.describe(positions)
        m = n_internal(distances.n_atoms, distances.n_pairs)
        directions, modes = internal_directions(distances.jacobian(slopes), m)
        return cls(x, modes, pair_permutations, sigma), directions

    def first(self, n_frames: int) -> GradientKernel:
        """Kernel of the first frames."""
        part = slice(n_frames)
        return GradientKernel(self.x[part], self.modes[part], self.pair_permutations, self.sigma)

    def rows(self, frame: int, start: int, stop: int) -> np.ndarray:
        """Rows of one frame against frames start..stop-1, [1 + m, (stop - start) (1 + m)]."""
        extended, own = self._extended[frame], self._own[frame]
        first, *others = self.pair_permutations
        total = self._rows(extended[first], own, start, stop)
        for pairs in others:
            total += self._rows(extended[pairs], own, start, stop)
        return np.multiply(total, 1.0 / (1 + len(others)), out=total) if others else total

    def _rows(self, extended: np.ndarray, own: np.ndarray, start: int, stop: int) -> np.ndarray:
        p, inverse = self.per_frame, 1.0 / self.sigma**2
        flat = (inverse * extended.T) @ self._flat[:, start * p : stop * p]
        block = flat.reshape(p, stop - start, p)  # -> [1 + m, n, 1 + m]
        others = inverse * self._own[start:stop]  # -> [n, 1 + m]
        kernel = np.exp(block[0, :, 0] - 0.5 * (inverse * own[0] + others[:, 0]))
        left = block[:, :, 0] - inverse * own[:, None]  # -M_j^T d / s^2
        right = block[0] - others  # M_i^T d / s^2
        left[0], right[:, 0] = 1.0, 1.0
        block[0], block[:, :, 0] = 0.0, 0.0
        block += left[:, :, None] * right
        block *= kernel[:, None]
        return flat

    def packed(self, diagonal: np.ndarray) -> PackedMatrix:
        """One triangle of the kernel matrix plus `diagonal` [size]."""
        matrix, p, n = PackedMatrix(self.size), self.per_frame, len(self.x)
        for frame in range(n):
            first, last = frame * p, frame * p + p - 1
            start = frame if last < matrix.half else matrix.half // p
            stop = frame + 1 if first >= matrix.half else n
            rows = self.rows(frame, start, stop)
            for k, row in enumerate(range(first, last + 1)):
                column, kept = matrix.kept(row)
                kept[:] = rows[k, column - start * p :][: len(kept)]
                kept[row - column] += diagonal[row]
        return matrix

    def contract(self, coefficients: np.ndarray) -> ContractedPotential:
        """Potential with `coefficients` [size], written out over all permutations of the frames."""
        split = coefficients.reshape(len(self.x), self.per_frame) / len(self.pair_permutations)
        vectors = np.einsum("fpa,fa->fp", self.modes, split[:, 1:])
        return ContractedPotential(
            self.sigma,
            np.concatenate([self.x[:, p] for p in self.pair_permutations]),
            np.tile(split[:, 0], len(self.pair_permutations)),
            np.concatenate([vectors[:, p] for p in self.pair_permutations]),
            self.pair_permutations,
        )

    def multiply(self, coefficients: np.ndarray) -> np.ndarray:
        """Kernel matrix times `coefficients` [size], without the matrix."""
        energy, gradient = self.contract(coefficients).evaluate(self.x)
        slopes = np.einsum("fpa,fp->fa", self.modes, gradient)
        return np.column_stack([energy, slopes]).ravel()

    def largest_eigenvalue(self, *, n_iterations: int = 6, seed: int = 0) -> float:
        """Largest eigenvalue, approached from below by power iteration."""
        vector = np.random.default_rng(seed).standard_normal(self.size)
        for _ in range(n_iterations):
            vector = self.multiply(vector / np.linalg.norm(vector))
        return float(np.linalg.norm(vector))
