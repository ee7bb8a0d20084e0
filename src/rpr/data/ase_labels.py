"""Labels that ASE atoms carry, in `info`, in `arrays`, or as results of a calculator.

ASE has no place of its own for every label: energy, forces and dipole are results of a calculator,
a polarizability is nine numbers in `info`, row by row, and derivatives of the dipole are an array
of nine columns, ``dipole_derivatives``, of which column 3 x + k is d mu_k / d R_x of the atom.
ASE's ``born_effective_charges`` may hold the transpose and are never taken for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from rpr.errors import InputError

_OF_CALCULATOR = ("energy", "forces", "dipole")


def label_of(image: Atoms, name: str) -> Any:
    """A label that atoms carry, or None.

    Results of a calculator count only if the atoms have not moved since; nothing is computed.
    """
    if name in image.info:
        return image.info[name]
    if name in image.arrays:
        return image.arrays[name]
    calculator = image.calc
    if calculator is None or name not in getattr(calculator, "results", {}):
        return None
    return None if calculator.check_state(image) else calculator.results[name]


def labels_of(
    images: Sequence[Atoms], name: str, shape: tuple[int | str, ...], source: str
) -> np.ndarray | None:
    """A label of each of a sequence of atoms, or None if none of them has it.

    Parameters
    ----------
    images
        Frames of one molecule.
    name
        Name of the label.
    shape
        Its shape for one frame, ``"A"`` standing for the number of atoms; nine numbers are taken
        as a matrix, row by row, where it is one.
    source
        What the message of an error names first.

    Returns
    -------
    array, [n_frames, ...]

    Raises
    ------
    InputError
        If only some frames have the label, or its shape is wrong.
    """
    values = [label_of(image, name) for image in images]
    missing = [k for k, value in enumerate(values) if value is None]
    if len(missing) == len(values):
        return None
    if missing:
        raise InputError(
            f"{source}: frame {missing[0]} has no {name}, but others have; complete or remove it"
        )
    expected = tuple(len(images[0]) if n == "A" else n for n in shape)
    try:
        column = np.array(values, dtype=float)
        return column.reshape(len(values), *expected)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{source}: {name} does not hold numbers of shape {expected} in every frame"
        ) from error


def attach_labels(atoms: Atoms, labels: Mapping[str, np.ndarray]) -> Atoms:
    """The atoms with labels where `label_of` and ASE's readers and writers look for them.

    Parameters
    ----------
    atoms
        Changed in place.
    labels
        Values of one frame by name.

    Returns
    -------
    Atoms
    """
    results: dict[str, Any] = {name: labels[name] for name in _OF_CALCULATOR if name in labels}
    for name, value in labels.items():
        if name == "dipole_derivatives":
            atoms.arrays[name] = np.reshape(value, (len(atoms), 9))
        elif name == "polarizability":
            atoms.info[name] = np.ravel(value)
        elif name not in results and np.ndim(value) == 0:
            atoms.info[name] = value.item()
    if "energy" in results:
        results["energy"] = float(results["energy"])
    if results:
        atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms
