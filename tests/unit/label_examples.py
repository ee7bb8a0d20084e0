"""Molecules that the tests of labels share, and their plain PySCF reference."""

from functools import cache

import numpy as np

from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.method import Method
from rpr.units import BOHR

WATER = (
    ("O", "H", "H"),
    np.array([[0.0, 0.05, 0.117], [0.02, 0.757, -0.471], [-0.03, -0.81, -0.44]]),
)
DICHLOROETHANE = (
    ("Cl", "C", "C", "Cl", "H", "H", "H", "H"),
    np.array(
        [
            [2.15, -0.42, 0.03],
            [0.62, 0.42, 0.02],
            [-0.61, -0.45, -0.05],
            [-2.10, 0.40, 0.30],
            [0.60, 1.10, 0.87],
            [0.58, 1.05, -0.90],
            [-0.63, -1.10, 0.82],
            [-0.60, -1.02, -0.95],
        ]
    ),
)


def method(functional="b3lyp5", basis="def2-svp", **settings) -> Method:
    """Method in the laboratory's orientation, as the reference is, tightly converged."""
    settings = {"scf_gradient_tolerance": 1e-6, "canonical_orientation": False} | settings
    return Method(functional=functional, basis=basis, **settings)


@cache
def reference(name: str, functional: str, basis: str) -> dict[str, np.ndarray]:
    """Plain PySCF labels in atomic units: energy, gradient, dipole, polarizability."""
    symbols, positions = {"water": WATER, "dichloroethane": DICHLOROETHANE}[name]
    charges = plain.molecule(symbols, positions, basis).atom_charges()
    centred = positions - charges @ positions / charges.sum()
    mf = plain.mean_field(plain.molecule(symbols, centred / BOHR, basis), functional)
    mf.conv_tol = 1e-11
    mf.kernel()
    return {
        "energy": mf.e_tot,
        "gradient": plain.gradient(mf),
        "dipole": plain.dipole(mf),
        "polarizability": plain.polarizability(mf),
    }
