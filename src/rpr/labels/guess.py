"""Guess of the orbitals of a frame without predecessors."""

from __future__ import annotations

import numpy as np

from rpr.labels.scf import FockBuilder, OrthogonalBasis, lowest_orbitals


def atomic_orbitals(
    mol, builder: FockBuilder, basis: OrthogonalBasis, n_occupied: int
) -> np.ndarray:
    """Lowest orbitals in the field of superposed atomic densities, [n_ao, n_occupied].

    The atomic densities are those of a minimal basis; the natural orbitals of their sum, scaled by
    the roots of their occupations, stand for the occupied orbitals in one Fock matrix.
    """
    from pyscf.scf import hf

    density = hf.init_guess_by_minao(mol)
    occupations, vectors = np.linalg.eigh(basis.root @ density @ basis.root)
    occupied = occupations > 1e-6
    scaled = vectors[:, occupied] * np.sqrt(occupations[occupied] / 2)
    builder.build(basis.inverse_root @ scaled)
    return lowest_orbitals(basis.transform(builder.total()[1]), basis, n_occupied)
