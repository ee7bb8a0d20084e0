"""Does a test set cover all orientations of the molecule, and all dihedrals?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_axes
from rpr.axes.rotation import random_rotations
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.studies.canonical_axes import possible_axes
from rpr.studies.evaluation import frame_origin

COLUMNS = [
    "quantity", "value", "low", "high", "unit", "n_frames", "n_trajectories", "seed", "detail",
]  # fmt: skip

#: Axes that say how a molecule lies in the laboratory; the first that it can have is taken.
AXES = ("three-atom", "bond-axis", "inertia", "kabsch")
#: Width of the bins of the dihedral, degrees.
BIN = 5.0

_PROBES = 1000
_SAMPLES = 200
_TESTS = 10_000


def coverage(
    frames: FrameSet, dihedrals: pd.DataFrame, *, molecule: Molecule, seed: int = 0
) -> pd.DataFrame:
    """How well test frames cover orientations, and they and their trajectories the dihedral.

    Parameters
    ----------
    frames
        Test frames.
    dihedrals
        Columns ``trajectory`` and ``dihedral``: the dihedral along the trajectories, degrees.
    molecule
        Molecule of the frames.
    seed
        Seed of the random orientations.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``, with these quantities:

        ``nearest_of_frames``, ``nearest_of_trajectories``
            mean angle from a random orientation to the nearest frame, over that to the nearest of
            as many independent uniform orientations as there are frames, or trajectories; the
            bounds are those of 95 % of such samples;
        ``uniform_orientations``
            p-value of the test of :func:`uniformity`, one frame of each trajectory;
        ``dihedral_bins_frames``, ``dihedral_bins_trajectories``
            part of the bins of 5 degrees that a frame, or a recorded step, is in.

        Rows that the molecule or the frames cannot have are missing.
    """
    origin = frame_origin(frames)
    known = np.unique(origin["trajectory"])
    common = {"n_frames": len(frames), "n_trajectories": len(known), "seed": seed}
    rows = [
        row | common
        for row in (
            *_orientations(frames, molecule, origin["trajectory"], seed),
            *_bins("dihedral_bins_frames", origin["dihedral"]),
            *_bins("dihedral_bins_trajectories", dihedrals["dihedral"].to_numpy(dtype=float)),
        )
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def uniformity(rotations: np.ndarray, *, n_samples: int = _TESTS, seed: int = 0) -> float:
    r"""P-value of Rayleigh's test that independent rotations are uniform.

    The statistic :math:`3 n \lVert \bar{R} \rVert_F^2` of the mean rotation matrix is large if
    some orientations are preferred; its distribution for uniform rotations is sampled, and tends
    to chi-square with nine degrees of freedom (Mardia and Jupp, Directional Statistics, 2000,
    section 13.2).  It is blind to preferences that cancel in the mean.

    Parameters
    ----------
    rotations : array, [n, 3, 3]
        Independent rotations.
    n_samples
        Number of random samples of n uniform rotations.
    seed
        Seed of these samples.

    Returns
    -------
    float
        Part of the samples whose statistic is as large, or larger.
    """
    found = np.square(rotations.mean(axis=0)).sum()
    random = random_rotations(n_samples * len(rotations), seed)
    means = random.reshape(n_samples, len(rotations), 3, 3).mean(axis=1)
    return float((np.square(means).sum(axis=(1, 2)) >= found).mean())


def mean_nearest_angle(rotations: np.ndarray, probes: np.ndarray) -> float:
    """Mean angle in degrees from each of `probes` to the nearest of `rotations`.

    Parameters
    ----------
    rotations, probes : array, [n, 3, 3]
    """
    trace = probes.reshape(-1, 9) @ rotations.reshape(-1, 9).T  # -> [n_probes, n]
    cosine = np.clip((trace.max(axis=1) - 1.0) / 2.0, -1.0, 1.0)
    return float(np.degrees(np.arccos(cosine)).mean())


def _orientations(
    frames: FrameSet, molecule: Molecule, trajectory: np.ndarray, seed: int
) -> Iterator[dict]:
    names = possible_axes(molecule, AXES)
    if not names or not len(frames):
        return
    rotations = canonical_axes(names[0], frames.positions, molecule).rotations
    probes = random_rotations(_PROBES, seed)
    angle = mean_nearest_angle(rotations, probes)
    _, first = np.unique(trajectory, return_index=True)
    for name, n in {"frames": len(frames), "trajectories": len(first)}.items():
        uniform = _sampled(lambda sample: mean_nearest_angle(sample, probes), n, seed)
        low, high = np.percentile(uniform, (2.5, 97.5))
        yield {
            "quantity": f"nearest_of_{name}",
            "value": angle / uniform.mean(),
            "low": angle / high,
            "high": angle / low,
            "unit": "1",
            "detail": f"{angle:.3g} degrees, {n} uniform orientations {uniform.mean():.3g} degrees",
        }
    if len(first) > 1:
        yield {
            "quantity": "uniform_orientations",
            "value": uniformity(rotations[first], seed=seed),
            "unit": "1",
            "detail": f"one frame of each of {len(first)} trajectories",
        }


def _sampled(measure: Callable[[np.ndarray], float], n: int, seed: int) -> np.ndarray:
    """A number of each of many samples of `n` uniform rotations."""
    random = Rotation.random(_SAMPLES * n, rng=np.random.default_rng((seed, 1))).as_matrix()
    return np.array([measure(sample) for sample in random.reshape(_SAMPLES, n, 3, 3)])


def _bins(quantity: str, dihedral: np.ndarray) -> Iterator[dict]:
    known = dihedral[~np.isnan(dihedral)]
    if not len(known):
        return
    n_bins = round(360.0 / BIN)
    filled = len(np.unique(np.floor((known % 360.0) / BIN) % n_bins))
    part = filled / n_bins
    yield {
        "quantity": quantity,
        "value": part,
        "low": part,
        "high": part,
        "unit": "1",
        "detail": f"{filled} of {n_bins} bins, {len(known)} dihedrals",
    }
