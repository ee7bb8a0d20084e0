"""Invariant features and tensors of a molecule in the covariant model, and of its images."""

from __future__ import annotations

import numpy as np

from rpr.models.covariant_features import WITH_ANGLES, PairFeatures
from rpr.models.covariant_tensors import TensorBasis
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import equilibrium_distances, pair_classes
from rpr.molecule.permutation_inversion import find_group
from rpr.regression.covariant_kernel import CovariantKernel
from rpr.regression.kernel_derivatives import Observations
from rpr.regression.observed_kernel import ObservedKernel

#: Largest number of classes of pairs by symmetry, each of which has a width and a variance.  The
#: frames of a search do not determine more; pairs are then classed by elements and bonds instead.
MOST_CLASSES = 50


class CovariantDescription:
    """Features z and tensors T of frames of a molecule, and their derivatives.

    Parameters
    ----------
    molecule
        Its reference geometry and bonds give r_eq and the group.
    property
        ``"dipole"`` or ``"polarizability"``.
    tensors
        ``"pairs"`` or ``"bonds"``, see `rpr.models.covariant_tensors`.
    features
        ``"distances"``, ``"inverse"``, ``"exponential"``, ``"internal"`` or ``"bends"``, see
        `rpr.models.covariant_features`.
    permutation_inversion
        Whether the group is that of the molecule; otherwise its only element is the identity.
        Classes of features and tensors are those of the molecule's group in both cases.

    Attributes
    ----------
    group : PermutationInversionGroup
        Permutations and inversions that the model obeys.
    basis : TensorBasis
        The tensors.
    feature_classes : array of int, [n_features]
        Class of every feature.

    Raises
    ------
    InputError
        If a name is unknown.
    NotApplicableError
        If the molecule has nothing to make tensors of.
    """

    def __init__(
        self,
        molecule: Molecule,
        property: str,
        tensors: str,
        features: str,
        *,
        permutation_inversion: bool = True,
    ) -> None:
        group = find_group(molecule)
        r_eq = equilibrium_distances(molecule.reference, group.permutations)
        self._of_pairs = PairFeatures(features, molecule, r_eq)
        kinds = group.permutations.min(axis=0).tolist()
        self.feature_classes = pair_classes(kinds, molecule.bonds)
        if features in WITH_ANGLES and self.feature_classes.max() >= MOST_CLASSES:
            self.feature_classes = pair_classes(_kinds_by_bonds(molecule), molecule.bonds)
        self.basis = TensorBasis(property, tensors, molecule, group.permutations)
        self.group = group if permutation_inversion else group.identity()
        n_elements = len(self.group)
        self._signs = self.group.parities if property == "dipole" else np.ones(n_elements)

    def features(self, positions: np.ndarray) -> np.ndarray:
        """Features [n, n_features] of positions [n, n_atoms, 3], Angstrom."""
        return self._of_pairs(positions)

    def kernel(self, positions: np.ndarray) -> CovariantKernel:
        """Kernel between the values of frames, from positions [n, n_atoms, 3], Angstrom."""
        images = self.group.act_on_positions(positions)  # -> [n_elements, n_frames, n_atoms, 3]
        return CovariantKernel(
            features=self._image_features(images),
            tensors=self.basis(images),
            signs=self._signs,
            feature_classes=self.feature_classes,
            tensor_classes=self.basis.classes,
        )

    def observed_kernel(self, sets: tuple[Observations, ...]) -> ObservedKernel:
        """Kernel between all observed numbers of frames, those with derivatives first."""
        return ObservedKernel(sets, self._signs, self.feature_classes, self.basis.classes)

    @property
    def numbers_per_observation(self) -> int:
        """Numbers that describe one component of an observation in all images of its frame."""
        return len(self.group) * (len(self.feature_classes) + len(self.basis.classes))

    def observations(
        self, positions: np.ndarray, directions: np.ndarray | None = None
    ) -> Observations:
        """Values of frames, and their derivatives along directions.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Angstrom.
        directions : array, [n_frames, n_directions, n_atoms, 3], or None for values only
            Displacements of the atoms.
        """
        images = self.group.act_on_positions(positions)
        features = self._image_features(images)
        tensors = self.basis(images)[:, :, None]  # -> [n_elements, n_frames, 1, n_tensors, c]
        slopes = np.zeros((*features.shape[:2], 0, features.shape[2]))
        if directions is not None:
            moved = np.moveaxis(directions[:, :, self.group.permutations], 2, 0)
            moved = self.group.parities[:, None, None, None, None] * moved
            slopes = self._slopes(images, moved)
            tensors = np.concatenate([tensors, self.basis.derivatives(images, moved)], axis=2)
        return Observations(features, slopes, np.ascontiguousarray(np.swapaxes(tensors, 3, 4)))

    def _image_features(self, images: np.ndarray) -> np.ndarray:
        flat = self.features(images.reshape(-1, *images.shape[2:]))
        return flat.reshape(*images.shape[:2], -1)

    def _slopes(self, positions: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Derivatives of the features along directions, [..., n_directions, n_features]."""
        vectors = self._of_pairs
        moved = directions[..., vectors.ends, :] - directions[..., vectors.starts, :]
        changes = np.einsum("...vx,...mvx->...mv", vectors.gradients(positions), moved)
        return changes @ (vectors.places[:, None] == np.arange(len(self.feature_classes)))

    def jacobian(self, positions: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """Derivatives by positions from derivatives by the features.

        Parameters
        ----------
        positions : array, [n, n_atoms, 3]
            Angstrom.
        slopes : array, [n, n_components, n_features]
            Derivatives of each component by the features.

        Returns
        -------
        array, [n, n_components, n_atoms, 3]
        """
        vectors = self._of_pairs
        numbers = np.arange(len(vectors.places))
        incidence = np.zeros((positions.shape[1], len(numbers)))  # d vector / d R_A
        incidence[vectors.ends, numbers] = 1.0
        incidence[vectors.starts, numbers] = -1.0
        gradients = vectors.gradients(positions)
        return incidence @ (slopes[..., vectors.places, None] * gradients[:, None])


def _kinds_by_bonds(molecule: Molecule) -> list[int]:
    """Kinds of atoms by element and number of bonds."""
    n_bonds = np.array([len(near) for near in molecule.neighbours])
    return (molecule.numbers * molecule.n_atoms + n_bonds).tolist()
