"""Monte Carlo moves that turn one end of a molecule about the bond of its dihedral.

Dynamics at 300 K rarely crosses the barriers between conformations: those of 1,2-dichloroethane are
5 and 9 kcal/mol high.  A move turns one end by a random angle, uniform over the circle, and is
accepted with the probability min(1, exp(-(V' - V) / kT)) of Metropolis.  The end turns as a rigid
body about a bond that stays where it is, so that volumes are kept (the Jacobian is 1), and the
turn back is as likely as the turn: the distribution exp(-V/kT) of Cartesian positions stays what it
is.  Velocities are independent of positions in it, if the molecule may rotate as a whole, and are
left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpr.dynamics.batch import Potential
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import turn_dihedral
from rpr.units import KB


def move_torsions(
    model: Potential,
    positions: np.ndarray,
    molecule: Molecule,
    *,
    temperature_K: float,
    rngs: Sequence[np.random.Generator],
) -> tuple[np.ndarray, np.ndarray]:
    """One move of each chain: accepted turns change its positions, rejected ones do not.

    Parameters
    ----------
    model
        Potential, whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    positions : array, [n_chains, n_atoms, 3]
        Angstrom.
    molecule
        Its dihedral says about which bond which end turns.
    temperature_K
        Temperature in K.
    rngs
        One source of random numbers for each chain.

    Returns
    -------
    positions : array, [n_chains, n_atoms, 3]
        Angstrom.
    accepted : bool array, [n_chains]
        Which moves were accepted.

    Raises
    ------
    InputError
        If the temperature is not positive, or the molecule has no dihedral that can be turned.
    """
    if not temperature_K > 0.0:
        raise InputError(f"temperature_K: found {temperature_K}, expected a positive number")
    degrees = np.array([rng.uniform(-180.0, 180.0) for rng in rngs])
    turned = turn_dihedral(positions, molecule, degrees)
    rise = model.predict(turned)[0] - model.predict(positions)[0]
    # an exponential variate is -log of a uniform one, as in u < exp(-rise / kT)
    threshold = KB * temperature_K * np.array([rng.standard_exponential() for rng in rngs])
    accepted = rise <= threshold  # a NaN is rejected
    return np.where(accepted[:, None, None], turned, positions), accepted
