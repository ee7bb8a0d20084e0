"""All checks of a set of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpr.data.consistency import conventions, energies, geometries, origin, tensors
from rpr.data.consistency.finding import IMPLAUSIBLE, NOTE, OK, Finding, some
from rpr.data.consistency.neighbours import Pairs, neighbour_pairs
from rpr.data.distributions import frame_quantities
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule

#: Most frames that are compared with each other; of more, evenly spaced ones are taken.
MOST_FRAMES = 3000

#: Distance from the median, in robust standard deviations, beyond which a value is an outlier.
OUTLIER = 15.0

#: Most frames of the checks before each training.
FEW_FRAMES = 200

TENSORS = ("dipole", "polarizability")


def check_frames(frames: FrameSet, molecule: Molecule, *, moved_charge: int = 0) -> list[Finding]:
    """Run all checks.

    Parameters
    ----------
    frames
        Frames of one molecule, with any labels.
    molecule
        Bonds and reference geometry of the frames.
    moved_charge
        Charge with which dipoles were moved to the centre of mass as they were read; 0 if they
        were not.

    Returns
    -------
    list of Finding
        If positions are not in Angstrom, only this, as all else depends on them.
    """
    unit = geometries.check_position_unit(frames, molecule)
    if unit.verdict == IMPLAUSIBLE:
        return [unit]
    found = [
        unit,
        geometries.check_variety(frames),
        geometries.check_bonds(frames, molecule),
        geometries.check_handedness(frames, molecule),
        geometries.check_hands(frames, molecule),
    ]
    found += [check_outliers(frames, name) for name in frame_quantities(frames)]
    some_frames = frames
    if len(frames) > MOST_FRAMES:
        some_frames = frames.subset(np.linspace(0, len(frames) - 1, MOST_FRAMES).astype(int))
    found.append(energies.check_force_unit(some_frames, molecule))
    found.append(tensors.check_symmetric(frames))
    found.append(tensors.check_polarizability_unit(frames, molecule))
    found.append(tensors.check_dipole_size(some_frames, molecule))
    moves = origin.check_origin(some_frames, molecule, moved_charge)
    found.append(moves)
    found += [conventions.check_order(some_frames, molecule, name) for name in TENSORS]
    if frames.dipole_derivatives is not None:
        found.append(tensors.check_dipole_derivatives(frames, molecule))
    if len(frames) > 1 and molecule.n_atoms > 1:
        pairs = neighbour_pairs(some_frames)
        found.append(geometries.check_repeated(some_frames, pairs))
        found.append(energies.check_energies(some_frames, molecule, pairs))
        turning = TENSORS[1:] if moves.is_implausible else TENSORS  # as the origin spoils both
        found += [_turning(some_frames, molecule, pairs, name) for name in turning]
    return found


def check_labels(
    frames: FrameSet, molecule: Molecule, labels: Sequence[str], *, handed: bool = False
) -> list[Finding]:
    """The checks that say whether a model can learn labels, on a part of the frames.

    They take milliseconds, so that every training can make them.

    Parameters
    ----------
    frames
        Training frames with these labels.
    molecule
        Molecule of the frames.
    labels
        ``dipole``, ``polarizability``, or ``energy`` and ``forces``.
    handed
        Whether mirror images are different to the model, so that both hands should occur.
    """
    if len(frames) > FEW_FRAMES:
        frames = frames.subset(np.linspace(0, len(frames) - 1, FEW_FRAMES).astype(int))
    found = [geometries.check_variety(frames)]
    if handed:
        found.append(geometries.check_hands(frames, molecule))
    if found[0].is_implausible or len(frames) < 2 or molecule.n_atoms < 2:
        return found
    pairs = neighbour_pairs(frames)
    if "energy" in labels:
        found.append(energies.check_force_unit(frames, molecule))
        found.append(energies.check_energies(frames, molecule, pairs))
    moves = origin.check_origin(frames, molecule)
    if "dipole" in labels:
        found += [tensors.check_dipole_size(frames, molecule), moves]
    if "polarizability" in labels:
        found.append(tensors.check_symmetric(frames))
        found.append(tensors.check_polarizability_unit(frames, molecule))
    for name in set(TENSORS) & set(labels):
        found.append(conventions.check_order(frames, molecule, name))
        if name == "polarizability" or not moves.is_implausible:
            found.append(_turning(frames, molecule, pairs, name))
    return found


def _turning(frames: FrameSet, molecule: Molecule, pairs: Pairs, quantity: str) -> Finding:
    left = conventions.unexplained(frames, molecule, quantity)
    return tensors.check_turning(frames, pairs, quantity, left)


def refuse_contradictions(findings: Sequence[Finding], labels: Sequence[str], remedy: str) -> None:
    """Refuse labels that contradict the geometries or each other.

    Parameters
    ----------
    findings
        What checks found.
    labels
        Names of the labels that are to be learnt.
    remedy
        What else the user can do, which ends the message.

    Raises
    ------
    InputError
        If one of these labels is contradicted; the message names the cause.
    """
    for finding in findings:
        if finding.contradiction and set(finding.labels) & set(labels):
            raise InputError(f"{finding.check}: {finding.text}; {remedy}")


def check_outliers(frames: FrameSet, quantity: str) -> Finding:
    """Range of a quantity that does not depend on orientation, and frames far outside.

    Parameters
    ----------
    frames
        Frames with labels.
    quantity
        A name of `rpr.data.distributions.frame_quantities`.
    """
    values, unit = frame_quantities(frames)[quantity]
    low, middle, high = np.percentile(values, (0, 50, 100))
    text = f"{low:.4g} to {high:.4g} {unit}, median {middle:.4g}"
    deviation = 1.4826 * float(np.median(np.abs(values - middle)))
    if deviation == 0 or len(values) < energies.FEWEST:
        return Finding(quantity, NOTE if len(values) > 1 and deviation == 0 else OK, text)
    far = np.flatnonzero(np.abs(values - middle) > OUTLIER * deviation)
    if len(far):
        return Finding(quantity, IMPLAUSIBLE, f"{text}; far outside: {some(far)}", (quantity,))
    return Finding(quantity, OK, text)
