"""Derivatives of density-fitted integrals, contracted with pair densities.

One pass over the integrals (grad m n|P) serves the gradient of the energy
(`rpr.labels.dft.gradient`) and the derivatives of the dipole (`rpr.labels.dft.dipole_derivatives`)
and of the polarizability (`rpr.labels.dft.polarizability_derivatives`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rpr.labels.dft.density_fitting import FittedIntegrals, solve_transposed, three_centre
from rpr.labels.dft.exchange_correlation import Functional
from rpr.labels.dft.exchange_derivatives import ExchangeDerivatives
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.second_order_exchange import SecondOrderExchangeDerivatives
from rpr.labels.dft.second_order_response import PAIRS, SecondOrderResponse
from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto

_AUXILIARY_BLOCK = 24  #: auxiliary functions at a time


def fitted_derivatives(
    mol: gto.Mole,
    auxmol: gto.Mole,
    integrals: FittedIntegrals,
    functional: Functional,
    solution: SCFSolution,
    workspace: Workspace,
    densities: np.ndarray,
    change: OrbitalResponse | None,
    second: SecondOrderResponse | None = None,
) -> np.ndarray:
    """Derivatives of the fitted integrals with pair densities G and w, [d, n_atoms, 3].

    The densities [d, n_ao, n_ao] are those of the energy, of the three fields where `change` is
    given, and of the six pairs of fields where `second` is.
    """
    coulomb = solve_transposed(integrals.factor, integrals.fit(densities).T).T  # c -> [d, P]
    pair_densities = -0.5 * np.array([np.outer(coulomb[0], c) for c in coulomb])
    if second is not None:
        pair_densities[4:] -= 0.5 * np.array(
            [np.outer(coulomb[1 + j], coulomb[1 + k]) for j, k in PAIRS]
        )
    exchange = None
    if solution.half is not None:
        factor, share = integrals.factor, functional.exact_exchange
        if change is None or second is None:
            exchange = ExchangeDerivatives(factor, share, solution, change)
        else:
            exchange = SecondOrderExchangeDerivatives(mol, factor, share, solution, change, second)
        pair_densities += exchange.pair_densities()
    pair_densities[1:] += pair_densities[1:].transpose(0, 2, 1)
    metric = auxmol.intor("int2c2e_ip1", comp=3)
    gradients = np.array(
        [
            -2 * sum_by_atom(auxmol, np.einsum("xpq,pq->px", metric, pair_density))
            for pair_density in pair_densities
        ]
    )
    for atom, shells, functions in _auxiliary_blocks(auxmol):
        moved = _derivative_integrals(mol, auxmol, shells, workspace)  # -> [x, P, n, m]
        per_function = _coulomb_derivatives(moved, coulomb[:, functions], densities)
        if exchange is not None:
            of_functions, of_atoms = exchange.derivatives(moved, functions)
            per_function += of_functions
            if of_atoms is not None:
                gradients[4:] -= 2 * of_atoms
                gradients[4:, atom] += 2 * of_atoms.sum(axis=1)
        for gradient, one in zip(gradients, per_function, strict=True):
            gradient -= 2 * sum_by_atom(mol, one)
            gradient[atom] += 2 * one.sum(axis=0)
    return gradients


def _coulomb_derivatives(
    moved: np.ndarray, coulomb: np.ndarray, densities: np.ndarray
) -> np.ndarray:
    """Coulomb part of sum_Pn (grad m n|P) G^P_mn of a block of P, [d, m, x].

    G is c_P D for the energy, c'_P D + c_P D' for a field, and
    c''_P D + c'_kP D'_l + c'_lP D'_k + c_P D'' for a pair of fields.
    """
    n_ao = densities.shape[-1]
    potentials = np.array([coulomb @ m.reshape(len(m), -1) for m in moved])
    potentials = potentials.reshape(3, len(densities), n_ao, n_ao)  # -> [x, d, n, m]
    per_function = np.einsum("xdnm,nm->dmx", potentials, densities[0])
    per_function[1:] += np.einsum("xnm,dnm->dmx", potentials[:, 0], densities[1:])
    for n, (j, k) in enumerate(PAIRS[: max(len(densities) - 4, 0)]):
        per_function[4 + n] += np.einsum("xnm,nm->mx", potentials[:, 1 + j], densities[1 + k])
        per_function[4 + n] += np.einsum("xnm,nm->mx", potentials[:, 1 + k], densities[1 + j])
    return per_function


def _derivative_integrals(
    mol: gto.Mole, auxmol: gto.Mole, shells: tuple[int, int], workspace: Workspace
) -> np.ndarray:
    """(grad m n|P), [3, P, n, m]."""
    loc = auxmol.ao_loc
    shape = (3, loc[shells[1]] - loc[shells[0]], mol.nao, mol.nao)
    buffer = workspace.array("derivatives", shape)
    raw = three_centre(mol, auxmol, "int3c2e_ip1", symmetry="s1", shells=shells, out=buffer)
    return raw.transpose(0, 3, 2, 1)


def _auxiliary_blocks(auxmol: gto.Mole) -> Iterator[tuple[int, tuple[int, int], slice]]:
    """Atom, shells and functions of blocks of the auxiliary basis that lie on one atom each."""
    loc = auxmol.ao_loc
    for atom, (begin, end) in enumerate(auxmol.aoslice_by_atom()[:, :2]):
        first = begin
        for shell in range(begin, end):
            if shell + 1 == end or loc[shell + 2] - loc[first] > _AUXILIARY_BLOCK:
                yield atom, (first, shell + 1), slice(loc[first], loc[shell + 1])
                first = shell + 1


def sum_by_atom(mol: gto.Mole, per_function: np.ndarray) -> np.ndarray:
    """Sums over the functions of each atom, [n_atoms, 3]."""
    return np.array([per_function[a:b].sum(axis=0) for a, b in mol.aoslice_by_atom()[:, 2:]])
