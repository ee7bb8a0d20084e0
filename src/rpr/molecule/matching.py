"""Atoms in another order than the molecule's: found by bonds, chosen by handedness and distances.

The bonds of a frame are found from its distances, and its atoms are assigned to those of the
molecule so that elements and bonds agree.  Several assignments do so if the molecule has like
atoms.  Of these, an assignment is allowed if it keeps what only breaking a bond could change, as in
:mod:`rpr.molecule.permutation_inversion`: the handedness of each centre, and cis and trans at rigid
bonds.  Two allowed assignments differ by a feasible permutation, under which energy, dipole and
polarizability do not change; of these the one whose distances are closest to the reference geometry
is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from ase import Atoms

from rpr.errors import InputError
from rpr.molecule.bond_graph import isomorphisms, neighbours
from rpr.molecule.molecule import Molecule, check_symbols, find_bonds
from rpr.molecule.pairs import pair_distances
from rpr.molecule.plausibility import FRAME_STRETCH, bond_lengths
from rpr.molecule.stereo import handedness, rigid_bonds, sides, triple_products

#: Longest bonds in sums of covalent radii that are tried one after the other: the first is that of
#: reference geometries, the others are for strongly stretched bonds and close contacts.
CUTOFFS = (1.2, 1.1, 1.3, 1.4)
#: Most assignments of the atoms of one frame that are compared.
MAX_ASSIGNMENTS = 20_000


class AtomMatcher:
    """Assigns the atoms of frames to those of a molecule.

    Parameters
    ----------
    molecule
        Its symbols, bonds and reference geometry are used.
    """

    def __init__(self, molecule: Molecule) -> None:
        self.molecule = molecule
        self._first, self._second = np.array(molecule.bonds, dtype=int).reshape(-1, 2).T
        squares = bond_lengths(molecule.reference, molecule.bonds) ** 2
        self._shortest, self._longest = (factor**2 * squares for factor in FRAME_STRETCH)
        near = molecule.neighbours
        rules = [(key, sign) for key, (sign, _) in handedness(molecule).items() if sign]
        self._tetrahedra = _centres(rules, [a for a, atoms in enumerate(near) if len(atoms) > 3])
        self._pyramids = _centres(rules, [a for a, atoms in enumerate(near) if len(atoms) == 3])
        rigid = [(atoms, sign) for (_, atoms), (sign, _) in rigid_bonds(molecule).items()]
        self._rigid = np.array([atoms for atoms, _ in rigid], dtype=int).reshape(-1, 4)
        self._rigid_signs = np.array([sign for _, sign in rigid])
        atoms, signs = _centres(rules, [a for a, atoms in enumerate(near) if len(atoms) == 4])
        first = np.unique(atoms[:, 0], return_index=True)[1]
        self._one_of_each = atoms[first], signs[first]

    def fits(self, positions: np.ndarray, *, handed: bool = True) -> np.ndarray:
        """Whether frames have the molecule's bonds if their atoms are in its order.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Angstrom.
        handed
            Whether each atom with four bonds must also have the handedness of the reference.

        Returns
        -------
        bool array, [n_frames]
        """
        bonds = positions[:, self._first] - positions[:, self._second]
        squares = np.einsum("fbx,fbx->fb", bonds, bonds)
        fits = ((squares > self._shortest) & (squares < self._longest)).all(axis=1)
        atoms, signs = self._one_of_each
        if handed and len(atoms):
            fits &= _keeps(positions, atoms, signs).all(axis=1)
        return fits

    def order(self, symbols: Sequence[str], positions: np.ndarray, source: str) -> np.ndarray:
        """Order in which the atoms of one frame are those of the molecule.

        Parameters
        ----------
        symbols
            Chemical symbols of the frame.
        positions : array, [n_atoms, 3]
            Angstrom.
        source
            What the message of an error names first, such as ``"frames: frame 3"``.

        Returns
        -------
        int array, [n_atoms]
            ``positions[order]`` are in the order of the molecule.

        Raises
        ------
        InputError
            If the frame is another molecule or another stereoisomer; the message says what differs.
        """
        if sorted(symbols) != sorted(self.molecule.symbols):
            check_symbols(symbols, self.molecule.symbols, source)
        keeps = self._keeps_hands(positions)
        found = list(islice(self._assignments(symbols, positions, keeps), MAX_ASSIGNMENTS))
        orders = np.array(found or list(islice(self._assignments(symbols, positions), 1)))
        if not len(orders):
            raise InputError(f"{source}: {self._bonds_that_differ(symbols, positions)}")
        images = positions[orders]
        allowed = _keeps(images, *self._tetrahedra).all(axis=1)
        allowed &= (sides(images, self._rigid) * self._rigid_signs > 0).all(axis=1)
        if not allowed.any():
            raise InputError(
                f"{source}: the atoms have the elements and bonds of the molecule, but not its "
                "handedness: it is the mirror image or another stereoisomer; use frames of the "
                "isomer that the model was trained on"
            )
        kept = _keeps(images, *self._pyramids).sum(axis=1)
        allowed &= kept == kept[allowed].max()
        return orders[allowed][np.argmin(self._deviations(images[allowed]))]

    def _keeps_hands(self, positions: np.ndarray) -> Callable[[Mapping[int, int], int], bool]:
        """Whether the centres of an atom have the molecule's handedness, where images are known."""
        rules: dict[int, list[tuple[tuple[int, ...], float]]] = {}
        for centre, sign in zip(*self._tetrahedra, strict=True):
            for atom in centre:
                rules.setdefault(int(atom), []).append((tuple(centre.tolist()), float(sign)))

        def keeps(image: Mapping[int, int], atom: int) -> bool:
            for centre, sign in rules.get(atom, ()):
                if all(i in image for i in centre):
                    found = np.array([[image[i] for i in centre]])
                    if triple_products(positions, found)[0] * sign <= 0:
                        return False
            return True

        return keeps

    def _assignments(
        self,
        symbols: Sequence[str],
        positions: np.ndarray,
        keeps: Callable[[Mapping[int, int], int], bool] | None = None,
    ) -> Iterator[list[int]]:
        """Assignments of the molecule's atoms to those of a frame, with the same bonds."""
        atoms = Atoms(symbols, positions=positions)
        for cutoff in CUTOFFS:
            bonds = find_bonds(atoms, cutoff=cutoff)
            if len(bonds) != len(self.molecule.bonds):
                continue
            found = isomorphisms(self.molecule.symbols, self.molecule.bonds, symbols, bonds, keeps)
            for first in islice(found, 1):
                yield first
                yield from found
                return

    def _deviations(self, positions: np.ndarray) -> np.ndarray:
        """Sum of squared differences between all distances and those of the reference."""
        expected = pair_distances(self.molecule.reference)
        return ((pair_distances(positions) - expected) ** 2).sum(axis=1).round(9)

    def _bonds_that_differ(self, symbols: Sequence[str], positions: np.ndarray) -> str:
        bonds = find_bonds(Atoms(symbols, positions=positions))
        found = _environments(symbols, bonds)
        expected = _environments(self.molecule.symbols, self.molecule.bonds)
        text = f"found atoms {' '.join(symbols)}, which are in another order than the molecule's"
        return (
            f"{text}, and could not be matched by their bonds: found "
            f"{_without(found, expected) or 'the same bonds'}, expected "
            f"{_without(expected, found) or 'the same'}; use whole frames of the same molecule in "
            f"Angstrom, or the order {' '.join(self.molecule.symbols)}"
        )


@lru_cache(maxsize=32)
def matcher(molecule: Molecule) -> AtomMatcher:
    """The matcher of a molecule, made once for each `Molecule` object."""
    return AtomMatcher(molecule)


def _centres(
    rules: Sequence[tuple[tuple, int]], centres: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Centres with three neighbours each, [n_rules, 4], and their signs, [n_rules]."""
    chosen = [((atom, *triple), sign) for (atom, triple), sign in rules if atom in centres]
    atoms = np.array([atoms for atoms, _ in chosen], dtype=int).reshape(-1, 4)
    return atoms, np.array([sign for _, sign in chosen], dtype=float)


def _keeps(positions: np.ndarray, atoms: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Whether triple products have the expected signs, [n_frames, n_rules]."""
    return triple_products(positions, atoms) * signs > 0


def _environments(symbols: Sequence[str], bonds: Sequence[tuple[int, int]]) -> list[str]:
    """Each atom with the elements that it is bonded to, such as ``C(C,Cl,H,H)``."""
    near = neighbours(len(symbols), bonds)
    return [
        f"{symbols[atom]}({','.join(sorted(symbols[j] for j in atoms))})"
        for atom, atoms in enumerate(near)
    ]


def _without(found: Sequence[str], others: Sequence[str]) -> str:
    """Members of a list that another lacks, joined."""
    rest = list(others)
    left = []
    for name in sorted(found):
        if name in rest:
            rest.remove(name)
        else:
            left.append(name)
    return " ".join(left)
