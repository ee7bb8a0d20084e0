"""Second derivatives of the energy."""

import numpy as np
from label_examples import WATER, method

from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.units import BOHR, HARTREE


def analytic(symbols, positions):
    """Analytic Hessian of PySCF, Hartree-Fock with fitted integrals, eV/Angstrom^2."""
    mol = plain.molecule(symbols, positions / BOHR, "sto-3g")
    blocks = plain.mean_field(mol, "hf").run().Hessian().kernel()  # -> [n_atoms, n_atoms, 3, 3]
    return blocks.transpose(0, 2, 1, 3).reshape(9, 9) * (HARTREE / BOHR**2)


def test_differences_of_forces_agree_with_analytic_derivatives():
    settings = method("hf", "sto-3g", scf_gradient_tolerance=1e-8)
    numerical = hessian(settings, *WATER)
    np.testing.assert_allclose(numerical, numerical.T)
    np.testing.assert_allclose(numerical, analytic(*WATER), atol=0.02)


def test_a_shift_needs_no_work():
    second = hessian(Method(functional="b3lyp5", basis="sto-3g"), *WATER)
    np.testing.assert_allclose(second @ np.tile(np.eye(3), (3, 1)), 0, atol=1e-2)
