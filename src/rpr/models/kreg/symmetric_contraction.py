"""The sum of Gaussians of a symmetric potential, in coordinates of its symmetry.

The centres of such a potential are the images P x_j of the training frames under permutations P of
pairs.  If every P is its own inverse, all P commute, and there is an orthogonal basis in which each
of them only changes signs.  With x_s the coordinates of x that have the signs s(P) = +1 or -1,

    x . P x_j = sum_s s(P) x_s . x_js,

so that the products with all images follow from those with the training frames by sums and
differences (a Walsh-Hadamard transform), and the gradient is collected in the same way.  For g
permutations this takes g times fewer multiplications than the images written out, in g times less
memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ELEMENTS = 1 << 18  # numbers of a block that stay in the processor's cache


@dataclass(frozen=True, eq=False)
class SignBasis:
    """Basis in which permutations only change signs.

    Attributes
    ----------
    order : array of int, [n_permutations]
        The permutations such that number k is the product of the generators whose bits k has.
    vectors : list of array, [n_pairs, n_coordinates]
        Basis vectors for each list of signs: vectors number c have the signs (-1)^(bits that c and
        k share) under permutation k.
    """

    order: np.ndarray
    vectors: list[np.ndarray]

    @classmethod
    def of(cls, permutations: np.ndarray) -> SignBasis | None:
        """Basis for a group of permutations [n_permutations, n_pairs], the identity first.

        None if a permutation is not its own inverse.
        """
        n, n_pairs = permutations.shape
        same = np.arange(n_pairs)
        if any(not np.array_equal(p[p], same) for p in permutations):
            return None
        place = {p.tobytes(): k for k, p in enumerate(permutations)}
        order, rest = [0], set(range(1, n))
        while rest:
            generator = permutations[min(rest)]
            order += [place[permutations[k][generator].tobytes()] for k in order]
            rest -= set(order)
        matrices = np.eye(n_pairs)[permutations[order]]  # (P x)_i = x_perm[i]
        vectors = []
        for c in range(n):
            signs = np.array([(-1.0) ** (c & k).bit_count() for k in range(n)])
            projector = np.tensordot(signs, matrices, axes=1) / n
            values, found = np.linalg.eigh(0.5 * (projector + projector.T))
            vectors.append(found[:, values > 0.5])
        return cls(np.array(order), vectors)


class SymmetricContraction:
    """What `rpr.models.kreg.contraction.ContractedPotential` computes, from one image a frame.

    Parameters
    ----------
    basis
        Basis of the group.
    sigma
        Width s of the Gaussian kernel.
    centres, weights, vectors
        Descriptors x_j, coefficients a_j and vectors v_j of the first image of each frame.
    """

    def __init__(
        self,
        basis: SignBasis,
        sigma: float,
        centres: np.ndarray,
        weights: np.ndarray,
        vectors: np.ndarray,
    ) -> None:
        self._basis, self._inverse = basis, 1.0 / sigma**2
        scaled, slopes = self._inverse * centres, self._inverse * vectors
        lengths = np.einsum("jp,jp->j", centres, scaled)
        shifted = weights - np.einsum("jp,jp->j", slopes, centres)
        self._left, self._right = [], []
        for number, B in enumerate(basis.vectors):
            one, two = scaled @ B, slopes @ B
            self._right.append(np.vstack([two, one]))
            if number == 0:  # [x_0, 1, |x|^2], for the parts that no permutation changes
                ones = np.ones(len(centres))
                one = np.column_stack([one, -0.5 * lengths, -0.5 * self._inverse * ones])
                two = np.column_stack([two, shifted, 0.0 * ones])
            self._left.append(np.ascontiguousarray(np.vstack([one, two]).T))
        self._n = len(centres)
        self._kept: list[np.ndarray] = []

    @property
    def block(self) -> int:
        """Number of frames that are best evaluated at once."""
        return max(1, _ELEMENTS // (2 * self._n * len(self._left)))

    def evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energy [n_frames] and dE/dx [n_frames, n_pairs] at descriptors `x`."""
        shape = len(self._left), len(x), 2 * self._n
        # One of the arrays kept from before: those of the system come with pages to be mapped.
        kept = self._kept.pop() if self._kept else np.empty(0)
        if len(kept) < 2 * np.prod(shape):
            kept = np.empty(2 * int(np.prod(shape)))
        both, other = kept[: 2 * np.prod(shape)].reshape(2, *shape)
        result = self._evaluate(x, both, other)
        self._kept.append(kept)
        return result

    def _evaluate(
        self, x: np.ndarray, both: np.ndarray, other: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        n, basis = self._n, self._basis.vectors
        for number, (B, left) in enumerate(zip(basis, self._left, strict=True)):
            coordinates = x @ B
            if number == 0:
                lengths = np.einsum("fp,fp->f", x, x)
                coordinates = np.column_stack([coordinates, np.ones(len(x)), lengths])
            np.matmul(coordinates, left, out=both[number])
        both, other = _transform(both, other)  # now exponents and brackets of all images
        kernel, terms = both[:, :, :n], both[:, :, n:]
        np.exp(kernel, out=kernel)
        terms *= kernel
        energy = terms.sum(axis=(0, 2))
        both, other = _transform(both, other)
        gradient = (-self._inverse * energy)[:, None] * x
        for part, B, right in zip(both, basis, self._right, strict=True):
            gradient += (part @ right) @ B.T
        return energy, gradient


def _transform(values: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sum_c (-1)^(bits that c and k share) values[c] for every k, and the array that is then free.

    `other` is an array of the shape of `values`; both are overwritten.
    """
    step = 1
    while step < len(values):
        split = (-1, 2, step, *values.shape[1:])
        old, new = values.reshape(split), other.reshape(split)
        np.add(old[:, 0], old[:, 1], out=new[:, 0])
        np.subtract(old[:, 0], old[:, 1], out=new[:, 1])
        values, other = other, values
        step *= 2
    return values, other
