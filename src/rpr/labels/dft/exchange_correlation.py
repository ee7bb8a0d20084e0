"""Exchange-correlation energy, potential and kernel of a closed shell on a grid.

Densities are [1, n_points] for an LDA and [4, n_points] (value, gradient) for a GGA; potentials
and kernels are derivatives with respect to these four numbers, as PySCF's ``eval_xc_eff`` returns
them, times the weights of the points.
"""

from __future__ import annotations

import numpy as np

from rpr.labels.dft.grids import Grid

_DERIVATIVE = {"HF": 0, "LDA": 0, "GGA": 1}


class Functional:
    """A functional, with its kind and its share of exact exchange.

    Parameters
    ----------
    name
        Name in libxc, or ``hf``.

    Attributes
    ----------
    kind
        ``HF``, ``LDA`` or ``GGA``.
    exact_exchange
        Coefficient of exact exchange.
    derivative
        Derivatives of the basis that the density needs, 0 or 1.
    """

    def __init__(self, name: str) -> None:
        from pyscf.dft import libxc, numint

        self.name = name
        self.kind = libxc.xc_type(name)
        self.exact_exchange = float(libxc.hybrid_coeff(name))
        self.derivative = _DERIVATIVE[self.kind]
        self._numint = numint.NumInt()

    def energy_and_potential(
        self, density: np.ndarray, weights: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Energy in hartree and potential times weights, [components, n_points]."""
        energy, potential = self._evaluate(density, 1)[:2]
        return float(np.dot(energy * density[0], weights)), potential * weights

    def potential_and_kernel(
        self, density: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives times weights.

        [components, n_points] and [components, components, n_points]
        """
        potential, kernel = self._evaluate(density, 2)[1:3]
        return potential * weights, kernel * weights

    def third_derivatives(self, density: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Third derivatives times weights, [components, components, components, n_points]."""
        return self._evaluate(density, 3)[3] * weights

    def _evaluate(self, density: np.ndarray, order: int) -> tuple[np.ndarray, ...]:
        argument = density[0] if self.kind == "LDA" else density
        return self._numint.eval_xc_eff(self.name, argument, deriv=order, xctype=self.kind)


def orbitals_on_grid(orbitals: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """psi_i and its derivatives, [component, n_orbitals, n_points]."""
    return np.matmul(np.ascontiguousarray(orbitals.T), basis)


def density_on_grid(psi: np.ndarray) -> np.ndarray:
    """rho = 2 sum_i psi_i^2 and its gradient, [component, n_points]."""
    density = 2 * np.einsum("ip,cip->cp", psi[0], psi)
    density[1:] *= 2
    return density


def changed_density(psi: np.ndarray, zeta: np.ndarray) -> np.ndarray:
    """rho' = 4 sum_i psi_i zeta_i and its gradient, [c, k, n_points]."""
    density = np.einsum("ip,ckip->ckp", psi[0], zeta)
    density[1:] += np.einsum("kip,cip->ckp", zeta[0], psi[1:])
    return 4 * density


def energy_and_matrix(
    functional: Functional, grid: Grid, orbitals: np.ndarray
) -> tuple[float, np.ndarray]:
    """Exchange-correlation energy and its matrix in the orbital basis.

    ``V_mn = sum_p w_p [v_0 phi_m phi_n + sum_c v_c d_c(phi_m phi_n)]``

    Parameters
    ----------
    functional
        Exchange-correlation functional.
    grid
        Integration grid.
    orbitals : array, [n_ao, n_occupied]
        Occupied orbitals.

    Returns
    -------
    energy : float
        Hartree.
    matrix : array, [n_ao, n_ao]
        V.
    """
    n_ao = orbitals.shape[0]
    energy, half = 0.0, np.zeros((n_ao, n_ao))
    for points, basis in grid.blocks(functional.derivative):
        density = density_on_grid(orbitals_on_grid(orbitals, basis))
        e, potential = functional.energy_and_potential(density, grid.weights[points])
        energy += e
        potential[0] *= 0.5
        half += basis[0] @ scale(basis, potential).T
    return energy, half + half.T


def scale(basis: np.ndarray, potential: np.ndarray) -> np.ndarray:
    """sum_c v_c(p) phi^c_m(p), [n_ao, n_points]."""
    from pyscf.dft import numint

    if basis.dtype == np.float64 and basis.flags.c_contiguous:
        return numint._scale_ao(basis.transpose(0, 2, 1), potential).T
    return np.einsum("cmp,cp->mp", basis, potential)
