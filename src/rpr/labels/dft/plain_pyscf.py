"""Labels from plain PySCF, as a careful user would compute them.

The label engine is measured against them, and they serve where it does not apply, that is, for
exact integrals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import rpr.labels.dft  # noqa: F401  (sets PySCF's configuration file before PySCF is imported)

if TYPE_CHECKING:
    from pyscf import gto


def molecule(
    symbols: Sequence[str],
    positions_bohr: np.ndarray,
    basis: str,
    *,
    charge: int = 0,
    max_memory_mb: float | None = None,
) -> gto.Mole:
    """PySCF molecule, closed shell, silent.

    Parameters
    ----------
    symbols
        Chemical symbols.
    positions_bohr : array, [n_atoms, 3]
        Bohr.
    basis
        Name of the orbital basis.
    charge
        Total charge.
    max_memory_mb
        Memory that PySCF may use, MB; None for its default.
    """
    from pyscf import gto

    mol = gto.Mole(verbose=0)
    mol.atom = list(zip(symbols, np.asarray(positions_bohr).tolist(), strict=True))
    mol.unit = "Bohr"
    mol.basis = basis
    mol.charge = charge
    if max_memory_mb is not None:
        mol.max_memory = max_memory_mb
    return mol.build()


def mean_field(
    mol: gto.Mole,
    functional: str,
    *,
    density_fitting: bool = True,
    auxiliary_basis: str = "",
    grid_level: int = 3,
) -> Any:
    """Restricted Kohn-Sham object with PySCF's default settings, not yet run."""
    from pyscf import dft

    mf = dft.RKS(mol, xc=functional)
    if density_fitting:
        mf = mf.density_fit(auxbasis=auxiliary_basis or None)
    mf.grids.level = grid_level
    return mf


def dipole(mf: Any) -> np.ndarray:
    """Dipole moment in e bohr, [3]."""
    return mf.dip_moment(mf.mol, mf.make_rdm1(), unit="AU", verbose=0)


def gradient(mf: Any) -> np.ndarray:
    """Nuclear gradient in hartree/bohr, [n_atoms, 3]."""
    return mf.nuc_grad_method().kernel()


def polarizability(mf: Any) -> np.ndarray:
    """Static polarizability in bohr^3, [3, 3]: ``gen_response`` and ``cphf.solve``."""
    from pyscf.scf import cphf

    occupied = mf.mo_coeff[:, mf.mo_occ > 0]
    virtual = mf.mo_coeff[:, mf.mo_occ == 0]
    with mf.mol.with_common_orig((0, 0, 0)):
        r = mf.mol.intor_symmetric("int1e_r", comp=3)
    h1 = np.einsum("xpq,pa,qi->xai", r, virtual, occupied)
    response = mf.gen_response(hermi=1)

    def induced(u: np.ndarray) -> np.ndarray:
        u = u.reshape(-1, virtual.shape[1], occupied.shape[1])
        density = 2 * np.einsum("xai,pa,qi->xpq", u, virtual, occupied)
        v = response(density + density.transpose(0, 2, 1))
        return np.einsum("xpq,pa,qi->xai", v, virtual, occupied).reshape(len(u), -1)

    u = cphf.solve(induced, mf.mo_energy, mf.mo_occ, h1)[0].reshape(h1.shape)
    return -4 * np.einsum("xai,yai->xy", h1, u)
