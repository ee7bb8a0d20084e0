"""Derivatives of dipoles and polarizabilities as training data.

Element (A, x, k) of the derivatives of a dipole is d mu_k / d R_Ax in e, element (A, x, k, l) of
those of a polarizability is d alpha_kl / d R_Ax in Angstrom^2.  A model takes them along the
internal directions of a frame, 3A - 6 (3A - 5 if it is linear) orthonormal motions that neither
shift nor turn the molecule.  What the others say is known without learning
(:mod:`rpr.molecule.sum_rules`).  Labels that contradict it are refused, as they are in another unit
or order.  The dipole of an ion depends on the origin: derivatives about a point fixed in space sum
to the charge Q, and those about the centre of mass, which models learn, differ
(:mod:`rpr.molecule.dipole_origin`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.axes.components import RANK
from rpr.data.frame_set import SHAPES
from rpr.data.given_frames import GivenFrames
from rpr.errors import InputError
from rpr.models.covariant_tensors import pack
from rpr.molecule.rigid_body import TURNS
from rpr.molecule.sum_rules import about_centre_of_mass, under_shifts, under_turns

_UNITS = {"dipole": "e", "polarizability": "Angstrom^2"}
_LINEAR = 1e-4  # smallest rotation, relative to the largest, that a linear frame does not have


@dataclass(frozen=True, eq=False)
class ObservedDerivatives:
    """Derivatives of the property along internal directions, of those frames that have them.

    Attributes
    ----------
    frames : array of int, [n]
        Which of the training frames.
    directions : array, [n, n_directions, n_atoms, 3]
        Orthonormal directions.
    values : array, [n, n_directions, n_components]
        Derivatives along them, packed.
    """

    frames: np.ndarray
    directions: np.ndarray
    values: np.ndarray


def observe(
    derivatives: np.ndarray | bool | None,
    given: GivenFrames,
    property: str,
    values: np.ndarray,
    masses: np.ndarray,
) -> ObservedDerivatives:
    """Training data made of derivatives, checked.

    Parameters
    ----------
    derivatives
        Array [n_frames, n_atoms, 3, 3] or [n_frames, n_atoms, 3, 3, 3] with NaN for frames without
        derivatives, in the order of the user's atoms; True for those that the frames carry; None or
        False for none.
    given
        The frames.
    property
        ``"dipole"`` or ``"polarizability"``.
    values : array, [n_frames, 3] or [n_frames, 3, 3]
        The property; the dipole of an ion about its centre of mass.
    masses : array, [n_atoms]
        Masses of any unit.

    Returns
    -------
    ObservedDerivatives
        Those of no frame if there are no derivatives.

    Raises
    ------
    InputError
        If there are none where True was given, the shape is wrong, or the derivatives contradict
        translation or rotation.
    """
    positions = given.positions
    if isinstance(derivatives, bool | np.bool_):
        derivatives = _held(given, property) if derivatives else None
    elif derivatives is not None:
        derivatives = np.asarray(derivatives, dtype=float)
        if derivatives.shape[:2] == positions.shape[:2]:
            derivatives = given.in_molecule_order(derivatives)
    if derivatives is None:
        return _none(property, positions)
    expected = (*positions.shape, *(3,) * RANK[property])
    if derivatives.shape != expected:
        order = "(A, x, k)" if property == "dipole" else "(A, x, k, l)"
        raise InputError(
            f"derivatives: found shape {derivatives.shape}, expected {expected}: element {order} "
            f"of a frame is the derivative of the {property} by coordinate x of atom A"
        )
    flat = derivatives.reshape(len(derivatives), -1)
    missing = np.isnan(flat).all(axis=1)
    bad = ~missing & ~np.isfinite(flat).all(axis=1)
    if bad.any():
        raise InputError(
            f"derivatives: those of frame {int(np.argmax(bad))} are not finite; give NaN for all "
            "derivatives of a frame that has none"
        )
    chosen = np.flatnonzero(~missing)
    if not len(chosen):
        return _none(property, positions)
    found, x = derivatives[chosen], positions[chosen]
    if property == "dipole":
        found = about_centre_of_mass(found, masses)
    check_translation(found, property, chosen)
    check_rotation(found, property, x, values[chosen], chosen)
    directions = internal_directions(x)
    along = np.einsum("nmax,nax...->nm...", directions, found)
    if property == "polarizability":
        along = pack(0.5 * (along + np.swapaxes(along, -1, -2)))
    return ObservedDerivatives(chosen, directions, along)


def _none(property: str, positions: np.ndarray) -> ObservedDerivatives:
    n_components = 3 if property == "dipole" else 6
    return ObservedDerivatives(
        np.zeros(0, dtype=int),
        np.zeros((0, 0, *positions.shape[1:])),
        np.zeros((0, 0, n_components)),
    )


def _held(given: GivenFrames, property: str) -> np.ndarray:
    name = f"{property}_derivatives"
    held = given.label(name) if name in SHAPES else None
    if held is None:
        raise InputError(
            f"derivatives: True, but the frames hold no derivatives of the {property}, expected a "
            f"FrameSet with {property}_derivatives; give an array, or label the frames with them"
        )
    return held


def internal_directions(positions: np.ndarray) -> np.ndarray:
    """Orthonormal motions of the atoms that neither shift nor turn the molecule.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [n_frames, n_directions, n_atoms, 3]
        3A - 6 directions, or 3A - 5 if a frame is linear; the last one of the other frames is then
        zero.
    """
    n, n_atoms = positions.shape[:2]
    centred = positions - positions.mean(axis=1, keepdims=True)
    turns = np.einsum("wxy,nay->naxw", TURNS, centred).reshape(n, 3 * n_atoms, 3)
    axes, sizes, _ = np.linalg.svd(turns, full_matrices=False)
    turned = sizes > _LINEAR * np.maximum(sizes[:, :1], 1e-12)  # -> [n, 3]
    shifts = np.tile(np.eye(3) / np.sqrt(n_atoms), (n_atoms, 1))
    rigid = np.concatenate(
        [np.broadcast_to(shifts, (n, *shifts.shape)), axes * turned[:, None]], axis=2
    )
    complete = np.linalg.svd(rigid)[0]  # the motions of singular value zero come last
    ranks = 3 + turned.sum(axis=1)
    directions = np.swapaxes(complete, 1, 2)[:, ranks.min() :].copy()
    for k in np.flatnonzero(ranks > ranks.min()):
        surplus = ranks[k] - ranks.min()
        directions[k] = np.concatenate([directions[k, surplus:], 0 * directions[k, :surplus]])
    return directions.reshape(n, -1, n_atoms, 3)


def check_translation(derivatives: np.ndarray, property: str, frames: np.ndarray) -> None:
    """Refuse derivatives that do not sum to zero over the atoms.

    Parameters
    ----------
    derivatives : array, [n, n_atoms, 3, 3] or [n, n_atoms, 3, 3, 3]
        Derivatives of the property.
    property
        ``"dipole"`` or ``"polarizability"``.
    frames : array of int, [n]
        Numbers of the frames, for the message.

    Raises
    ------
    InputError
        The message says what was found.
    """
    found = under_shifts(derivatives)
    if found.broken.any():
        worst = found.worst
        raise InputError(
            f"derivatives: those of frame {int(frames[worst])} sum over the atoms to "
            f"{found.errors[worst]:.3g} {_UNITS[property]}, expected 0 within "
            f"{found.limits[worst]:.3g}, or for the dipole of an ion its charge times the unit "
            "matrix; check their order and unit"
        )


def check_rotation(
    derivatives: np.ndarray,
    property: str,
    positions: np.ndarray,
    values: np.ndarray,
    frames: np.ndarray,
) -> None:
    """Refuse derivatives that do not turn the property when the molecule turns.

    Parameters
    ----------
    derivatives : array, [n, n_atoms, 3, 3] or [n, n_atoms, 3, 3, 3]
        Derivatives of the property.
    property
        ``"dipole"`` or ``"polarizability"``.
    positions : array, [n, n_atoms, 3]
        Angstrom.
    values : array, [n, 3] or [n, 3, 3]
        The property.
    frames : array of int, [n]
        Numbers of the frames, for the message.

    Raises
    ------
    InputError
        The message says what was found.
    """
    found = under_turns(derivatives, positions, values)
    if not found.broken.any():
        return
    remedy = "check the units of derivatives and values"
    if property == "dipole":
        remedy += "; the dipole of an ion must be that about its centre of mass"
        if not under_turns(np.swapaxes(derivatives, 2, 3), positions, values).broken.any():
            remedy = "exchange their last two indices"
    worst = found.worst
    raise InputError(
        f"derivatives: those of frame {int(frames[worst])} contradict its {property}: a turn of "
        f"the molecule changes it by {found.errors[worst]:.3g} too much, expected at most "
        f"{found.limits[worst]:.3g}; {remedy}"
    )
