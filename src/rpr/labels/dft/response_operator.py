"""The matrix of the response equations (`rpr.labels.dft.response`), as its product with vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rpr.labels.dft.density_fitting import FittedIntegrals
from rpr.labels.dft.exchange_correlation import Functional, density_on_grid, orbitals_on_grid
from rpr.labels.dft.grids import BLOCK, Grid
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.workspace import Workspace

_Block = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class ResponseOperator:
    """The matrix A, as its product with trial vectors.

    Parameters
    ----------
    integrals
        Fitted integrals of the frame.
    functional
        Exchange-correlation functional.
    grid
        Grid of the exchange-correlation kernel; None for Hartree-Fock.
    solution
        Converged self-consistent field.
    workspace
        Memory for large arrays.

    Attributes
    ----------
    differences : array, [n_virtual, n_occupied]
        e_a - e_i.
    half : array, [n_auxiliary, n_occupied, n_ao]
        H, single precision.
    pairs : array, [n_auxiliary, n_occupied, n_occupied]
        B_ij, single precision.
    """

    def __init__(
        self,
        integrals: FittedIntegrals,
        functional: Functional,
        grid: Grid | None,
        solution: SCFSolution,
        workspace: Workspace,
    ) -> None:
        single = np.float32
        self.integrals = integrals
        self.functional = functional
        self.solution = solution
        self.differences = np.subtract.outer(
            solution.orbital_energies[solution.n_occupied :],
            solution.orbital_energies[: solution.n_occupied],
        )  # e_a - e_i -> [n_virtual, n_occupied]
        self._occupied = solution.occupied.astype(single)
        self._virtual = solution.virtual.astype(single)
        half = solution.half
        if half is None:
            half = integrals.half_transform(solution.occupied)
        self.half = half.astype(single)
        self.pairs = self.half @ self._occupied  # B_ij -> [P, i, j]
        self._on_grid = [] if grid is None else list(self._kernel_on_grid(grid, workspace))

    def on_grid(self, points: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Orbitals, potential and kernel on points of one `grids.BLOCK`, single precision.

        Returns
        -------
        psi, v, f
            [component, n_occupied, n_points], and v [component, n_points] and
            f [component, component, n_points] times the weights of the points.
        """
        block, begin = divmod(points.start, BLOCK)
        inside = slice(begin, begin + points.stop - points.start)
        _, psi, potential, kernel, _ = self._on_grid[block]
        return psi[..., inside], potential[..., inside], kernel[..., inside]

    def blocks(self) -> Iterator[_Block]:
        """Basis, orbitals, potential, kernel and weights of each block of the grid.

        The basis is [component, n_ao, n_points], the rest as `on_grid` returns it; all but the
        weights are in single precision.
        """
        yield from self._on_grid

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Products of trial vectors U, [n_vectors, n_virtual, n_occupied].

        Returns
        -------
        products, induced
            A U, [n_vectors, n_virtual, n_occupied], and the occupied block of the induced Fock
            matrices, C_o^T (J[D'] - (a/2) K[D'] + V'[D']) C_o, [n_vectors, n_occupied, n_occupied].
        """
        z = np.matmul(self._virtual, vectors.astype(np.float32))  # -> [v, m, i]
        product = self._coulomb(z)
        if self.functional.exact_exchange:
            product -= 0.5 * self.functional.exact_exchange * self._exchange(z)
        for basis, psi, _, kernel, _ in self._on_grid:
            product += self._exchange_correlation(z, basis, psi, kernel)
        products = self.differences * vectors + np.matmul(self._virtual.T, product)
        return products, np.matmul(self._occupied.T, product)

    def _coulomb(self, z: np.ndarray) -> np.ndarray:
        flat = self.half.reshape(len(self.half), -1)  # -> [P, i m]
        fitted = flat @ z.transpose(0, 2, 1).reshape(len(z), -1).T
        return 4 * (fitted.T @ flat).reshape(len(z), *self.half.shape[1:]).transpose(0, 2, 1)

    def _exchange(self, z: np.ndarray) -> np.ndarray:
        n_vectors, n_ao, n_occupied = z.shape
        flat = self.half.reshape(-1, n_ao)  # -> [P j, m]
        product = np.empty_like(z)
        for v in range(n_vectors):
            moved = self.integrals.half_transform(z[v], single=True)  # (B Z)^P_jm
            product[v] = moved.reshape(-1, n_ao).T @ self.pairs.reshape(-1, n_occupied)
            pairs = (flat @ z[v]).reshape(self.pairs.shape)  # (H Z)^P_ij
            product[v] += flat.T @ pairs.transpose(0, 2, 1).reshape(-1, n_occupied)
        return 2 * product

    def _kernel_on_grid(self, grid: Grid, workspace: Workspace) -> Iterator[_Block]:
        """Blocks of the grid, as `blocks` yields them."""
        order = self.functional.derivative
        count = 4 if order else 1
        n_ao, n_points = self.solution.occupied.shape[0], len(grid.weights)
        store = workspace.array("response basis", (count * n_ao * n_points,), np.float32)
        for points, basis in grid.blocks(order):
            begin, end = count * n_ao * points.start, count * n_ao * points.stop
            single = store[begin:end].reshape(count, n_ao, -1)
            np.copyto(single, basis[:count], casting="same_kind")
            psi = orbitals_on_grid(self.solution.occupied, basis)
            potential, kernel = self.functional.potential_and_kernel(
                density_on_grid(psi), grid.weights[points]
            )
            psi, potential, kernel = (a.astype(np.float32) for a in (psi, potential, kernel))
            yield single, psi, potential, kernel, grid.weights[points]

    def _exchange_correlation(
        self, z: np.ndarray, basis: np.ndarray, psi: np.ndarray, kernel: np.ndarray
    ) -> np.ndarray:
        n_vectors, n_ao, n_occupied = z.shape
        stacked = np.ascontiguousarray(z.transpose(0, 2, 1)).reshape(-1, n_ao)
        zeta = np.matmul(stacked, basis).reshape(len(basis), n_vectors, n_occupied, -1)
        weighted = np.empty_like(zeta)
        for v in range(n_vectors):
            density = np.einsum("ip,cip->cp", psi[0], zeta[:, v])
            density[1:] += np.einsum("ip,cip->cp", zeta[0, v], psi[1:])
            potential = 4 * np.einsum("cdp,dp->cp", kernel, density)
            weighted[0, v] = np.einsum("cip,cp->ip", psi, potential)
            weighted[1:, v] = psi[0] * potential[1:, None]
        product = np.zeros((n_ao, n_vectors * n_occupied), np.float32)
        for c in range(len(basis)):
            product += basis[c] @ weighted[c].reshape(n_vectors * n_occupied, -1).T
        return product.reshape(n_ao, n_vectors, n_occupied).transpose(1, 0, 2)
