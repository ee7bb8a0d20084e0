"""All checks of a set of frames."""

from __future__ import annotations

import numpy as np

from rpr.data.consistency import energies, geometries, tensors
from rpr.data.consistency.finding import IMPLAUSIBLE, NOTE, OK, Finding, some
from rpr.data.consistency.neighbours import neighbour_pairs
from rpr.data.distributions import frame_quantities
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule

#: Most frames that are compared with each other; of more, evenly spaced ones are taken.
MOST_FRAMES = 3000

#: Distance from the median, in robust standard deviations, beyond which a value is an outlier.
OUTLIER = 15.0


def check_frames(frames: FrameSet, molecule: Molecule) -> list[Finding]:
    """Run all checks.

    Parameters
    ----------
    frames
        Frames of one molecule, with any labels.
    molecule
        Bonds and reference geometry of the frames.

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
    if frames.dipole_derivatives is not None:
        found.append(tensors.check_dipole_derivatives(frames))
    if len(frames) > 1 and molecule.n_atoms > 1:
        pairs = neighbour_pairs(some_frames)
        found.append(geometries.check_repeated(some_frames, pairs))
        found.append(energies.check_energies(some_frames, molecule, pairs))
        found += [
            tensors.check_turning(some_frames, pairs, name) for name in ("dipole", "polarizability")
        ]
    return found


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
        return Finding(quantity, IMPLAUSIBLE, f"{text}; far outside: {some(far)}")
    return Finding(quantity, OK, text)
