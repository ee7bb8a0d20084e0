"""Dihedrals of a thermal sample beside the Boltzmann weights of the potential."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.dynamics.mean_torque import fit_torque, shares
from rpr.errors import InputError

#: Columns of the table of a thermal sample.
COLUMNS = (
    "part", "dihedral_low", "dihedral_high", "n_frames", "sampled", "sampled_low", "sampled_high",
    "expected", "expected_error",
)  # fmt: skip

#: Width of the intervals in degrees.
WIDTH = 10.0

#: Ends of intervals with one conformer of a threefold torsion each, in degrees.
CONFORMERS = (-180.0, -120.0, 0.0, 120.0, 180.0)

#: Resamples of the chains behind the intervals of sampled shares.
N_RESAMPLES = 1000


def thermal_distribution(
    frames: FrameSet,
    dihedrals: np.ndarray,
    torques: np.ndarray,
    *,
    temperature_K: float,
    conformers: Sequence[float] = CONFORMERS,
) -> pd.DataFrame:
    """Shares of intervals of the dihedral, as sampled and as expected from mean torques.

    Parameters
    ----------
    frames
        Frames of a long sampling, with trajectory (the chain) and dihedral.
    dihedrals, torques : array, [n_replicas, n_samples]
        From :func:`rpr.dynamics.mean_torque.sample_torques`, in degrees and eV/rad.
    temperature_K
        Temperature in K.
    conformers
        Ends of the wider intervals, in degrees, which hold one conformer each.

    Returns
    -------
    DataFrame
        Rows ``interval``, `WIDTH` wide, and rows ``conformer``.  `sampled_low` and `sampled_high`
        bound 95 % of 1000 resamples of the chains; `expected_error` is the standard error over
        the replicas.

    Raises
    ------
    InputError
        If the frames carry no chain or no dihedral.
    """
    if frames.trajectory is None or frames.dihedral is None:
        raise InputError("frames: expected trajectory and dihedral of each frame")
    replicas = [fit_torque(*pair) for pair in zip(dihedrals, torques, strict=True)]
    pooled = fit_torque(dihedrals.ravel(), torques.ravel())
    parts = {"interval": np.arange(-180.0, 180.0 + WIDTH, WIDTH), "conformer": np.array(conformers)}
    tables = []
    for part, edges in parts.items():
        counts = _counts_of_chains(frames.trajectory, frames.dihedral, edges)
        low, high = _bounds(counts)
        spread = np.std([shares(c, edges, temperature_K) for c in replicas], axis=0, ddof=1)
        columns = (
            part, edges[:-1], edges[1:], counts.sum(axis=0), counts.sum(axis=0) / counts.sum(),
            low, high, shares(pooled, edges, temperature_K), spread / np.sqrt(len(replicas)),
        )  # fmt: skip
        tables.append(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))))
    return pd.concat(tables, ignore_index=True)


def _counts_of_chains(chains: np.ndarray, dihedrals: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Frames of each chain in each interval, [n_chains, n_intervals]."""
    return np.array([np.histogram(dihedrals[chains == k], edges)[0] for k in np.unique(chains)])


def _bounds(counts: np.ndarray) -> np.ndarray:
    """Ends of 95 % intervals of the shares, by resampling chains."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(counts), size=(N_RESAMPLES, len(counts)))
    sums = counts[drawn].sum(axis=1)
    return np.quantile(sums / sums.sum(axis=1, keepdims=True), (0.025, 0.975), axis=0)
