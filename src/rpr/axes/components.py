"""Names and order of the components of dipole and polarizability.

A dipole has the components ``mu_x, mu_y, mu_z``; a polarizability, being symmetric, the six of
the upper triangle, row by row.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError

DIPOLE_COMPONENTS = ("mu_x", "mu_y", "mu_z")

POLARIZABILITY_COMPONENTS = (
    "alpha_xx",
    "alpha_xy",
    "alpha_xz",
    "alpha_yy",
    "alpha_yz",
    "alpha_zz",
)

COMPONENTS = {"dipole": DIPOLE_COMPONENTS, "polarizability": POLARIZABILITY_COMPONENTS}

#: Tensor rank of each property.
RANK = {"dipole": 1, "polarizability": 2}
_UPPER = np.triu_indices(3)


def component_names(property: str) -> tuple[str, ...]:
    """Component names of ``"dipole"`` or ``"polarizability"``.

    Raises
    ------
    InputError
        If the property has no components here.
    """
    if property not in COMPONENTS:
        raise InputError(f"property: found {property!r}, expected one of {', '.join(COMPONENTS)}")
    return COMPONENTS[property]


def property_of(component: str) -> str:
    """Property that a component name belongs to.

    Raises
    ------
    InputError
        If no property has a component of that name.
    """
    for property, names in COMPONENTS.items():
        if component in names:
            return property
    known = ", ".join(sum(COMPONENTS.values(), ()))
    raise InputError(f"component: found {component!r}, expected one of {known}")


def to_components(values: np.ndarray) -> np.ndarray:
    """Independent components of vectors or symmetric matrices.

    Parameters
    ----------
    values : array, [n, 3] or [n, 3, 3]

    Returns
    -------
    array, [n, 3] or [n, 6]

    Raises
    ------
    InputError
        If the shape is neither.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim == 2 and values.shape[1] == 3:
        return values.copy()
    if values.ndim == 3 and values.shape[1:] == (3, 3):
        symmetric = 0.5 * (values + values.transpose(0, 2, 1))
        return symmetric[:, *_UPPER]  # -> [n, 6]
    raise InputError(f"values: found shape {values.shape}, expected [n, 3] or [n, 3, 3]")


def from_components(components: np.ndarray) -> np.ndarray:
    """Vectors or symmetric matrices from their components; the inverse of `to_components`.

    Parameters
    ----------
    components : array, [n, 3] or [n, 6]

    Returns
    -------
    array, [n, 3] or [n, 3, 3]

    Raises
    ------
    InputError
        If the shape is neither.
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
    raise InputError(f"components: found shape {components.shape}, expected [n, 3] or [n, 6]")
