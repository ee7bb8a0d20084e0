"""Rotate-predict-rotate with a kernel averaged over axis signs and permutation-inversion.

    K_c(x, x') = 1/|G| sum_g chi_c(g) k(x, g x')

Here x is the descriptor of canonical coordinates and G the product of the four proper choices of
axis signs and the permutation-inversion group of the molecule (16 elements for
1,2-dichloroethane).  The model needs no sign rule, is smooth where signs jump, knows the mirror
image and the relabelled copy of every training frame, and obeys the symmetry exactly.  Averaging
the predictions of a plain model would not do: the axes of its training frames had signs of their
own.  Where every element of the permutation-inversion group turns the axes of all frames alike, the
signs of the axes may also be left as they are, and G is that group alone.

Means are subtracted from totally symmetric components only; the others average to zero over the
group.

Source of the plain model: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eqs. (1)-(5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rpr.axes.canonical import canonical_axes
from rpr.axes.characters import AxesGroup, axes_group
from rpr.axes.sign_rules import PROPER_SIGNS
from rpr.errors import NotApplicableError
from rpr.models.hyperparameters import given_weights
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.pairs import equilibrium_distances, pair_distances
from rpr.molecule.permutation_inversion import PermutationInversionGroup, find_group
from rpr.regression.descriptors import find_descriptor
from rpr.regression.kernels import distance
from rpr.regression.search import validation_split

_SIGN_TOLERANCE = 1e-6


class SymmetrizedRPR(RotatePredictRotate):
    """Dipole or polarizability in canonical axes with group-averaged kernels.

    Parameters
    ----------
    axes
        Inertia axes or ``"bond-axis"``; None takes bond-axis for a molecule with a dihedral and
        inertia otherwise. Sign rules make no difference.
    descriptor
        One of `rpr.regression.descriptors.DESCRIPTORS`.
    kernel
        As for `RotatePredictRotate`; None takes the family matern-gaussian, of which validation
        takes one for each component.
    permutation_inversion
        Whether the kernel is averaged over the permutation-inversion group; otherwise over the
        signs of axes only.
    axis_signs
        Whether the kernel is averaged over the signs of axes; otherwise the axes themselves fix
        them, and every element of the group has to turn the axes of all frames in the same way, by
        nothing or by 180 degrees about one of them.
    **settings
        As for `RotatePredictRotate`, except that `sigmas` are relative to the median distance
        between those training frames that the search fits. The reference geometry of the molecule
        gives the group, see `rpr.molecule.permutation_inversion.find_group`.

    Attributes
    ----------
    group_ : PermutationInversionGroup
        Permutations and inversions that the model obeys. The others are as for
        `RotatePredictRotate`.
    """

    KIND = "symmetrized"
    STORED: tuple[str, ...] = (*RotatePredictRotate.STORED, "permutation_inversion", "axis_signs")

    def __init__(
        self,
        *,
        axes: str | None = None,
        descriptor: str = "RExyz",
        kernel: str | None = None,
        permutation_inversion: bool = True,
        axis_signs: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(axes=axes, descriptor=descriptor, kernel=kernel, **settings)
        self.permutation_inversion = permutation_inversion
        self.axis_signs = axis_signs

    @property
    def kernel_(self) -> str:
        """Name of the kernel in use, or of its family."""
        return self.kernel or "matern-gaussian"

    @property
    def is_handed(self) -> bool:
        """Whether no element of the group that the kernel is averaged over inverts the molecule."""
        return not self._averaged_over().inversions.any()

    @property
    def axes_(self) -> str:
        """Name of the axes in use."""
        return self.axes or ("bond-axis" if self.molecule.dihedral else "inertia")

    def _prepare(self, positions: np.ndarray) -> None:
        self._set_group()
        self._check_axes(positions)
        self._elements = self._find_elements(positions)
        self._canonical, _ = self._rotate(positions)
        self._check_descriptor(self._canonical)

    def _describe(self, canonical: np.ndarray, weight: float) -> np.ndarray:
        X = super()._describe(canonical, weight)
        if find_descriptor(self.descriptor_).begins_with_RE:
            X[:, : len(self._r_eq_factor)] *= self._r_eq_factor
        return X

    def _images(self, canonical: np.ndarray, weight: float) -> np.ndarray:
        images = self._elements.images(canonical)
        flat = self._describe(images.reshape(-1, *canonical.shape[1:]), weight)
        return flat.reshape(len(images), len(canonical), -1)

    def _characters(self) -> np.ndarray:
        return self._elements.characters(self.property)

    def _sigmas(self, X: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
        fitted, _ = validation_split(len(X), self.validation_fraction, self.seed, groups)
        return super()._sigmas(X[fitted], groups[fitted])

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = super()._arrays()
        del arrays["descriptors"]
        return {"canonical": self._canonical, **arrays}

    def _metadata(self) -> dict[str, Any]:
        return super()._metadata() | {"axes": self.axes_}

    def _restore_arrays(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        self._set_group()
        self._canonical = arrays["canonical"]
        self._elements = self._find_elements(self._canonical)
        self.coordinate_weight_ = metadata["coordinate_weight"]
        images = self._images(self._canonical, self.coordinate_weight_)
        self._restore_regression(arrays, images)

    def _averaged_over(self) -> PermutationInversionGroup:
        group = find_group(self.molecule)
        return group if self.permutation_inversion else group.identity()

    def _set_group(self) -> None:
        self.group_ = self._averaged_over()
        # Equal pairs must have the same r_eq, whatever the reference geometry.
        reference = self.molecule.reference
        r_eq = equilibrium_distances(reference, self.group_.permutations)
        self._r_eq_factor = r_eq / pair_distances(reference)

    def _find_elements(self, positions: np.ndarray) -> AxesGroup:
        """Elements that the kernel is averaged over; `positions` are those of training frames."""
        every = axes_group(self.group_)
        if self.axis_signs:
            return every
        rotations = canonical_axes(self.axes_, positions, self.molecule).rotations
        chosen = []
        for n, image in enumerate(self.group_.act_on_positions(positions)):
            turned = canonical_axes(self.axes_, image, self.molecule).rotations
            signs = np.einsum("fix,fix->fi", turned, rotations)  # -> [n_frames, 3]
            if np.ptp(signs, axis=0).max() > _SIGN_TOLERANCE:
                raise NotApplicableError(
                    f"axes {self.axes_!r}: exchanging equal atoms changes the signs of some frames "
                    "and not of others; average over the signs, too"
                )
            place = int(np.argmin(np.abs(PROPER_SIGNS - signs.mean(axis=0)).sum(axis=1)))
            chosen.append(n * len(PROPER_SIGNS) + place)
        return AxesGroup(every.signs[chosen], every.permutations[chosen], every.parities[chosen])

    def _check_axes(self, positions: np.ndarray) -> None:
        """Refuse axes of which an element of the group changes more than signs."""
        sample = positions[:20]
        axes = canonical_axes(self.axes_, sample, self.molecule)
        usable = ~axes.near_degenerate
        for image in self.group_.act_on_positions(sample):
            turned = canonical_axes(self.axes_, image, self.molecule).rotations
            change = np.einsum("fix,fjx->fij", turned, axes.rotations)[usable]
            if np.abs(np.abs(change) - np.eye(3)).max(initial=0.0) > _SIGN_TOLERANCE:
                raise NotApplicableError(
                    f"axes {self.axes_!r} cannot be symmetrized: exchanging equal atoms does more "
                    "to them than change signs; use inertia axes or 'bond-axis'"
                )

    def _check_descriptor(self, canonical: np.ndarray) -> None:
        """Refuse descriptors whose distances an element of the group changes."""
        if jumps := find_descriptor(self.descriptor_).jumps:
            raise NotApplicableError(
                f"descriptor {self.descriptor_!r} cannot be symmetrized: {jumps} jumps where signs "
                "of axes change; use RExyzCl or RExyz"
            )
        weights = given_weights(self.coordinate_weight, self.descriptor_)
        images = self._images(canonical[:5], max(weights))
        expected = distance(self.kernel_, images[0])
        for image in images:
            change = np.abs(distance(self.kernel_, image) - expected).max()
            if change > _SIGN_TOLERANCE * max(1.0, expected.max()):
                raise NotApplicableError(
                    f"descriptor {self.descriptor_!r} cannot be symmetrized: exchanging equal "
                    "atoms or changing signs of axes alters its distances; use RE, xyz or RExyz, "
                    "or name all equal atoms as anchors"
                )
