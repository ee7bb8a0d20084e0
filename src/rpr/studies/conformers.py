"""Conformers: minima of a potential, their versions and populations, and those of segments."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from ase import Atoms

from rpr.data.segments import Segments
from rpr.dynamics.optimise import optimise
from rpr.errors import ConvergenceError
from rpr.models.calculator import KREGCalculator
from rpr.models.kreg.potential import KREG
from rpr.molecule.equivalence import SAME, distance
from rpr.molecule.inertia import inertia_tensor
from rpr.molecule.molecule import Molecule
from rpr.molecule.normal_modes import NormalModes
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rigid_body import LINEAR
from rpr.molecule.superposition import smallest_distance
from rpr.molecule.torsion import dihedral_angle
from rpr.spectra.harmonic import modes_of_potential
from rpr.studies.families import families
from rpr.units import KB, KCAL_MOL

_LOG = logging.getLogger(__name__)

#: Name of segments in which the molecule changes from one conformer to another.
MIXED = "changing"

_SAME = 0.05  # Angstrom; root-mean-square distance below which two geometries are the same


@dataclass(frozen=True, eq=False)
class Minimum:
    """A minimum of a potential.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
        Angstrom.
    energy
        eV.
    modes
        Normal modes on the same potential.
    versions : array, [n_versions, n_atoms, 3]
        Geometries that feasible permutations and inversion make of it and no rotation does, itself
        first: one of anti, two of gauche 1,2-dichloroethane.
    """

    positions: np.ndarray
    energy: float
    modes: NormalModes
    versions: np.ndarray


def find_minima(
    potential: KREG,
    molecule: Molecule,
    geometries: Mapping[str, Atoms],
    *,
    force_tolerance: float = 1e-3,
    strict: bool = True,
) -> dict[str, Minimum]:
    """Minima of a potential next to given geometries.

    Parameters
    ----------
    potential
        Trained potential.
    molecule
        Molecule of the potential.
    geometries
        Start geometries by name of the conformer.
    force_tolerance
        Largest force at a minimum in eV/Angstrom.
    strict
        Whether every geometry must lead to a minimum of its own.  Otherwise those that do not are
        left out, except the first.

    Raises
    ------
    ConvergenceError
        If an optimisation fails, or ends at a saddle point.
    """
    found: dict[str, Minimum] = {}
    group = find_group(molecule)
    for name, start in geometries.items():
        try:
            minimum = _minimum(potential, molecule, start, force_tolerance, name)
        except ConvergenceError as error:
            if strict or not found:
                raise
            _LOG.info("%s; left out", error)
            continue
        known = (distance(minimum.positions, m.positions, group) < SAME for m in found.values())
        if strict or not any(known):
            found[name] = minimum
    return found


def _minimum(
    potential: KREG,
    molecule: Molecule,
    start: Atoms,
    force_tolerance: float,
    name: str,
) -> Minimum:
    """The minimum of a potential next to one geometry."""
    relaxed = optimise(
        start,
        KREGCalculator(potential),
        force_tolerance=force_tolerance,
        name=name,
        log_level=logging.INFO,
    ).positions
    modes = modes_of_potential(lambda x: potential.predict(x)[1], relaxed, molecule.masses)
    if modes.imaginary.any():
        raise ConvergenceError(
            f"{name}: {modes.describe(0, molecule.symbols)} is imaginary on the potential; "
            "train the potential on more frames near this conformer"
        )
    energy = float(potential.predict(relaxed[None])[0][0])
    return Minimum(relaxed, energy, modes, versions(molecule, relaxed))


def versions(molecule: Molecule, positions: np.ndarray) -> np.ndarray:
    """Geometries that the permutation-inversion group makes of one, different up to rotation.

    Parameters
    ----------
    molecule
        Its bonds and reference geometry give the group.
    positions : array, [n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [n_versions, n_atoms, 3]
        Centred on the mean of the atoms, the given geometry first.
    """
    centred = positions - positions.mean(axis=0)
    different = np.empty((0, *centred.shape))
    for image in find_group(molecule).act_on_positions(centred[None])[:, 0]:
        if (smallest_distance(different, image) > _SAME).all():
            different = np.concatenate([different, image[None]])
    return different


def starts(minima: Mapping[str, Minimum]) -> np.ndarray:
    """Geometries at which trajectories start, in turn: conformers, and versions of each.

    Returns
    -------
    array, [n_starts, n_atoms, 3]
    """
    each = [minimum.versions for minimum in minima.values()]
    n = max(len(v) for v in each)
    return np.array([v[k % len(v)] for k in range(n) for v in each])


def populations(minima: Mapping[str, Minimum], temperature_K: float) -> np.ndarray:
    """Populations of conformers as rigid rotors with harmonic vibrations.

    p ~ n_versions sqrt(I_a I_b I_c) exp(-E / kT) prod exp(-x/2) / (1 - exp(-x)), x = h c nu / kT;
    a linear molecule, all of whose conformers are, has two moments I.

    Returns
    -------
    array, [n_minima]
        They add up to 1.
    """
    kT = KB * temperature_K
    logarithms = []
    for minimum in minima.values():
        quanta = minimum.modes.quanta / kT
        arms = minimum.positions - np.average(
            minimum.positions, axis=0, weights=minimum.modes.masses
        )
        moments = np.linalg.eigvalsh(inertia_tensor(arms, minimum.modes.masses))
        moments = moments[moments > LINEAR * moments[-1]]  # two of a linear molecule
        logarithms.append(
            np.log(len(minimum.versions))
            + 0.5 * np.sum(np.log(moments))
            - minimum.energy / kT
            - np.sum(0.5 * quanta + np.log(-np.expm1(-quanta)))
        )
    weights = np.exp(np.array(logarithms) - max(logarithms))
    return weights / weights.sum()


def conformer_of_segments(
    segments: Segments, minima: Mapping[str, Minimum], molecule: Molecule
) -> np.ndarray:
    """Name of the conformer of each segment.

    Every record belongs to the minimum, in any version, whose dihedral is nearest, and to the
    conformer of that minimum (:func:`rpr.studies.families.families`); a segment with records of
    several conformers is `MIXED`.  Without a dihedral all segments have the first one.

    Returns
    -------
    array of str, [n_segments]
    """
    names, family = list(minima), families({n: m.versions for n, m in minima.items()}, molecule)
    if molecule.dihedral is None or len(set(family.values())) == 1:
        return np.full(len(segments), names[0])
    flat = segments.positions.reshape(-1, molecule.n_atoms, 3)
    angles = dihedral_angle(flat, molecule.dihedral)
    distances = []
    for minimum in minima.values():
        centres = dihedral_angle(minimum.versions, molecule.dihedral)
        away = np.abs((angles[:, None] - centres + 180.0) % 360.0 - 180.0)
        distances.append(away.min(axis=1))
    first = np.array([names.index(family[name]) for name in names])
    nearest = first[np.argmin(distances, axis=0)].reshape(len(segments), -1)
    constant = (nearest == nearest[:, :1]).all(axis=1)
    return np.where(constant, np.array(names)[nearest[:, 0]], MIXED)


def conformer_table(
    minima: Mapping[str, Minimum],
    segments: Segments,
    conformers: np.ndarray,
    molecule: Molecule,
    temperature_K: float,
) -> pd.DataFrame:
    """One row for each conformer, and one for segments that change.

    Returns
    -------
    DataFrame
        Relative energy, population, and the segments that the spectra are made of.
    """
    lowest = min(m.energy for m in minima.values())
    family = families({n: m.versions for n, m in minima.items()}, molecule)
    shares = dict(zip(minima, populations(minima, temperature_K), strict=True))
    n_modes = len(next(iter(minima.values())).modes.wavenumbers)
    segment_ps = 1e-3 * (segments.n_times - 1) * segments.interval_fs
    rows = []
    for name in (*dict.fromkeys(family.values()), MIXED):
        members = [m for m in minima if family[m] == name]
        own = conformers == name
        minimum = minima.get(name)
        dihedral = np.nan
        if minimum is not None and molecule.dihedral is not None:
            dihedral = float(dihedral_angle(minimum.positions[None], molecule.dihedral)[0])
        kinetic = np.nan
        if segments.kinetic is not None and own.any():
            kinetic = 2.0 * segments.kinetic[own].mean() / n_modes / KB
        rows.append(
            {
                "conformer": name,
                "dihedral_degrees": dihedral,
                "energy_kcal_per_mol": (
                    np.nan if minimum is None else (minimum.energy - lowest) / KCAL_MOL
                ),
                "versions": sum(len(minima[m].versions) for m in members),
                "population": sum(shares[m] for m in members) if members else np.nan,
                "trajectories": len(np.unique(segments.trajectory[own])),
                "segments": int(own.sum()),
                "time_ps": own.sum() * segment_ps,
                "temperature_K": temperature_K,
                "kinetic_temperature_K": kinetic,
            }
        )
    return pd.DataFrame(rows)
