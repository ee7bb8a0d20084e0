"""Checks of energies and forces: their units, and that the forces belong to the energies."""

from __future__ import annotations

import numpy as np

from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED, OK, Finding, in_unit
from rpr.data.consistency.neighbours import SAME_GEOMETRY, Pairs
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import bond_lengths
from rpr.units import ACCEPTED

#: Force constants of bonds, in eV/Angstrom^2: 20 for a single bond of heavy atoms, 30 for C-H, 48
#: for O-H, 120 for a triple bond.  The median over the bonds of a molecule lies in this range.
FORCE_CONSTANTS = (8.0, 130.0)

#: Largest deviation of a slope from 1, and largest scatter about it, that rounding and the distance
#: between neighbours explain.
SLOPE, SCATTER = 0.15, 0.5

#: Fewest frames or pairs that a slope is fitted to.
FEWEST = 8

#: Fewest frames among which some are similar enough for differences of energy.
FEWEST_FRAMES = 15

#: Standard errors of a slope by which it may deviate further.
ERRORS = 3.0
_TYPICAL = 32.0  # eV/Angstrom^2
_BOTH = ("energy", "forces")


def force_constant(frames: FrameSet, molecule: Molecule) -> float | None:
    """Median slope of the force along a bond against its length, negated.

    Returns
    -------
    float or None
        In the unit of the forces per Angstrom; None if the bonds vary too little or there are too
        few frames.
    """
    if frames.forces is None or not molecule.bonds or len(frames) < FEWEST:
        return None
    lengths = bond_lengths(frames.positions, molecule.bonds)
    i, j = np.array(molecule.bonds).T
    along = (frames.positions[:, j] - frames.positions[:, i]) / lengths[..., None]
    pull = np.einsum("fbx,fbx->fb", frames.forces[:, j] - frames.forces[:, i], along) / 2
    stretch = lengths - lengths.mean(axis=0)
    variances = (stretch**2).mean(axis=0)
    moving = variances > 1e-6
    if not moving.any():
        return None
    slopes = (stretch * pull).mean(axis=0)[moving] / variances[moving]
    return float(-np.median(slopes))


def work_slope(frames: FrameSet, pairs: Pairs) -> tuple[float, float, float] | None:
    """How far the work of the forces explains differences of energy between similar frames.

    With x_b = Q x_a + d the energy changes by about -(Q F_a + F_b) d / 2.

    Returns
    -------
    tuple of float, or None
        Median ratio of the change of energy and this work, its relative scatter (median absolute
        deviation), and its standard error, 1.2533 sigma / sqrt(n) with sigma = 1.4826 times the
        deviation; None without enough pairs.
    """
    if frames.energy is None or frames.forces is None:
        return None
    if len(frames) < FEWEST_FRAMES:
        return None
    pairs = pairs.subset(pairs.distances > SAME_GEOMETRY)
    pairs = pairs.subset(np.arange(len(pairs)) < max(FEWEST, len(pairs) // 4))
    if len(pairs) < FEWEST:
        return None
    turned = frames.forces[pairs.first] @ np.swapaxes(pairs.rotations, 1, 2)
    mean = (turned + frames.forces[pairs.second]) / 2
    work = -np.einsum("pax,pax->p", mean, pairs.displacements)
    change = frames.energy[pairs.second] - frames.energy[pairs.first]
    large = np.abs(work) >= np.median(np.abs(work))
    if not np.any(work[large]):
        return None
    ratios = change[large] / work[large]
    median = float(np.median(ratios))
    deviation = float(np.median(np.abs(ratios - median)))
    error = 1.2533 * 1.4826 * deviation / len(ratios) ** 0.5
    return median, deviation / max(abs(median), 1e-12), error


def check_force_unit(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether bonds are as stiff as bonds are, by forces in eV/Angstrom."""
    name = "unit and sign of forces"
    found = force_constant(frames, molecule)
    if found is None:
        return Finding(name, NOT_TESTED, "no forces, or too few frames with vibrating bonds")
    text = f"bonds resist with a median of {found:.3g} eV/Angstrom^2"
    low, high = FORCE_CONSTANTS
    if low < found < high:
        return Finding(name, OK, text)
    if found < 0 and low < -found < high:
        remedy = "change their sign, or read them as gradients (--gradients, gradients=True)"
        return Finding(
            name, IMPLAUSIBLE, f"{text}: these are gradients, not forces; {remedy}", ("forces",)
        )
    if not found:
        return Finding(name, IMPLAUSIBLE, "forces do not change with bonds", ("forces",))
    unit = force_unit(abs(found))
    sign = ", with the sign of gradients" if found < 0 else ""
    guess = ""
    if unit != "eV/Angstrom":
        guess = f"; the forces may be in {unit}{sign}: name their unit ({in_unit('forces', unit)})"
    return Finding(name, IMPLAUSIBLE, f"{text}, expected {low:g} to {high:g}{guess}", ("forces",))


def check_energies(frames: FrameSet, molecule: Molecule, pairs: Pairs) -> Finding:
    """Whether the forces explain the energies."""
    name = "energies against forces"
    found = work_slope(frames, pairs)
    if found is None:
        return Finding(name, NOT_TESTED, "needs energies and forces of more similar frames")
    slope, scatter, error = found
    text = f"energies change by {slope:.3g} times the work of the forces (scatter {scatter:.0%})"
    if scatter > SCATTER:
        close = float(np.median(pairs.distances)) < 0.05
        verdict = IMPLAUSIBLE if close else NOT_TESTED
        why = "forces and energies do not belong together" if close else "frames differ too much"
        return Finding(name, verdict, f"{text}: {why}", _BOTH, contradiction=close)
    if abs(slope - 1) < SLOPE:
        return Finding(name, OK, text)
    if abs(slope - 1) < SLOPE + ERRORS * error:
        return Finding(name, NOT_TESTED, f"{text}: too few similar frames")
    text = f"{text}, expected 1{_guess(frames, molecule, slope)}"
    return Finding(name, IMPLAUSIBLE, text, _BOTH, contradiction=True)


def force_unit(constant: float) -> str:
    """Unit of forces that makes a force constant the most usual one."""
    sizes = ACCEPTED["forces"]
    return min(sizes, key=lambda unit: abs(np.log(constant * sizes[unit] / _TYPICAL)))


def _guess(frames: FrameSet, molecule: Molecule, slope: float) -> str:
    """Which units or signs explain a slope, in words."""
    if abs(slope + 1) < SLOPE:
        return "; the forces have the sign of gradients: read them so (--gradients, gradients=True)"
    constant = force_constant(frames, molecule)
    size = ACCEPTED["forces"][force_unit(abs(constant))] if constant else 1.0
    energy_size = size / abs(slope)
    for unit, expected in ACCEPTED["energy"].items():
        if abs(energy_size / expected - 1) < SLOPE and unit != "eV":
            how = in_unit("energy", unit)
            return f"; the energies may be in {unit}: name their unit ({how})"
    return "; energies and forces are not in eV and eV/Angstrom"
