"""Hessian of the energy, for frequencies and for Wigner sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpr.errors import ConvergenceError, InputError
from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import check_positions
from rpr.units import BOHR, HARTREE


def hessian(
    method: Method,
    symbols: Sequence[str],
    positions: np.ndarray,
    *,
    charge: int = 0,
    max_memory_mb: float | None = None,
    step: float = 0.005,
    analytic: bool = False,
) -> np.ndarray:
    """Second derivatives of the energy.

    Central differences of the forces, ``H = -(F(x + h) - F(x - h)) / 2h``, made symmetric.  They
    are as fast as PySCF's analytic derivatives in small basis sets and many times faster in large
    ones, and they belong to the forces that the dynamics uses: the analytic ones leave out that
    integration grids move with the atoms, which puts some 40 1/cm on translations.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols.
    positions : array, [n_atoms, 3]
        Angstrom.
    step
        Displacement h of the central differences, Angstrom.
    analytic
        Analytic second derivatives of PySCF instead.

    Returns
    -------
    array, [3 n_atoms, 3 n_atoms]
        eV/Angstrom^2, symmetric.

    Raises
    ------
    InputError
        If the method does not apply to the molecule, or has no analytic second derivatives.
    ConvergenceError
        If the self-consistent field does not converge.
    """
    positions = check_positions(positions, symbols)
    method.check(symbols)
    if analytic:
        if method.code != "pyscf":
            raise InputError(f"analytic: found True for code {method.code}, expected code pyscf")
        return _analytic(method, symbols, positions, charge, max_memory_mb)
    return _central_differences(method, symbols, positions, charge, max_memory_mb, step)


def _analytic(method, symbols, positions, charge, max_memory_mb):
    mol = plain.molecule(
        symbols, positions / BOHR, method.basis, charge=charge, max_memory_mb=max_memory_mb
    )
    mf = plain.mean_field(
        mol,
        method.functional,
        density_fitting=method.density_fitting,
        auxiliary_basis=method.auxiliary_basis,
        grid_level=method.grid_level,
    )
    mf.kernel()
    if not mf.converged:
        raise ConvergenceError(f"SCF of the Hessian not converged in {mf.max_cycle} cycles")
    blocks = mf.Hessian().kernel()  # -> [n_atoms, n_atoms, 3, 3]
    size = 3 * len(symbols)
    full = blocks.transpose(0, 2, 1, 3).reshape(size, size) * (HARTREE / BOHR**2)
    return (full + full.T) / 2


def _central_differences(method, symbols, positions, charge, max_memory_mb, step):
    engine = make_engine(method, symbols, charge=charge, max_memory_mb=max_memory_mb)
    rows = []
    for k in range(positions.size):
        displacement = np.zeros(positions.size)
        displacement[k] = step
        displacement = displacement.reshape(positions.shape)
        forward = engine.compute(positions + displacement, ("energy", "forces")).forces
        backward = engine.compute(positions - displacement, ("energy", "forces")).forces
        rows.append(-(forward - backward).ravel() / (2 * step))
    full = np.array(rows)
    return (full + full.T) / 2
