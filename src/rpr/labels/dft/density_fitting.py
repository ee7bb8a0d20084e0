"""Density-fitted Coulomb and exchange integrals of one frame, in memory.

With the metric J_PQ = (P|Q) = L L^T, the fitted integrals are (mn|kl) = sum_P B_mn^P B_kl^P with
B^P_mn = sum_Q (L^-1)_PQ (Q|mn).  Coulomb needs B once per density; exchange is contracted through
the occupied orbitals, H^P_im = sum_n C_ni B^P_mn, at n_auxiliary n_ao^2 n_occupied operations
instead of n_auxiliary n_ao^3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
from scipy.linalg.blas import dtrsm

from rpr.errors import ConvergenceError
from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto


def three_centre(
    mol: gto.Mole,
    auxmol: gto.Mole,
    name: str,
    *,
    symmetry: str,
    shells: tuple[int, int] | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Integrals (mn|P), in memory as [component, P, n, m] or packed as [P, mn].

    Parameters
    ----------
    mol, auxmol
        Orbital and auxiliary basis.
    name
        PySCF's name of the integral.
    symmetry
        ``s1`` or ``s2ij``.
    shells
        First auxiliary shell and the one after the last; None for all.
    out
        Memory for the result.
    """
    from pyscf.df.incore import aux_e2

    begin, end = shells or (0, auxmol.nbas)
    return aux_e2(
        mol,
        auxmol,
        name,
        aosym=symmetry,
        out=out,
        shls_slice=(0, mol.nbas, 0, mol.nbas, begin, end),
    )


class FittedIntegrals:
    """The tensor B of one frame.

    Parameters
    ----------
    mol, auxmol
        PySCF molecules of the orbital and of the auxiliary basis.
    workspace
        Holds the tensors; they are valid until the next frame is fitted in it.

    Attributes
    ----------
    factor : array, [n_auxiliary, n_auxiliary]
        L, lower triangular.
    tensor : array, [n_auxiliary, n_ao, n_ao]
        B.

    Raises
    ------
    ConvergenceError
        If the auxiliary basis is linearly dependent at this geometry.
    """

    def __init__(self, mol: gto.Mole, auxmol: gto.Mole, workspace: Workspace) -> None:
        from pyscf import lib

        n_ao, n_auxiliary = mol.nao, auxmol.nao
        n_pairs = n_ao * (n_ao + 1) // 2
        self.factor = _cholesky(auxmol.intor("int2c2e"))
        buffer = workspace.array("packed", (n_auxiliary, n_pairs))
        pairs = three_centre(mol, auxmol, "int3c2e", symmetry="s2ij", out=buffer)
        # pairs is [pair, P] in Fortran order: X L^T = pairs is solved in place
        pairs = dtrsm(1.0, self.factor, pairs, side=1, lower=1, trans_a=1, overwrite_b=1)
        self.packed = pairs.T
        self.tensor = workspace.array("tensor", (n_auxiliary, n_ao, n_ao))
        lib.unpack_tril(self.packed, out=self.tensor)
        self._workspace = workspace
        self._single: np.ndarray | None = None

    @property
    def single(self) -> np.ndarray:
        """B in single precision, [n_auxiliary, n_ao, n_ao]."""
        if self._single is None:
            self._single = self._workspace.array("single", self.tensor.shape, np.float32)
            np.copyto(self._single, self.tensor, casting="same_kind")
        return self._single

    def fit(self, density: np.ndarray) -> np.ndarray:
        """sum_mn B^P_mn D_mn of a symmetric D, [n_auxiliary]; of several, [d, n_auxiliary]."""
        from pyscf import lib

        weighted = 2 * density
        diagonal = np.arange(density.shape[-1])
        weighted[..., diagonal, diagonal] /= 2
        return lib.pack_tril(weighted) @ self.packed.T

    def coulomb(self, density: np.ndarray) -> np.ndarray:
        """J_mn = sum_P B^P_mn sum_kl B^P_kl D_kl, [n_ao, n_ao]."""
        from pyscf import lib

        return lib.unpack_tril(self.fit(density) @ self.packed)

    def half_transform(self, orbitals: np.ndarray, *, single: bool = False) -> np.ndarray:
        """H^P_im = sum_n C_ni B^P_nm, [n_auxiliary, n_orbitals, n_ao]."""
        tensor = self.single if single else self.tensor
        return np.matmul(np.ascontiguousarray(orbitals.T, dtype=tensor.dtype), tensor)


def exchange(half: np.ndarray) -> np.ndarray:
    """K_mn = 2 sum_iP H^P_im H^P_in of a closed shell, [n_ao, n_ao]."""
    flat = half.reshape(-1, half.shape[-1])
    return 2 * (flat.T @ flat)


def solve_transposed(factor: np.ndarray, values: np.ndarray) -> np.ndarray:
    """L^-T values of a lower triangular L."""
    return scipy.linalg.solve_triangular(factor, values, lower=True, trans="T")


def _cholesky(metric: np.ndarray) -> np.ndarray:
    try:
        return np.asfortranarray(scipy.linalg.cholesky(metric, lower=True))
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            "the auxiliary basis is linearly dependent at this geometry (atoms too close?)"
        ) from error
