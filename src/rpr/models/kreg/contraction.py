"""Sum of Gaussians and their derivatives, contracted to one vector per training frame.

A kernel model trained on energies and gradients is, in the descriptor x,

    E(x) = sum_j [a_j + b_j . J_j^T d/dx_j] k(x, x_j),    k(x, x') = exp(-|x - x'|^2 / (2 s^2)),

with J_j = dx_j / dR_j.  Since dk/dx_j = k (x - x_j) / s^2, the vectors v_j = J_j b_j are all that
is needed of the gradient coefficients:

    E(x) = sum_j k(x, x_j) [a_j + v_j . (x - x_j) / s^2].

Energy and gradient of a frame then cost O(N D) for N training frames and D pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rpr.models.kreg.symmetric_contraction import SignBasis, SymmetricContraction

#: Frames evaluated at once, so that the block of the kernel stays in the processor's cache.
_CHUNK = 128


@dataclass(eq=False)
class ContractedPotential:
    """Model in descriptor space, contracted to one vector per centre.

    Parameters
    ----------
    sigma
        Width s of the Gaussian kernel.
    centres : array, [n_centres, n_pairs]
        Descriptors x_j of the training frames.
    weights : array, [n_centres]
        Coefficients a_j of the energies.
    vectors : array, [n_centres, n_pairs]
        Vectors v_j = J_j b_j of the gradients.
    pair_permutations : array of int, [n_permutations, n_pairs], or None
        Permutations, the identity first, whose images of the training frames the centres are, one
        permutation after the other; None if they are not known.  They make an evaluation faster.
    """

    sigma: float
    centres: np.ndarray
    weights: np.ndarray
    vectors: np.ndarray
    pair_permutations: np.ndarray | None = None
    _symmetric: SymmetricContraction | None = field(init=False, repr=False, default=None)
    _left: np.ndarray = field(init=False, repr=False)
    _right: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.pair_permutations is not None and len(self.pair_permutations) > 1:
            self._symmetric = self._contracted_further(self.pair_permutations)
        if self._symmetric is None:
            self._write_out()

    def _contracted_further(self, permutations: np.ndarray) -> SymmetricContraction | None:
        """The same in coordinates of the symmetry, if the group and the centres have it."""
        basis = SignBasis.of(permutations)
        n = len(self.centres) // len(permutations)
        images = [self.centres[k * n : (k + 1) * n] for k in range(len(permutations))]
        if basis is None or not all(
            np.array_equal(image, images[0][:, p])
            for image, p in zip(images, permutations, strict=True)
        ):
            return None
        return SymmetricContraction(
            basis, self.sigma, images[0], self.weights[:n], self.vectors[:n]
        )

    def _write_out(self) -> None:
        # One product with [x, 1, |x|^2] gives the exponents, then a_j + v_j . (x - x_j) / s^2.
        inverse = 1.0 / self.sigma**2
        centres, vectors = self.centres * inverse, self.vectors * inverse
        lengths = np.einsum("jp,jp->j", self.centres, centres)
        shifted = self.weights - np.einsum("jp,jp->j", vectors, self.centres)
        ones = np.ones(len(centres))
        exponents = np.column_stack([centres, -0.5 * lengths, -0.5 * inverse * ones])
        brackets = np.column_stack([vectors, shifted, 0.0 * ones])
        self._left = np.ascontiguousarray(np.vstack([exponents, brackets]).T)
        self._right = np.vstack([centres, vectors])  # -> [2 n_centres, n_pairs]

    def evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energy [n_frames] and dE/dx [n_frames, n_pairs] at descriptors `x`."""
        evaluate, size = self._evaluate, _CHUNK
        if self._symmetric is not None:
            evaluate, size = self._symmetric.evaluate, self._symmetric.block
        if len(x) <= size:
            return evaluate(x)
        parts = [evaluate(x[k : k + size]) for k in range(0, len(x), size)]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n_centres = len(self.centres)
        lengths = np.einsum("fp,fp->f", x, x)
        extended = np.column_stack([x, np.ones(len(x)), lengths])
        both = extended @ self._left  # -> [n_frames, 2 n_centres]
        kernel, terms = both[:, :n_centres], both[:, n_centres:]
        np.exp(kernel, out=kernel)
        terms *= kernel
        energy = terms.sum(axis=1)
        # sum_j k_j v_j / s^2 - sum_j k_j [...] (x - x_j) / s^2; `both` holds kernel, then terms
        gradient = terms @ self._right[:n_centres]
        gradient += kernel @ self._right[n_centres:]
        gradient -= (energy / self.sigma**2)[:, None] * x
        return energy, gradient
