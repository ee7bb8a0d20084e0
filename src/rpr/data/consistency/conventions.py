"""In which order the elements of dipoles and polarizabilities come, found from the geometries.

Dipoles and polarizabilities of a molecule follow its shape roughly:

    mu = sum_k q_k sum_p d_p,    alpha - tr(alpha) 1 / 3 = sum_k c_k sum_p (d_p d_p^T)',

with d_p the vectors of the pairs p of atoms of a class k, and the prime for the part without trace.
What the fit leaves of the squares is small for right labels and nearly all for labels in other
axes.  Other orders of the elements are tried; one that fits far better is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations, product

import numpy as np

from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED, OK, Finding
from rpr.data.frame_set import FrameSet
from rpr.molecule.equivalence import classes_of_atoms
from rpr.molecule.molecule import Molecule

#: Orders in which programs write the six elements of a symmetric tensor.
ORDERS = (
    "xx yy zz yz xz xy",
    "xx yy zz xy xz yz",
    "xx yy zz xy yz xz",
    "xx xy xz yy yz zz",
    "xx xy yy xz yz zz",
)

#: An order is named if it leaves less than the first part of the squares, and less than the second
#: part of what the labels leave as they are.
FITS, BETTER = 0.25, 0.3

#: Part of the squares below which no other order is tried.
PLAIN = 0.05
_FEWEST, _MOST = 5, 200  # frames


def check_order(frames: FrameSet, molecule: Molecule, quantity: str) -> Finding:
    """Whether the elements of a quantity come in the usual order.

    Parameters
    ----------
    frames
        Frames of `molecule`.
    molecule
        Its atoms and reference geometry are used.
    quantity
        ``"dipole"`` or ``"polarizability"``.
    """
    name = f"order of the elements of the {quantity}"
    found = _fitted(frames, molecule, quantity)
    if found is None:
        return Finding(name, NOT_TESTED, f"no {quantity}, or too few frames")
    shapes, values = found
    left = _left(shapes, values)
    if left is None:
        return Finding(name, NOT_TESTED, "the values have no direction, or too many parameters")
    best, words = left, ""
    for text, candidate in _candidates(values) if left > PLAIN else ():
        other = _left(shapes, candidate)
        if other is not None and other < 0.999 * best:
            best, words = other, text
    text = f"the shape of the molecule leaves {left:.0%} of the squares"
    if words and best < FITS and best < BETTER * left:
        return Finding(
            name,
            IMPLAUSIBLE,
            f"{text}, but {best:.0%} {words}: reorder them to match the axes of the positions",
            (quantity,),
            contradiction=True,
        )
    return Finding(name, OK, text)


def unexplained(frames: FrameSet, molecule: Molecule, quantity: str) -> float | None:
    """Part of the squares of a quantity that the shape leaves, or None if it cannot be said."""
    found = _fitted(frames, molecule, quantity)
    return None if found is None else _left(*found)


def _fitted(
    frames: FrameSet, molecule: Molecule, quantity: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Shapes and values of some frames, or None if there are too few."""
    values = getattr(frames, quantity)
    if values is None or len(frames) < _FEWEST or molecule.n_atoms < 2:
        return None
    chosen = np.unique(np.linspace(0, len(frames) - 1, _MOST).astype(int))
    values = values[chosen]
    return _shapes(frames.positions[chosen], molecule, values.ndim - 1), values


def _shapes(positions: np.ndarray, molecule: Molecule, rank: int) -> np.ndarray:
    """Sums over the pairs of each class, [n_classes, n_frames, 3] or [n_classes, n_frames, 3, 3].

    Vectors point from the lower to the higher class; pairs of like atoms have no vector.
    """
    classes = classes_of_atoms(molecule).tolist()
    sums: dict[tuple, np.ndarray] = {}
    bonded = set(molecule.bonds)
    for i, j in combinations(range(molecule.n_atoms), 2):
        a, b = sorted((i, j), key=lambda atom: classes[atom])
        if rank == 1 and classes[a] == classes[b]:
            continue
        d = positions[:, b] - positions[:, a]
        shape = d if rank == 1 else _traceless(d[:, :, None] * d[:, None, :])
        key = classes[a], classes[b], (i, j) in bonded
        sums[key] = sums.get(key, 0.0) + shape
    return np.array(list(sums.values()))


def _traceless(tensors: np.ndarray) -> np.ndarray:
    return tensors - np.trace(tensors, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)


def _left(shapes: np.ndarray, values: np.ndarray) -> float | None:
    """Part of the squares of values that the shapes do not explain, corrected for their number."""
    target = (values if values.ndim == 2 else _traceless(values)).ravel()
    total = float(target @ target)
    if total < 1e-8 * len(target) or not len(shapes) or len(target) < 4 * len(shapes):
        return None
    design = shapes.reshape(len(shapes), -1).T
    found, _, rank, _ = np.linalg.lstsq(design, target, rcond=1e-6)
    residual = float(((target - design @ found) ** 2).sum())
    return residual / total * len(target) / (len(target) - int(rank))


def _candidates(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Values with their elements in another order, and what that is in words."""
    if values.ndim == 3:
        yield from _other_orders(values)
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            if order == (0, 1, 2) and (signs[0] == signs[1] == signs[2]):
                continue
            axes = " ".join(
                ("-" if s < 0 else "") + "xyz"[k] for k, s in zip(order, signs, strict=True)
            )
            turned = values[:, order] * np.array(signs)
            if values.ndim == 3:
                turned = (values[:, order] * np.array(signs)[:, None])[:, :, order] * signs
            yield f"with the axes {axes} of the labels as x y z", turned


def _other_orders(tensors: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Tensors of which six elements were read in one order, but written in another."""
    found: dict[tuple[str, ...], list[str]] = {}
    for read, written in permutations(ORDERS, 2):
        there = dict(zip(written.split(), read.split(), strict=True))
        key = tuple(there["".join(sorted(a + b))] for a, b in product("xyz", repeat=2))
        found.setdefault(key, []).append(f"taken as {read} are {written}")
    for key, words in found.items():
        rows, columns = (
            [["xyz".index(pair[k]) for pair in key[3 * a : 3 * a + 3]] for a in range(3)]
            for k in range(2)
        )
        told = f"if elements that were {', or '.join(words)} (--polarizability-order)"
        yield told, tensors[:, rows, columns]
