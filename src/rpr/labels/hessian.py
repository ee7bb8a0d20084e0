"""Hessian of the energy, for frequencies and Wigner sampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rpr.labels.engine import make_engine
from rpr.labels.journal import Journal
from rpr.labels.method import Method
from rpr.labels.results import check_positions


def hessian(
    method: Method,
    symbols: Sequence[str],
    positions: np.ndarray,
    *,
    charge: int = 0,
    max_memory_mb: float | None = None,
    step: float = 0.005,
    journal: Journal | None = None,
    log: Callable[[str], None] | None = None,
) -> np.ndarray:
    """Second derivatives of the energy, by central differences of the forces.

    ``H = -(F(x + h) - F(x - h)) / 2h`` is made symmetric.  It is as fast as PySCF's analytic
    Hessian in small basis sets and many times faster in large ones, and it fits the forces of the
    dynamics.  The analytic Hessian neglects that integration grids move with the atoms, which gives
    translations some 40 1/cm.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols.
    positions : array, [n_atoms, 3]
        Angstrom.
    charge
        Total charge.
    max_memory_mb
        Memory that the engine may use, MB; None for no bound.
    step
        Displacement h, Angstrom.
    journal
        Keeps the forces, so that an interrupted computation resumes.
    log
        Called with a line of text after each coordinate.

    Returns
    -------
    array, [3 n_atoms, 3 n_atoms]
        eV/Angstrom^2, symmetric.

    Raises
    ------
    InputError
        If the method does not apply to the molecule.
    ConvergenceError
        If the self-consistent field does not converge.
    """
    positions = check_positions(positions, symbols)
    engine = make_engine(
        method, symbols, charge=charge, max_memory_mb=max_memory_mb, journal=journal
    )
    rows = []
    for k in range(positions.size):
        displacement = step * np.eye(positions.size)[k].reshape(positions.shape)
        forward, backward = (
            np.asarray(engine.compute(moved, ("energy", "forces")).forces).ravel()
            for moved in (positions + displacement, positions - displacement)
        )
        rows.append(-(forward - backward) / (2 * step))
        if log is not None:
            log(f"Hessian: {k + 1} of {positions.size} coordinates are done")
    full = np.array(rows)
    return (full + full.T) / 2
