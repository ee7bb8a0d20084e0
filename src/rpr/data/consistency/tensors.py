"""Checks of dipoles and polarizabilities: symmetry, size, and that they turn with the molecule."""

from __future__ import annotations

import numpy as np

from rpr.data.atomic_polarizability import ATOMIC_POLARIZABILITY
from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED, NOTE, OK, Finding, in_unit, some
from rpr.data.consistency.neighbours import Pairs
from rpr.data.frame_set import FrameSet
from rpr.molecule.equivalence import classes_of_atoms
from rpr.molecule.molecule import Molecule
from rpr.molecule.sum_rules import (
    about_centre_of_mass,
    charges_of,
    under_shifts,
    under_turns,
)
from rpr.units import ACCEPTED

#: Range of the polarizability relative to the sum over its atoms, and what a good basis reaches.
#: The sum is the polarizability within some 20 %; methods with a minimal basis, such as GFN2-xTB,
#: give a fifth to a third of it for small molecules.
RELATIVE, GOOD_BASIS = (0.15, 2.0), 0.6

#: Charge in e that a bond may move from atom to atom: 0.1 for C-H, 0.25 for C-Cl, 0.35 for O-H.
MOVED_CHARGE = 0.8

#: The same for bonds between carbon and hydrogen.
MOVED_IN_CH = 0.4

#: Relative asymmetry of a polarizability that rounding explains.
ASYMMETRY = 1e-3

#: Angle in degrees from which two frames count as turned against each other.
TURNED = 20.0

#: Part of the squared values that may remain when one of two similar frames is turned onto the
#: other; with values that do not turn it is 1.
REMAINING = 0.5

#: Part of the squares from which the values contradict the positions.
CONTRADICTION = 0.8

_FEWEST = 20  # pairs; among fewer frames hardly any are similar
_SMALL_DIPOLE = 0.01  # e Angstrom
_ALPHA, _BORN = ("polarizability",), ("dipole_derivatives",)


def check_symmetric(frames: FrameSet) -> Finding:
    """Whether polarizabilities are symmetric and positive."""
    name = "polarizability"
    alpha = frames.polarizability
    if alpha is None:
        return Finding(name, NOT_TESTED, "no polarizabilities")
    size = np.abs(np.trace(alpha, axis1=1, axis2=2)) / 3
    asymmetry = np.abs(alpha - np.swapaxes(alpha, 1, 2)).max(axis=(1, 2))
    wrong = np.flatnonzero(asymmetry > ASYMMETRY * size)
    if len(wrong):
        text = f"{some(wrong)}: the tensor is not symmetric"
        return Finding(name, IMPLAUSIBLE, text, _ALPHA, contradiction=True)
    wrong = np.flatnonzero(np.linalg.eigvalsh(alpha)[:, 0] <= 0)
    if len(wrong):
        text = f"{some(wrong)}: the tensor is not positive"
        return Finding(name, IMPLAUSIBLE, text, _ALPHA)
    return Finding(name, OK, "symmetric and positive in every frame")


def check_polarizability_unit(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether the polarizability is about that of the atoms."""
    name = "unit of polarizability"
    if frames.polarizability is None:
        return Finding(name, NOT_TESTED, "no polarizabilities")
    unknown = sorted(set(molecule.symbols) - ATOMIC_POLARIZABILITY.keys())
    if unknown:
        return Finding(
            name, NOT_TESTED, f"no polarizability of the atom {unknown[0]} is known here"
        )
    expected = sum(ATOMIC_POLARIZABILITY[symbol] for symbol in molecule.symbols)
    mean = float(np.mean(np.trace(frames.polarizability, axis1=1, axis2=2))) / 3
    text = f"mean {mean:.3g} Angstrom^3, the atoms together have {expected:.3g}"
    low, high = RELATIVE
    if low < mean / expected < GOOD_BASIS:
        return Finding(name, NOTE, f"{text}; so little comes from small basis sets")
    if low < mean / expected < high:
        return Finding(name, OK, text)
    sizes = ACCEPTED["polarizability"]
    fitting = [u for u, size in sizes.items() if low < size * mean / expected < high]
    guess = ""
    if fitting:
        how = in_unit("polarizability", fitting[0])
        guess = f"; the values may be in {fitting[0]}: name their unit ({how})"
    return Finding(name, IMPLAUSIBLE, f"{text}{guess}", _ALPHA)


def check_dipole_size(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether bonds move plausible charges.

    The dipoles are fitted by sum_b q_b d_b, with d_b the sum of the vectors of like bonds, from one
    kind of atom to the other, and q_b the charge that a bond of this kind moves.
    """
    name = "size of dipoles"
    if frames.dipole is None:
        return Finding(name, NOT_TESTED, "no dipoles")
    vectors, kinds = _bond_vectors(frames.positions, molecule)
    if not len(vectors) or 3 * len(frames) < 3 * len(vectors):
        return Finding(name, NOT_TESTED, "all bonds join like atoms, or there are too few frames")
    design = vectors.reshape(len(vectors), -1).T
    charges = np.linalg.lstsq(design, frames.dipole.ravel(), rcond=1e-6)[0]
    limits = np.array([MOVED_IN_CH if kind == {"C", "H"} else MOVED_CHARGE for kind in kinds])
    worst = int(np.argmax(np.abs(charges) / limits))
    largest, limit = float(np.abs(charges[worst])), limits[worst]
    text = f"bonds {'-'.join(sorted(kinds[worst]))} move charges of up to {largest:.2f} e"
    if largest < limit:
        return Finding(name, OK, f"{text}; by this test e*bohr could pass for e*Angstrom")
    return Finding(
        name,
        IMPLAUSIBLE,
        f"{text}, expected less than {limit}; dipoles may be in debye: name their unit "
        f"({in_unit('dipole', 'debye')})",
        ("dipole",),
    )


def check_turning(
    frames: FrameSet, pairs: Pairs, quantity: str, unexplained: float | None = None
) -> Finding:
    """Whether a quantity of similar frames turns as the frames do.

    Of two similar frames one is turned onto the other, x_b = Q x_a, and its values with it.  What
    remains of their difference is compared with values in unrelated directions.

    Parameters
    ----------
    frames
        Frames of one molecule.
    pairs
        Pairs of similar frames.
    quantity
        ``"dipole"`` or ``"polarizability"``, of which the anisotropic part is compared.
    unexplained
        Part of the squares that the shape of the molecule leaves
        (:func:`rpr.data.consistency.conventions.unexplained`), None if not known.  If it is small,
        what remains is due to frames that are not similar enough.
    """
    name = f"{quantity} turns with the molecule"
    values = getattr(frames, quantity)
    if values is None:
        return Finding(name, NOT_TESTED, f"no {quantity}")
    if quantity == "polarizability":
        values = values - np.trace(values, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
    chosen = pairs.subset(pairs.angles > TURNED)
    if len(chosen) < _FEWEST:
        return Finding(name, NOT_TESTED, "similar frames lie in one orientation")
    q, a, b = chosen.rotations, values[chosen.first], values[chosen.second]
    turned = np.einsum("pij,pj->pi", q, a) if a.ndim == 2 else q @ a @ np.swapaxes(q, 1, 2)
    total = float((a**2).sum() + (b**2).sum())
    if total <= len(a) * _SMALL_DIPOLE**2:
        return Finding(name, NOT_TESTED, "the values are nearly zero")
    left = float(((b - turned) ** 2).sum()) / total
    text = f"{left:.1%} of the squares remain when {len(a)} pairs of similar frames are turned"
    if left < REMAINING:
        return Finding(name, OK, text)
    if unexplained is not None and unexplained < REMAINING:
        return Finding(name, NOT_TESTED, f"{text}, as they differ too much")
    return Finding(
        name,
        IMPLAUSIBLE,
        f"{text}: the values refer to other axes than the positions, such as a program's standard "
        "orientation, or to other frames; turn them into the axes of the positions",
        (quantity,),
        contradiction=left > CONTRADICTION,
    )


def check_dipole_derivatives(frames: FrameSet, molecule: Molecule) -> Finding:
    """Whether derivatives of the dipole obey the rules of translation and rotation.

    Limits are those of training (:mod:`rpr.molecule.sum_rules`): what passes here can be learnt.
    The rule of rotation fails if the indices are in another order.
    """
    name = "derivatives of the dipole"
    born, mu = frames.dipole_derivatives, frames.dipole
    if born is None or mu is None:
        return Finding(name, NOT_TESTED, "no derivatives of the dipole")
    tensors = about_centre_of_mass(born, molecule.masses)
    shifted = under_shifts(tensors)
    if shifted.broken.any():
        text = f"{some(np.flatnonzero(shifted.broken))}: their sum over atoms is no charge"
        return Finding(name, IMPLAUSIBLE, text, _BORN)
    turned = under_turns(tensors, frames.positions, mu)
    error, limit = turned.errors[turned.worst], turned.limits[turned.worst]
    charge = float(charges_of(born).mean())
    ion = f"they sum to a charge of {charge:.2f} e, and " if charge else ""
    if not turned.broken.any():
        text = f"a rotation changes the dipole as it should, within {error:.2g} e Angstrom"
        return Finding(name, OK, f"{ion}{text}")
    guess = "; the dipole of an ion must be that about its centre of mass" if ion else ""
    if not under_turns(np.swapaxes(tensors, 2, 3), frames.positions, mu).broken.any():
        guess = "; the indices are in another order"
    text = (
        f"{some(np.flatnonzero(turned.broken))}: a rotation changes the dipole by {error:.2g} e "
        f"Angstrom too much, expected at most {limit:.2g}{guess}"
    )
    return Finding(name, IMPLAUSIBLE, text, _BORN)


def _bond_vectors(positions: np.ndarray, molecule: Molecule) -> tuple[np.ndarray, list[set[str]]]:
    """Sum of the vectors of like bonds between unlike atoms, [n_kinds, n_frames, 3], and elements.

    Vectors point from one kind of atom to the other.
    """
    kinds = classes_of_atoms(molecule).tolist()
    found: dict[tuple[int, int], np.ndarray] = {}
    for i, j in molecule.bonds:
        a, b = sorted((i, j), key=lambda atom: kinds[atom])
        if kinds[a] != kinds[b]:
            key = kinds[a], kinds[b]
            found[key] = found.get(key, 0.0) + positions[:, b] - positions[:, a]
    elements = [{molecule.symbols[a], molecule.symbols[b]} for a, b in found]
    return np.array(list(found.values())), elements
