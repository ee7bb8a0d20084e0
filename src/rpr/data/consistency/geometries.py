"""Checks of geometries: unit, bonds, order of atoms, repeated frames."""

from __future__ import annotations

import numpy as np
from ase.data import covalent_radii

from rpr.data.consistency.finding import (
    ALL_MODELS,
    HANDED_MODELS,
    IMPLAUSIBLE,
    NOT_TESTED,
    NOTE,
    OK,
    Finding,
    some,
)
from rpr.data.consistency.neighbours import SAME_GEOMETRY
from rpr.data.distributions import frame_quantities
from rpr.data.frame_set import FrameSet
from rpr.data.known_geometries import first_of_each
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_distances, pair_indices
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.plausibility import FRAME_STRETCH, bond_lengths
from rpr.molecule.rotors import find_rotors
from rpr.molecule.stereo import centres_of_four_bonds, triple_products
from rpr.molecule.torsion import dihedral_angle

#: Median distance of an atom to its nearest neighbour in sums of covalent radii.
NEAREST = (0.7, 1.35)

#: Part of the frames up to which those of one hand are too few.
ONE_HAND = 0.05

#: Difference of labels of one geometry, relative to their standard deviation, that is too large.
OTHER_LABEL = 1e-3

_UNITS = {"bohr": 1.89, "nanometres": 0.1, "picometres": 100.0}


def check_position_unit(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether nearest neighbours are as far apart as bonded atoms are."""
    name = "unit of positions"
    first, second = pair_indices(molecule.n_atoms)
    if not len(first):
        return Finding(name, NOT_TESTED, "one atom has no distances")
    radii = covalent_radii[molecule.numbers]
    ratios = pair_distances(frames.positions) / (radii[first] + radii[second])
    nearest = np.stack(
        [
            ratios[:, (first == atom) | (second == atom)].min(axis=1)
            for atom in range(molecule.n_atoms)
        ]
    )
    median = float(np.nanmedian(nearest))
    text = f"nearest neighbours at {median:.2f} times the sum of their covalent radii"
    if NEAREST[0] < median < NEAREST[1]:
        return Finding(name, OK, text)
    unit, factor = min(_UNITS.items(), key=lambda item: abs(np.log(median / item[1])))
    guess = f"; positions may be in {unit}" if 0.7 < median / factor < 1.35 else ""
    return Finding(name, IMPLAUSIBLE, f"{text}, expected about 1{guess}")


def refuse_other_units(frames: FrameSet, source: str) -> None:
    """Refuse positions that are not in Angstrom, before they are computed for hours.

    Parameters
    ----------
    frames
        Frames of one molecule.
    source
        Where they come from, for the message.

    Raises
    ------
    InputError
        If nearest neighbours are not as far apart as bonded atoms are.
    """
    found = check_position_unit(frames, Molecule(frames.symbols, frames.positions[0]))
    if found.verdict == IMPLAUSIBLE:
        raise InputError(f"{source}: {found.text}; convert them to Angstrom")


def check_bonds(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether the bonds of the reference geometry are whole in every frame."""
    name = "bonds"
    if not molecule.bonds:
        return Finding(name, NOT_TESTED, "the reference geometry has no bonds")
    stretch = bond_lengths(frames.positions, molecule.bonds) / bond_lengths(
        molecule.reference, molecule.bonds
    )
    low, high = FRAME_STRETCH
    wrong = np.flatnonzero(((stretch < low) | (stretch > high)).any(axis=1))
    if not len(wrong):
        return Finding(name, OK, f"{len(molecule.bonds)} bonds are whole in every frame")
    bond = int(np.argmax(np.abs(np.log(stretch[wrong[0]]))))
    i, j = molecule.bonds[bond]
    return Finding(
        name,
        IMPLAUSIBLE,
        f"{some(wrong)}: bonds broken, or atoms in another order; in frame {wrong[0]} bond {i}-{j} "
        f"is {stretch[wrong[0], bond]:.2f} times its reference length",
    )


def check_handedness(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether like atoms keep their places at each atom with four bonds.

    Exchanging two atoms of such a centre changes the sign of the triple product of three of its
    bonds, which no vibration does.
    """
    name = "order of like atoms"
    centres = centres_of_four_bonds(molecule)
    if not len(centres):
        return Finding(name, NOT_TESTED, "no atom has four bonds")
    volumes = triple_products(frames.positions, centres)  # -> [n_frames, n_centres]
    usual = np.where(np.median(np.sign(volumes), axis=0) < 0, -1.0, 1.0)
    turned = volumes * usual < 0
    wrong = np.flatnonzero(turned.any(axis=1))
    if not len(wrong):
        return Finding(name, OK, f"every frame has the same handedness at {len(centres)} atoms")
    if turned[wrong].all():
        return Finding(name, NOTE, f"{some(wrong)} are mirror images in which every atom is kept")
    atom = centres[int(np.argmax(turned[wrong[0]]))][0]
    return Finding(
        name,
        IMPLAUSIBLE,
        f"{some(wrong)}: like atoms are exchanged, in frame {wrong[0]} at atom {atom}",
    )


def check_variety(frames: FrameSet) -> Finding:
    """Whether the frames are more than one geometry."""
    name = "variety of geometries"
    if len(frames) < 2 or len(frames.symbols) < 2:
        return Finding(name, NOT_TESTED, "one frame or one atom")
    widths = np.ptp(pair_distances(frames.positions), axis=0)
    text = f"distances between atoms vary by up to {widths.max():.2g} Angstrom"
    if widths.max() > SAME_GEOMETRY:
        return Finding(name, OK, text)
    return Finding(
        name,
        IMPLAUSIBLE,
        f"{text}: all {len(frames)} frames are the same geometry, from which no model learns how "
        "labels change; take frames of a trajectory or displace the atoms",
    )


def check_repeated(frames: FrameSet) -> Finding:
    """Whether geometries occur twice, turned or mirrored, and then have the same labels."""
    name = "repeated geometries"
    first = first_of_each(frames.positions, frames.symbols, mirrored=True)
    copies = np.flatnonzero(first != np.arange(len(first)))
    if not len(copies):
        return Finding(name, OK, "no geometry occurs twice")
    for quantity, (values, unit) in frame_quantities(frames).items():
        change = np.abs(values[copies] - values[first[copies]])
        wrong = np.flatnonzero(change > OTHER_LABEL * np.std(values) + 1e-6 * np.abs(values).max())
        if len(wrong):
            k = copies[wrong[0]]
            text = (
                f"{quantity} differs between copies of one geometry, by {change[wrong[0]]:.2g} "
                f"{unit} between frames {first[k]} and {k}"
            )
            return Finding(name, IMPLAUSIBLE, text)
    text = (
        f"{len(copies)} of {len(frames)} frames are copies of others, such as frame {copies[0]} of "
        f"frame {first[copies[0]]}"
    )
    return Finding(name, NOTE, text, concerns=ALL_MODELS)


def check_hands(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether torsions of both signs occur, where the molecule has mirror-image conformers."""
    name = "hands"
    rotors = [rotor for rotor in find_rotors(molecule) if rotor.fold == 1]
    inverted = find_group(molecule).inversions.any()
    if not rotors or not inverted or len(frames) < 2:
        return Finding(name, NOT_TESTED, "no torsion with mirror images")
    angles = dihedral_angle(frames.positions, rotors[0].dihedral)
    positive = int((angles > 0).sum())
    which = "-".join(map(str, rotors[0].dihedral))
    text = f"dihedral {which} from {angles.min():.0f} to {angles.max():.0f} degrees"
    if ONE_HAND < positive / len(frames) < 1 - ONE_HAND:
        return Finding(name, OK, f"{text}, positive in {positive} of {len(frames)} frames")
    return Finding(
        name,
        NOTE,
        f"{text}, positive in {positive} of {len(frames)} frames: one hand only; models without "
        "inversion fail for the other (covariant, symmetrized and folded do not)",
        concerns=HANDED_MODELS,
    )
