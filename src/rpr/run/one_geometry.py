"""A run about a molecule of which only one geometry is given.

``molecule: any.xyz`` is short for ``molecule: {geometry: any.xyz}``.  What the bonds tell is found
here, before any job: the dihedral to scan (that of the principal rotor) and the anchors.  Minima
need energies and are found by the workflow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ase import Atoms
from ase.data import atomic_numbers

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import find_rotors, fragments, suggest_anchors
from rpr.run.config import MOLECULE_KEYS
from rpr.run.schema import with_defaults
from rpr.units import BOHR

#: Largest molecule whose minima are searched for.
MOST_ATOMS = 20

#: Largest permutation-inversion group; a kernel costs as many times that of one geometry.
MOST_ELEMENTS = 100


def expanded(config: Mapping) -> dict:
    """Copy of a configuration in which the name of a file stands as `molecule/geometry`."""
    molecule = config.get("molecule")
    if not isinstance(molecule, str):
        return dict(config)
    return {**config, "molecule": {"geometry": molecule}}


def completed(config: Mapping, schema: Mapping) -> dict:
    """Copy of a complete configuration with what follows from `molecule/geometry`.

    Name, anchors and dihedral are found where they have the values of the default configuration,
    which are about another molecule; other values are kept, such as ``dihedral: null``.  A run
    without a name has that of the molecule.

    Parameters
    ----------
    config
        Configuration with all its keys.
    schema
        The schema, which has the default values.

    Raises
    ------
    InputError
        If the run has no name, or the geometry is not one small closed-shell molecule in Angstrom.
    """
    molecule = config["molecule"]
    path = molecule["geometry"]
    if path is None:
        if config["run"] is None:
            raise InputError(
                "molecule: found no geometry; give one XYZ file, such as --config molecule=any.xyz"
            )
        return dict(config)
    default = with_defaults({}, schema)["molecule"]
    if molecule["geometries"] != default["geometries"]:
        raise InputError(
            "molecule: found both geometry and geometries; give one start geometry, whose minima "
            "are found, or the minima"
        )
    name = os.path.splitext(os.path.basename(path))[0]
    found = {**molecule, "geometries": [path]}
    if found["name"] == default["name"]:
        found["name"] = name.replace("_", " ")
    found |= _found(path, found, default)
    run = config["run"] or re.sub(r"[^A-Za-z0-9_-]", "_", name).lstrip("_-") or "molecule"
    return {**config, "molecule": found, "run": run}


def check_molecule(atoms: Atoms, path: str, charge: int = 0, **options: Any) -> Molecule:
    """The molecule of a geometry, refused unless it is one small molecule with closed shells.

    Parameters
    ----------
    atoms
        The geometry.
    path
        Its file, for messages.
    charge
        Total charge, e.
    options
        Bonds, group and motions, as for :meth:`rpr.molecule.molecule.Molecule.from_atoms`.

    Raises
    ------
    InputError
        If there is one atom or more than :data:`MOST_ATOMS`, the number of electrons is odd, the
        bonds do not connect all atoms, or the group has more than :data:`MOST_ELEMENTS` elements.
    """
    if not 1 < len(atoms) <= MOST_ATOMS:
        raise InputError(
            f"{path}: found {len(atoms)} atoms, expected 2 to {MOST_ATOMS}; for a larger molecule "
            "give its minima, anchors and dihedral (molecule/geometries)"
        )
    symbols = atoms.get_chemical_symbols()
    electrons = sum(atomic_numbers[s] for s in symbols) - charge
    if electrons % 2:
        raise InputError(
            f"{path}: found {electrons} electrons with molecule/charge {charge}, expected an even "
            "number, as labels are for closed shells; for an ion set molecule/charge"
        )
    molecule = Molecule.from_atoms(atoms, **options)
    parts = fragments(molecule)
    if len(parts) > 1:
        raise InputError(f"{path}: {_why_apart(atoms, parts)}")
    size = len(find_group(molecule))
    if size > MOST_ELEMENTS:
        raise InputError(
            f"{path}: found {size} feasible permutations and inversions of like atoms, over which "
            f"the models average, expected at most {MOST_ELEMENTS}; leave out rotations of methyl "
            "groups or all of them (molecule/group: without-methyl or none)"
        )
    return molecule


def _found(path: str, molecule: Mapping, default: Mapping) -> dict:
    """Dihedral and anchors that are not given."""
    if not os.path.isfile(path):
        raise InputError(f"molecule/geometry: file {path} does not exist")
    found = ("dihedral", "anchors")
    options = {key: molecule[key] for key in MOLECULE_KEYS if key not in found}
    try:
        bare = check_molecule(read_geometry(path), path, molecule["charge"], **options)
    except InputError as error:
        raise InputError(f"molecule/geometry: {error}") from error
    dihedral = molecule["dihedral"]
    if dihedral == default["dihedral"]:
        rotors = find_rotors(bare)
        dihedral = list(rotors[0].dihedral) if rotors else None
    anchors = molecule["anchors"]
    if anchors == default["anchors"]:
        turned = Molecule.from_atoms(bare.to_atoms(), dihedral=dihedral, **options)
        anchors = list(suggest_anchors(turned))
    return {"dihedral": dihedral, "anchors": anchors}


def _why_apart(atoms: Atoms, parts: list[list[int]]) -> str:
    """Why the bonds do not connect the atoms: a wrong unit, or several molecules."""
    smaller = Atoms(atoms.symbols, positions=atoms.positions * BOHR)
    if len(fragments(Molecule.from_atoms(smaller))) == 1:
        return (
            "no bonds connect the atoms, but they would if the coordinates were in bohr; multiply "
            f"them by {BOHR:.6f} to get Angstrom"
        )
    listed = "; ".join(" ".join(str(atom) for atom in part) for part in parts[:4])
    return (
        f"found {len(parts)} molecules (atoms {listed}), expected one whose bonds connect all "
        "atoms, in Angstrom"
    )
