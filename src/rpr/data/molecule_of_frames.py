"""The molecule of frames: reference geometry, bonds that all frames have, feasible motions.

A bond to a hydrogen that moves from one atom to another, as in malonaldehyde or H5O2+, is left out:
the molecule is then symmetric in both atoms.  It moves if the heavy atom nearest to it changes and
some frames lie in between, |r(A-H) - r(B-H)| < `BETWEEN`; hydrogens whose numbers are exchanged
never do.  A pyramid of three bonds that occurs with both signs of its triple product inverts, and a
bond between planar atoms that occurs cis and trans turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from ase import Atoms

from rpr.data.given_frames import Frames, frame_set_of
from rpr.data.reference_frame import choose_reference
from rpr.molecule.molecule import Molecule
from rpr.molecule.rotors import find_rotors, suggest_anchors
from rpr.molecule.stereo import planar_atoms, rigid_bonds, sides, triple_products

#: Largest difference of two bond lengths, Angstrom, of a hydrogen on its way.
BETWEEN = 0.6

#: Fewest frames that show a motion, and fewest as a part of all frames.
FEWEST, PART = 2, 0.01
_UNRELATED = 2.0  # Angstrom, from which a hydrogen is bonded to nothing

Pairs = Sequence[Sequence[int]]


@dataclass(frozen=True)
class FoundMolecule:
    """A molecule, and what was found about it.

    Parameters
    ----------
    molecule
        With reference geometry, anchors, dihedral, bonds and motions.
    reference
        Where the reference geometry comes from, in words.
    notes
        What was found in the frames that the reference geometry alone does not show.
    """

    molecule: Molecule
    reference: str
    notes: tuple[str, ...]


def find_molecule(
    frames: Frames,
    *,
    reference: Atoms | None = None,
    bonds: Pairs | None = None,
    group: str = "auto",
    inverting: Sequence[int] | None = None,
    turning: Pairs | None = None,
    anchors: Sequence[int] | None = None,
    dihedral: Sequence[int] | None = None,
) -> FoundMolecule:
    """The molecule of frames; what is given is taken as it is, and the rest is found.

    Parameters
    ----------
    frames
        Frames of one molecule, their atoms in one order: a `FrameSet`, ASE atoms, or a file.
    reference
        Reference geometry; the default is the frame of lowest energy, or without energies the one
        closest to the median distances.
    bonds
        Pairs of bonded atoms; the default are those of the reference geometry without those of
        hydrogens that move from atom to atom.
    group
        As for `Molecule`.
    inverting
        Atoms whose pyramids invert; the default are those that do in the frames.
    turning
        Bonds that turn although both ends are planar; the default are those that do in the frames.
    anchors, dihedral
        As for `Molecule`; the default are suggestions for the slowest rotor.

    Returns
    -------
    FoundMolecule
        Its attribute `molecule` is what models take.

    Raises
    ------
    InputError
        If an index is no atom, there is no such group, or atoms lie on top of each other.
    """
    frames, words = frame_set_of(frames), "as given"
    if reference is None:
        k, why = choose_reference(frames)
        reference, words = frames.atoms(k), f"frame {k}, {why}"
    found = Molecule.from_atoms(reference, bonds=bonds, group=group)
    notes: list[str] = []
    if bonds is None:
        found, notes = _without_moving(found, frames.positions)
    make = partial(Molecule.from_atoms, reference, bonds=found.bonds, group=group)
    if inverting is None:
        inverting = inverting_atoms(frames.positions, found)
        if inverting:
            atoms = ", ".join(map(str, inverting))
            notes.append(f"pyramids invert in the frames at atom {atoms}")
    found = make(inverting=inverting)
    if turning is None:
        turning = turning_bonds(frames.positions, found)
        if turning:
            notes.append(f"bond {_listed(turning)} between planar atoms turns in the frames")
    make = partial(make, inverting=inverting, turning=turning)
    if dihedral is None:
        rotors = find_rotors(make())
        dihedral = rotors[0].dihedral if rotors else None
    complete = make(anchors=anchors or (), dihedral=dihedral)
    if anchors is None:
        complete = replace(complete, anchors=suggest_anchors(complete))
    return FoundMolecule(complete, words, tuple(notes))


def _without_moving(molecule: Molecule, positions: np.ndarray) -> tuple[Molecule, list[str]]:
    """The molecule without the bonds of hydrogens that move, and a note if there are some."""
    moving = moving_hydrogens(positions, molecule)
    if not moving:
        return molecule, []
    left = [bond for bond in molecule.bonds if set(bond) & set(moving)]
    kept = tuple(bond for bond in molecule.bonds if bond not in left)
    atoms = ", ".join(map(str, moving))
    note = (
        f"hydrogen {atoms} moves from atom to atom: its bonds {_listed(left)} are left out "
        "(--bonds or bonds= give others)"
    )
    return replace(molecule, bonds=kept), [note]


def moving_hydrogens(positions: np.ndarray, molecule: Molecule) -> tuple[int, ...]:
    """Hydrogens bonded in the reference geometry that move from one heavy atom to another.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its symbols and bonds are used.
    """
    heavy = np.flatnonzero(molecule.numbers > 1)
    if len(heavy) < 2:
        return ()
    bonded = {atom for bond in molecule.bonds for atom in bond}
    found = []
    for h in np.flatnonzero(molecule.numbers == 1):
        lengths = np.linalg.norm(positions[:, heavy] - positions[:, h, None], axis=2)
        two = np.sort(lengths, axis=1)[:, :2]
        nearest = heavy[lengths.argmin(axis=1)]
        usual = np.bincount(nearest).argmax()
        between = (two[:, 1] - two[:, 0] < BETWEEN) & (two[:, 1] < _UNRELATED)
        if h in bonded and (nearest != usual).any() and _enough(between):
            found.append(int(h))
    return tuple(found)


def inverting_atoms(positions: np.ndarray, molecule: Molecule) -> tuple[int, ...]:
    """Atoms with three bonds, not in a plane in the reference, whose pyramids invert in frames."""
    planar = planar_atoms(molecule)
    centres = [
        (atom, *near)
        for atom, near in enumerate(molecule.neighbours)
        if len(near) == 3 and atom not in planar
    ]
    volumes = triple_products(positions, np.array(centres, dtype=int).reshape(-1, 4))
    return tuple(
        atom
        for (atom, *_), found in zip(centres, volumes.T, strict=True)
        if _enough(found > 0) and _enough(found < 0)
    )


def turning_bonds(positions: np.ndarray, molecule: Molecule) -> tuple[tuple[int, int], ...]:
    """Bonds between planar atoms at which substituents are cis in some frames, trans in others."""
    rules = [(chain, sign) for (_, chain), (sign, _) in rigid_bonds(molecule).items()]
    found = sides(positions, np.array([chain for chain, _ in rules], dtype=int).reshape(-1, 4))
    turned = {
        (min(i, j), max(i, j))
        for ((_, i, j, _), sign), side in zip(rules, found.T, strict=True)
        if _enough(side * sign < 0)
    }
    return tuple(sorted(turned))


def _enough(chosen: np.ndarray) -> bool:
    return int(chosen.sum()) >= max(FEWEST, PART * len(chosen))


def _listed(bonds: Pairs) -> str:
    return ", ".join("-".join(map(str, bond)) for bond in bonds)
