"""What a model file holds, in words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from rpr.models.model_file import (
    StoredModel,
    checksum,
    load_model,
    molecule_from_json,
    reading,
)
from rpr.models.registry import REGISTRY
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group, group_text
from rpr.molecule.rotors import find_rotors
from rpr.molecule.torsion import dihedral_angle

#: Entries of the metadata that are told in a row of their own.
_TOLD = (
    "molecule", "training_checksum", "units", "hyperparameters", "about", "property", "calibration",
)  # fmt: skip


def describe(path: str | os.PathLike) -> list[tuple[str, str]]:
    """Name and text of everything worth knowing about a model file, in the order of reading.

    Parameters
    ----------
    path
        A model file.

    Raises
    ------
    InputError
        If it is no model file or damaged.
    """
    stored = load_model(path)
    with reading(path):
        return _rows(stored)


def _rows(stored: StoredModel) -> list[tuple[str, str]]:
    metadata = stored.metadata
    molecule = molecule_from_json(metadata["molecule"])
    about: Mapping[str, Any] = metadata.get("about", {})
    entry = REGISTRY.get(stored.kind)
    rows = [
        ("model", f"{stored.kind}: {entry.summary}" if entry else stored.kind),
        ("predicts", _predicts(metadata)),
        (
            "molecule",
            f"{molecule.to_atoms().get_chemical_formula()} ({' '.join(molecule.symbols)})",
        ),
        ("group", _group(molecule)),
        ("trained on", _trained_on(stored, molecule)),
        ("training checksum", str(metadata.get("training_checksum", "not recorded"))),
        ("level of theory", str(about.get("level") or "not recorded")),
        ("error when trained", str(about.get("error") or "not recorded")),
    ]
    if "calibration" in metadata:
        rows.append(("uncertainty", f"calibrated: {_listed(metadata['calibration'])}"))
    rows += [(str(name), str(text)) for name, text in about.get("notes", {}).items()]
    rows += [
        ("settings", _listed({k: v for k, v in metadata.items() if k not in _TOLD})),
        ("hyper-parameters", _listed(metadata.get("hyperparameters", {}))),
        ("file checksum", checksum(stored.arrays)),
        ("written by", ", ".join(f"{k} {v}" for k, v in stored.versions.items())),
    ]
    return [(name, text) for name, text in rows if text]


def _predicts(metadata: Mapping[str, Any]) -> str:
    units = metadata.get("units", {})
    names = [metadata["property"]] if "property" in metadata else ["energy", "forces"]
    return ", ".join(f"{name} in {units.get(name, 'units not recorded')}" for name in names)


def _group(molecule: Molecule) -> str:
    return group_text(molecule, find_group(molecule))


def _trained_on(stored: StoredModel, molecule: Molecule) -> str:
    about = stored.metadata.get("about", {})
    positions = stored.arrays.get("positions")
    number = about.get("n_train") or (None if positions is None else len(positions))
    text = "number of frames not recorded" if number is None else f"{number} frames"
    if source := about.get("source"):
        text += f" of {source}"
    rotors = find_rotors(molecule)
    dihedral = molecule.dihedral or (rotors[0].dihedral if rotors else None)
    if positions is not None and dihedral is not None:
        angles = dihedral_angle(positions, dihedral)
        name = "-".join(str(atom) for atom in dihedral)
        text += f"; dihedral {name} from {angles.min():.0f} to {angles.max():.0f} degrees"
    return text


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    """A value in a few words: numbers to four digits, and only the size of long lists."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and np.size(value) > 6:
        return f"({np.size(value)} numbers)"
    if isinstance(value, Mapping):
        return f"{{{_listed(value)}}}"
    return str(value)
