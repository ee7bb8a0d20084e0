"""Free energy along the dihedral from mean torques, without counting how often it is visited.

A turn of one end of the molecule keeps volumes of Cartesian positions, and changes the dihedral phi
by the angle of the turn.  The free energy F = -kT ln p(phi) of the distribution exp(-V/kT)
therefore has the derivative

    dF/dphi = -<torque>,

the mean over geometries with this dihedral, without any further term.  A restraint that depends on
phi alone leaves such means as they are.  Restrained dynamics at centres all around the circle gives
torques everywhere, on top of barriers, too.  A Fourier series is fitted to them and integrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.dynamics.batch import Potential
from rpr.dynamics.langevin import Thermostat, run_langevin
from rpr.dynamics.torsional_restraint import RestrainedPotential, torque
from rpr.dynamics.velocities import thermal_velocities
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, dihedral_of, turn_dihedral
from rpr.units import KB

#: Steps from one recorded torque to the next.
_RECORD_EVERY = 10
#: Highest multiple of the dihedral in the Fourier series.
ORDER = 12


@dataclass(frozen=True)
class MeanTorqueSettings:
    """How torques are sampled.

    Parameters
    ----------
    temperature_K
        Temperature in K.
    n_windows
        Number of centres of the restraint, spread over the circle.
    n_replicas
        Independent repeats of every window, whose scatter gives the errors.
    strength
        Restraint in eV/rad^2.
    equilibration_ps, time_ps
        Time that is discarded, and that is recorded, of each window in ps.
    friction_per_ps
        Friction of the Langevin dynamics in 1/ps.
    dt_fs
        Time step in fs.
    seed
        Seed of the random numbers.
    """

    temperature_K: float = 300.0
    n_windows: int = 72
    n_replicas: int = 4
    strength: float = 8.0
    equilibration_ps: float = 0.5
    time_ps: float = 1.0
    friction_per_ps: float = 10.0
    dt_fs: float = 0.5
    seed: int = 0

    @property
    def thermostat(self) -> Thermostat:
        """The Langevin dynamics."""
        return Thermostat(self.temperature_K, self.friction_per_ps, self.dt_fs)


def sample_torques(
    model: Potential, molecule: Molecule, settings: MeanTorqueSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Dihedrals and torques of restrained dynamics.

    Parameters
    ----------
    model
        Potential, whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    molecule
        Its reference geometry, masses, bonds and dihedral are used.
    settings
        How torques are sampled.

    Returns
    -------
    dihedrals, torques : array, [n_replicas, n_samples]
        Degrees, and eV/rad without the torque of the restraint.
    """
    n = settings.n_windows * settings.n_replicas
    rngs = [np.random.default_rng([settings.seed, k]) for k in range(n)]
    centres = np.tile(
        360.0 * np.arange(settings.n_windows) / settings.n_windows, settings.n_replicas
    )
    start = np.repeat(molecule.reference[None], n, axis=0)
    found = dihedral_angle(molecule.reference[None], dihedral_of(molecule))[0]
    x = turn_dihedral(start, molecule, centres - found)
    v = thermal_velocities(x, molecule.masses, settings.temperature_K, rngs, rigid_body_motion=True)
    restrained = RestrainedPotential(model, molecule, centres, settings.strength)
    n_discarded, n_kept = (
        round(1e3 * time / settings.dt_fs) for time in (settings.equilibration_ps, settings.time_ps)
    )
    lengths = [n_discarded, *[_RECORD_EVERY] * (n_kept // _RECORD_EVERY)]
    angles, torques = [], []
    for number, n_steps in enumerate(lengths):
        x, v = run_langevin(
            restrained, x, v, molecule.masses, settings.thermostat, n_steps=n_steps, rngs=rngs,
            molecule=molecule, rigid_body_motion=True,
        )  # fmt: skip
        if number:
            angles.append(dihedral_angle(x, dihedral_of(molecule)))
            torques.append(torque(x, model.predict(x)[1], molecule))
    shape = (len(angles), settings.n_replicas, settings.n_windows)
    by_replica = [
        np.array(values).reshape(shape).transpose(1, 0, 2).reshape(settings.n_replicas, -1)
        for values in (angles, torques)
    ]
    return by_replica[0], by_replica[1]


def fit_torque(dihedrals: np.ndarray, torques: np.ndarray, *, order: int = ORDER) -> np.ndarray:
    """Fourier series of the mean torque, by least squares.

    Parameters
    ----------
    dihedrals, torques : array, [n_samples]
        Degrees and eV/rad.
    order
        Highest multiple of the dihedral.

    Returns
    -------
    array, [2 order + 1]
        The constant, then cosines, then sines of 1, 2, ... times the dihedral, eV/rad.  The
        constant is zero for a periodic free energy, up to statistical errors.

    Raises
    ------
    InputError
        If there are fewer samples than coefficients.
    """
    if len(dihedrals) < 2 * order + 1:
        raise InputError(
            f"dihedrals: found {len(dihedrals)}, expected at least {2 * order + 1} samples"
        )
    return np.linalg.lstsq(_basis(dihedrals, order), torques, rcond=None)[0]


def free_energy(coefficients: np.ndarray, dihedrals: np.ndarray) -> np.ndarray:
    """Free energy along the dihedral, F = -integral of the mean torque without its constant.

    Parameters
    ----------
    coefficients : array
        From :func:`fit_torque`, eV/rad.
    dihedrals : array, [n]
        Degrees.

    Returns
    -------
    array, [n]
        eV; its mean over the circle is zero.
    """
    order = len(coefficients) // 2
    cosines, sines = coefficients[1 : order + 1], coefficients[order + 1 :]
    turns = _turns(dihedrals, order)
    return np.cos(turns) @ (sines / np.arange(1, order + 1)) - np.sin(turns) @ (
        cosines / np.arange(1, order + 1)
    )


def shares(
    coefficients: np.ndarray, edges: np.ndarray, temperature_K: float, *, per_degree: int = 10
) -> np.ndarray:
    """Boltzmann shares of intervals of the dihedral.

    Parameters
    ----------
    coefficients : array
        From :func:`fit_torque`, eV/rad.
    edges : array, [n + 1]
        Ends of the intervals in degrees, ascending from -180 to 180.
    temperature_K
        Temperature in K.
    per_degree
        Points of the quadrature.

    Returns
    -------
    array, [n]
        They sum to one.
    """
    points = -180.0 + (np.arange(360 * per_degree) + 0.5) / per_degree
    weights = np.exp(-free_energy(coefficients, points) / (KB * temperature_K))
    return np.histogram(points, edges, weights=weights)[0] / weights.sum()


def _turns(dihedrals: np.ndarray, order: int) -> np.ndarray:
    return np.radians(np.asarray(dihedrals, dtype=float))[:, None] * np.arange(1, order + 1)


def _basis(dihedrals: np.ndarray, order: int) -> np.ndarray:
    turns = _turns(dihedrals, order)
    return np.concatenate([np.ones((len(turns), 1)), np.cos(turns), np.sin(turns)], axis=1)
