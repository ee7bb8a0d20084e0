"""Labels of a frame in ASE atoms: in `info`, in `arrays`, and as results of a calculator.

ASE has no place of its own for every label: energy, forces and dipole are results of a calculator,
a polarizability is nine numbers in `info`, row by row, and derivatives of the dipole are an array
of nine columns, ``dipole_derivatives``, of which column 3 x + k is d mu_k / d R_x of the atom.
ASE's ``born_effective_charges`` may hold the transpose and are never taken for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

_OF_CALCULATOR = ("energy", "forces", "dipole")


def attach_labels(atoms: Atoms, labels: Mapping[str, np.ndarray]) -> Atoms:
    """The atoms with labels in places that survive ASE's readers and writers.

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
        if name.endswith("_derivatives"):
            atoms.arrays[name] = np.array(value).reshape(len(atoms), -1)
        elif name == "polarizability":
            atoms.info[name] = np.array(value).ravel()
        elif name not in results and np.ndim(value) == 0:
            atoms.info[name] = value.item()
    if "energy" in results:
        results["energy"] = float(results["energy"])
    if results:
        atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def without_outdated_results(atoms: Atoms) -> Atoms:
    """The atoms, without their calculator if they have moved since it computed its results."""
    if atoms.calc is None or not atoms.calc.results or not atoms.calc.check_state(atoms):
        return atoms
    return atoms.copy()  # which has no calculator
