"""Signs of Cartesian components under axis signs and permutation-inversion.

An element g = (S, P, s) of the symmetry group of canonical coordinates chooses other signs for the
axes (S, one of the four proper diagonal sign matrices), permutes equal atoms and may invert:

    (g x)_i = s S x_{P(i)},   mu_c(g x) = s S mu_c(x),   alpha_c(g x) = S alpha_c(x) S.

Each component is multiplied by a sign, its character: s S_xx for mu_x, S_xx S_yy for alpha_xy.
Axes that a permutation or the inversion can only turn by 180 degrees (inertia, bond-axis) have
this symmetry; the sum over S makes an average independent of any sign rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.axes.components import component_names
from rpr.axes.sign_rules import PROPER_SIGNS
from rpr.molecule.permutation_inversion import PermutationInversionGroup

_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True, eq=False)
class AxesGroup:
    """Product of the four proper axis signs and a permutation-inversion group.

    Attributes
    ----------
    signs : array, [n_elements, 3]
        s times the diagonal of S.
    permutations : int array, [n_elements, n_atoms]
        P.
    parities : array, [n_elements]
        s.
    """

    signs: np.ndarray
    permutations: np.ndarray
    parities: np.ndarray

    def __len__(self) -> int:
        return len(self.signs)

    def images(self, canonical: np.ndarray) -> np.ndarray:
        """Canonical coordinates under every element.

        Parameters
        ----------
        canonical : array, [n_frames, n_atoms, 3]
            Angstrom.

        Returns
        -------
        array, [n_elements, n_frames, n_atoms, 3]
        """
        permuted = np.swapaxes(canonical[:, self.permutations], 0, 1)
        return self.signs[:, None, None, :] * permuted

    def characters(self, property: str) -> np.ndarray:
        """Signs with which the components of a property transform.

        Parameters
        ----------
        property
            ``"dipole"`` or ``"polarizability"``.

        Returns
        -------
        array, [n_components, n_elements]
        """
        rows = []
        for name in component_names(property):
            axes = [_AXES[letter] for letter in name.split("_")[1]]
            rows.append(self.signs[:, axes].prod(axis=1))
        return np.array(rows)


def axes_group(group: PermutationInversionGroup) -> AxesGroup:
    """Group of canonical coordinates from a permutation-inversion group."""
    n = len(PROPER_SIGNS)
    parities = np.repeat(group.parities, n)
    return AxesGroup(
        signs=parities[:, None] * np.tile(PROPER_SIGNS, (len(group), 1)),
        permutations=np.repeat(group.permutations, n, axis=0),
        parities=parities,
    )
