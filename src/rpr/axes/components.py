"""Names and order of the components of dipole and polarizability.

A dipole has the components ``mu_x, mu_y, mu_z``; a polarizability, being symmetric, the six of
the upper triangle, row by row.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError

DIPOLE_COMPONENTS = ("mu_x", "mu_y", "mu_z")

POLARIZABILITY_COMPONENTS = ("alpha_xx", "alpha_xy", "alpha_xz", "alpha_yy", "alpha_yz", "alpha_zz")

COMPONENTS = {"dipole": DIPOLE_COMPONENTS, "polarizability": POLARIZABILITY_COMPONENTS}

#: Tensor rank of each property.
RANK = {"dipole": 1, "polarizability": 2}
_UPPER = np.triu_indices(3)


def component_names(property: str) -> tuple[str, ...]:
    """Names of the components of a property.

    Parameters
    ----------
    property
        ``"dipole"`` or ``"polarizability"``.

    Raises
    ------
    InputError
        If it is another property.
    """
    if property not in COMPONENTS:
        raise InputError(f"property: found {property!r}, expected one of {', '.join(COMPONENTS)}")
    return COMPONENTS[property]


def to_components(values: np.ndarray) -> np.ndarray:
    """Independent components of vectors or symmetric matrices.

    Parameters
    ----------
    values : array, [n_frames, 3] or [n_frames, 3, 3]

    Returns
    -------
    array, [n_frames, 3] or [n_frames, 6]

    Raises
    ------
    InputError
        If `values` has another shape.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim == 2 and values.shape[1] == 3:
        return values.copy()
    if values.ndim == 3 and values.shape[1:] == (3, 3):
        symmetric = 0.5 * (values + values.transpose(0, 2, 1))
        return symmetric[:, *_UPPER]  # -> [n_frames, 6]
    raise InputError(
        f"values: found shape {values.shape}, expected [n_frames, 3] or [n_frames, 3, 3]"
    )


def from_components(components: np.ndarray) -> np.ndarray:
    """Vectors or symmetric matrices from their components; undoes `to_components`.

    Parameters
    ----------
    components : array, [n_frames, 3] or [n_frames, 6]

    Returns
    -------
    array, [n_frames, 3] or [n_frames, 3, 3]

    Raises
    ------
    InputError
        If `components` has another shape.
    """
    components = np.asarray(components, dtype=float)
    if components.ndim == 2 and components.shape[1] == 3:
        return components.copy()
    if components.ndim == 2 and components.shape[1] == 6:
        matrices = np.empty((len(components), 3, 3))
        rows, columns = _UPPER
        matrices[:, rows, columns] = components
        matrices[:, columns, rows] = components
        return matrices
    raise InputError(
        f"components: found shape {components.shape}, expected [n_frames, 3] or [n_frames, 6]"
    )
