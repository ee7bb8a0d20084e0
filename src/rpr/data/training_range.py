"""The geometries that a model was trained on, and frames outside their range.

A frame is outside if a distance between two of its atoms is shorter or longer than in every
training frame, by more than `MARGIN` times the width of the range of this distance.  Pairs of atoms
that the model treats alike share one range.  A frame is outside as well if its atoms with four
bonds have another handedness than in every training frame, such as with two hydrogens exchanged.
For a model to which mirror images are different, a frame is outside if no training frame has a
similar dihedral (of the same sign).

The range is a box: it says where a prediction is an extrapolation for certain, not that it is safe
everywhere else.  The predicted uncertainty of a model says more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_distances, pair_permutations
from rpr.molecule.rotors import find_rotors
from rpr.molecule.stereo import centres_of_four_bonds, triple_products
from rpr.molecule.torsion import dihedral_angle

#: Part of the width of a range by which a distance may leave it.
MARGIN = 0.1

#: Sectors of the dihedral; a frame is outside if its own and both beside it are empty.
SECTORS = 24

#: Least width of a range, Angstrom, as of the distances in rigid molecules.
LEAST_WIDTH = 0.02
_BLOCK = 4096  # frames


@dataclass(frozen=True, eq=False)
class TrainingRange:
    """Ranges of the distances in training frames, and the sectors that their dihedrals lie in.

    Parameters
    ----------
    low, high : array, [n_pairs]
        Shortest and longest distance of each pair of atoms (in the order of
        :mod:`rpr.molecule.pairs`), Angstrom.
    dihedral
        Four atoms whose dihedral tells the hands apart, or None if they are alike to the model.
    sectors : bool array, [SECTORS]
        Whether a training frame has this dihedral in each sector, from -180 degrees on.
    centres : int array, [n_centres, 4]
        Atoms with four bonds, each with three of its neighbours; None in files written by earlier
        versions.
    hands : bool array, [n, n_centres]
        Which of their triple products are positive, once for each combination that is known.
    """

    low: np.ndarray
    high: np.ndarray
    dihedral: tuple[int, int, int, int] | None = None
    sectors: np.ndarray | None = None
    centres: np.ndarray | None = None
    hands: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        positions: np.ndarray,
        molecule: Molecule,
        *,
        permutations: np.ndarray | None = None,
        handed: bool = False,
    ) -> TrainingRange:
        """Range of training frames.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Angstrom.
        molecule
            Molecule of the frames.
        permutations : int array, [n_elements, n_atoms]
            Permutations of atoms that make no difference to the model; None for none.
        handed
            Whether mirror images are different to the model.
        """
        found = [pair_distances(block) for block in _blocks(positions)]
        low = np.min([block.min(axis=0) for block in found], axis=0)
        high = np.max([block.max(axis=0) for block in found], axis=0)
        if permutations is not None:
            classes = pair_permutations(permutations).min(axis=0)  # lowest pair of each orbit
            low = np.array([low[classes == k].min() for k in classes])
            high = np.array([high[classes == k].max() for k in classes])
        dihedral = _dihedral(molecule) if handed else None
        sectors = None
        if dihedral is not None:
            sectors = np.zeros(SECTORS, dtype=bool)
            sectors[_sector(positions, dihedral)] = True
        centres = centres_of_four_bonds(molecule)
        hands = _known_hands(positions, centres, permutations, handed=handed)
        return cls(low, high, dihedral, sectors, centres, hands)

    def outside(self, positions: np.ndarray) -> np.ndarray:
        """Which frames are outside the range.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Angstrom, in the order of the molecule's atoms.

        Returns
        -------
        bool array, [n_frames]
        """
        margin = MARGIN * np.maximum(self.high - self.low, LEAST_WIDTH)
        low, high = self.low - margin, self.high + margin
        found = [
            ((distances < low) | (distances > high)).any(axis=1)
            for distances in map(pair_distances, _blocks(positions))
        ]
        wrong = np.concatenate(found) if found else np.zeros(0, dtype=bool)
        if self.dihedral is not None and self.sectors is not None:
            near = self.sectors | np.roll(self.sectors, 1) | np.roll(self.sectors, -1)
            wrong |= ~near[_sector(positions, self.dihedral)]
        if self.centres is not None and self.hands is not None and len(self.centres):
            hands = triple_products(positions, self.centres) > 0
            wrong |= ~(hands[:, None] == self.hands).all(axis=2).any(axis=1)
        return wrong

    def to_json(self) -> dict:
        """The range in the types of JSON."""
        return {
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "dihedral": list(self.dihedral) if self.dihedral else None,
            "sectors": None if self.sectors is None else self.sectors.tolist(),
            "centres": None if self.centres is None else self.centres.tolist(),
            "hands": None if self.hands is None else self.hands.tolist(),
        }

    @classmethod
    def from_json(cls, content: Mapping) -> TrainingRange:
        """The range that `to_json` wrote."""
        four = content["dihedral"]
        dihedral = (four[0], four[1], four[2], four[3]) if four else None
        sectors, hands = (_array(content.get(name), bool) for name in ("sectors", "hands"))
        centres = _array(content.get("centres"), int)
        low, high = np.array(content["low"]), np.array(content["high"])
        return cls(low, high, dihedral, sectors, centres, hands)


def outside_text(outside: np.ndarray, numbers: np.ndarray | None = None) -> str:
    """How many frames are outside the range of training, in words; empty if none is.

    Parameters
    ----------
    outside : bool array, [n_frames]
        Which frames are outside.
    numbers : int array, [n_frames], or None
        What the frames are called; None counts them from 0.

    Examples
    --------
    >>> outside_text(np.array([False, True, False]))
    '1 of 3 frames is outside the range of the training frames (frame 1): an extrapolation'
    """
    found = np.flatnonzero(outside)
    if not len(found):
        return ""
    called = found if numbers is None else numbers[found]
    listed = ", ".join(map(str, called[:5])) + (", ..." if len(found) > 5 else "")
    one = len(found) == 1
    return (
        f"{len(found)} of {len(outside)} frames {'is' if one else 'are'} outside the range of the "
        f"training frames ({'frame' if one else 'frames'} {listed}): "
        f"{'an extrapolation' if one else 'extrapolations'}"
    )


def _blocks(positions: np.ndarray) -> list[np.ndarray]:
    return np.split(positions, range(_BLOCK, len(positions), _BLOCK)) if len(positions) else []


def _sector(positions: np.ndarray, dihedral: tuple[int, int, int, int]) -> np.ndarray:
    angles = dihedral_angle(positions, dihedral)
    return ((angles + 180.0) * SECTORS / 360.0).astype(int) % SECTORS


def _known_hands(
    positions: np.ndarray, centres: np.ndarray, permutations: np.ndarray | None, *, handed: bool
) -> np.ndarray:
    """Combinations of hands in training frames, and those that are the same to the model."""
    if not len(centres):
        return np.zeros((1, 0), dtype=bool)
    hands, examples = np.unique(triple_products(positions, centres) > 0, axis=0, return_index=True)
    if permutations is not None:
        images = positions[examples][:, permutations].reshape(-1, *positions.shape[1:])
        hands = np.concatenate([hands, triple_products(images, centres) > 0])
    return np.unique(hands if handed else np.concatenate([hands, ~hands]), axis=0)


def _array(values: list | None, kind: type) -> np.ndarray | None:
    return None if values is None else np.array(values, dtype=kind)


def _dihedral(molecule: Molecule) -> tuple[int, int, int, int] | None:
    if molecule.dihedral is not None:
        return molecule.dihedral
    rotors = [rotor for rotor in find_rotors(molecule) if rotor.fold == 1]
    return rotors[0].dihedral if rotors else None
