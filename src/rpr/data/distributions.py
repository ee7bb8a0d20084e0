"""Quantities of frames that do not depend on their orientation, and their distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import require_package
from rpr.molecule import plausibility
from rpr.molecule.molecule import Molecule
from rpr.units import BOHR3, DEBYE, KCAL_MOL

if TYPE_CHECKING:
    from pandas import DataFrame


def frame_quantities(frames: FrameSet) -> dict[str, tuple[np.ndarray, str]]:
    r"""Values, [n_frames], and unit of each quantity that the frames carry.

    Energies are relative to the lowest one, the force is the largest on an atom, and the
    anisotropy of the polarizability with eigenvalues a, b, c is
    :math:`\sqrt{((a - b)^2 + (b - c)^2 + (c - a)^2) / 2}`.

    Parameters
    ----------
    frames
        Frames with some labels.

    Returns
    -------
    dict
        ``energy`` (kcal/mol), ``largest force`` (kcal/mol/Angstrom), ``dipole`` (D),
        ``mean polarizability`` and ``polarizability anisotropy`` (bohr^3).
    """
    found = {}
    if frames.energy is not None:
        found["energy"] = (frames.energy - frames.energy.min()) / KCAL_MOL, "kcal/mol"
    if frames.forces is not None:
        largest = np.linalg.norm(frames.forces, axis=2).max(axis=1)
        found["largest force"] = largest / KCAL_MOL, "kcal/mol/Angstrom"
    if frames.dipole is not None:
        found["dipole"] = np.linalg.norm(frames.dipole, axis=1) / DEBYE, "D"
    if frames.polarizability is not None:
        values = np.linalg.eigvalsh(frames.polarizability) / BOHR3
        found["mean polarizability"] = values.mean(axis=1), "bohr^3"
        squared = ((values - values[:, [1, 2, 0]]) ** 2).sum(axis=1) / 2
        found["polarizability anisotropy"] = np.sqrt(squared), "bohr^3"
    return found


def bond_lengths(
    frames: FrameSet, bonds: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, list[str]]:
    """Lengths of all bonds in Angstrom, [n_frames, n_bonds], and their names, such as Cl0-C1."""
    lengths = plausibility.bond_lengths(frames.positions, bonds)
    return lengths, [f"{frames.symbols[a]}{a}-{frames.symbols[b]}{b}" for a, b in bonds]


def bond_lengths_by_elements(
    frames: FrameSet, bonds: Sequence[tuple[int, int]]
) -> dict[str, np.ndarray]:
    """Lengths in Angstrom of all bonds between two elements, by names such as C-Cl."""
    lengths, _ = bond_lengths(frames, bonds)
    found: dict[str, list[np.ndarray]] = {}
    for (i, j), r in zip(bonds, lengths.T, strict=True):
        name = "-".join(sorted((frames.symbols[i], frames.symbols[j])))
        found.setdefault(name, []).append(r)
    return {name: np.concatenate(r) for name, r in sorted(found.items())}


COLUMNS = ["quantity", "low", "high", "density", "unit", "n_frames"]

#: Width of a bin: degrees, kcal/mol, kcal/mol/Angstrom, Debye, bohr^3, Angstrom.
WIDTHS = {
    "dihedral": 7.5,
    "energy": 0.75,
    "force": 10.0,
    "dipole": 0.1,
    "polarizability": 0.5,
    "anisotropy": 1.5,
    "bond": 0.02,
}

_TITLES = {
    "energy": ("energy", "relative energy"),
    "largest force": ("force", "largest force"),
    "dipole": ("dipole", r"dipole $|\mu|$"),
    "mean polarizability": ("polarizability", "mean polarizability"),
    "polarizability anisotropy": ("anisotropy", "anisotropy"),
}


def table(frames: FrameSet, molecule: Molecule) -> DataFrame:
    """Histograms of dihedral, energy, force, |dipole|, polarizability and bond lengths.

    Parameters
    ----------
    frames
        Frames with some labels.
    molecule
        Its bonds are used.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; densities integrate to one. Edges are multiples of `WIDTHS`, so that two
        sets can be compared bin by bin. Quantities that the frames do not carry have no rows.
    """
    rows = []
    if len(frames):
        for quantity, (kind, numbers, unit) in _quantities(frames, molecule).items():
            width = WIDTHS[kind]
            first, last = np.floor(numbers.min() / width), np.floor(numbers.max() / width)
            edges = width * np.arange(first, last + 2)
            density, _ = np.histogram(numbers, edges, density=True)
            rows += [
                (quantity, float(low), float(low + width), float(d), unit, len(frames))
                for low, d in zip(edges, density, strict=False)
            ]
    return require_package("pandas", extra="plots").DataFrame(rows, columns=COLUMNS)


def _quantities(frames: FrameSet, molecule: Molecule) -> dict[str, tuple[str, np.ndarray, str]]:
    """Kind, numbers and unit of each quantity that the frames carry, by its title."""
    found: dict[str, tuple[str, np.ndarray, str]] = {}
    if frames.dihedral is not None:
        found["dihedral"] = ("dihedral", frames.dihedral, "°")
    for name, (numbers, unit) in frame_quantities(frames).items():
        kind, title = _TITLES[name]
        found[title] = (kind, numbers, unit)
    for name, lengths in bond_lengths_by_elements(frames, molecule.bonds).items():
        found[f"bond {name.replace('-', '–')}"] = ("bond", lengths, "Å")
    return found
