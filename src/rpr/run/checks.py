"""Checks of a configuration that its schema cannot express.

Sizes must fit together, atoms must exist, names must be known to the library, the molecule must be
one that frames and models can have, and a deposit one that the run can read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from rpr.axes.canonical import AXES, check_axes
from rpr.data.atoms_files import first_atoms
from rpr.errors import InputError
from rpr.labels.dft.electronic_structure import memory_mb
from rpr.labels.method import Method
from rpr.models.kreg.kernel import n_internal
from rpr.models.kreg.solver import training_bytes
from rpr.models.registry import ABLATIONS, MODELS, find, make_model
from rpr.molecule.mirror_image import mirror_permutation
from rpr.molecule.molecule import Molecule, check_symbols, read_geometry, read_molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import check_chain
from rpr.molecule.torsion import turned_atoms
from rpr.run import deposit
from rpr.run.config import MOLECULE_KEYS, Plan
from rpr.run.jobs import free_megabytes
from rpr.run.schema import nearest
from rpr.run.size_checks import check_sizes
from rpr.run.spectra_checks import check_spectra

Result = TypeVar("Result")

#: Beginnings of names that models had before, and what they are called now.
_FORMER_MODELS = {"paper": "rotate-predict-rotate", "cured": "folded"}


def check_consistency(config: Mapping, plan: Plan) -> None:
    """Check what a schema cannot express.

    Parameters
    ----------
    config
        The configuration with all its keys.
    plan
        Its plan, from :func:`rpr.run.config.make_plan`.

    Raises
    ------
    InputError
        Naming the key and the remedy.
    """
    molecule = _check_molecule(config["molecule"])
    _check_methods(config, molecule.symbols)
    _check_names(config, molecule)
    _check_source(config, molecule.symbols)
    check_sizes(config, plan)
    _check_memory(config, plan, molecule)
    if molecule.dihedral is not None:
        turned = "md" in plan.computed_stages or plan.test_source == "compute"
        check = turned_atoms if turned else check_chain
        _with_key("molecule/dihedral", check, molecule)
    check_spectra(config, plan)


def _check_molecule(molecule: Mapping) -> Molecule:
    """The molecule, after a look at every geometry."""
    symbols: Any = None
    for path in molecule["geometries"]:
        if not os.path.isfile(path):
            raise InputError(f"molecule/geometries: file {path} does not exist")
        atoms = _with_key("molecule/geometries", read_geometry, path)
        found = atoms.get_chemical_symbols()
        symbols = symbols or found
        if found != symbols:
            raise InputError(
                f"molecule/geometries: found atoms {' '.join(found)} in {path}, expected those of "
                f"{molecule['geometries'][0]} in the same order: {' '.join(symbols)}"
            )
    _check_atoms(molecule, len(symbols))
    options = {key: molecule[key] for key in MOLECULE_KEYS}
    known = _with_key("molecule", read_molecule, molecule["geometries"][0], **options)
    _with_key("molecule", find_group, known)
    return known


def _check_atoms(molecule: Mapping, n_atoms: int) -> None:
    """Refuse indices of atoms that are not there."""
    for key in ("anchors", "dihedral", "bonds", "inverting", "turning"):
        indices = [i for entry in molecule[key] or () for i in np.atleast_1d(entry)]
        if wrong := [i for i in indices if i >= n_atoms]:
            raise InputError(
                f"molecule/{key}: found atom {wrong[0]}, but {molecule['geometries'][0]} has "
                f"{n_atoms} atoms, counted from 0: expected 0..{n_atoms - 1}"
            )


def _check_methods(config: Mapping, symbols: Sequence[str]) -> None:
    for stage in ("md", "labels"):
        given = dict(config[stage]["method"])
        _with_key(f"{stage}/method", Method.from_config, given, symbols)
    if scan := config["conformers"]["method"]:
        _with_key("conformers/method", Method.from_config, scan, symbols)


def _check_names(config: Mapping, molecule: Molecule) -> None:
    axes, models = config["models"]["axes"], config["models"]
    _check_known("benchmark/axes", [config["benchmark"]["axes"]], AXES)
    _check_known("models/axes", axes, AXES)
    _check_known("models/names", models["names"], MODELS)
    _check_known("models/ablations", models["ablations"], ABLATIONS)
    if "rotate-predict-rotate" in models["names"]:  # otherwise nothing uses these axes
        _with_key("benchmark/axes", check_axes, config["benchmark"]["axes"], molecule)
        for name in axes:
            _with_key("models/axes", check_axes, name, molecule)
    for key in ("names", "ablations"):
        for name in models[key]:
            _with_key(f"models/{key}: {name}", _check_model, name, molecule)


def _check_model(name: str, molecule: Molecule) -> None:
    """Refuse a model that this molecule cannot have."""
    make_model(name, property="dipole", molecule=molecule).check_molecule()
    if find(name).scan:
        mirror_permutation(molecule)


def _with_key(
    key: str, check: Callable[..., Result], *arguments: object, **options: object
) -> Result:
    """Return what `check` returns; let its error name the key."""
    try:
        return check(*arguments, **options)
    except InputError as error:
        found = str(error).removeprefix(f"{key.rpartition('/')[2]}: ")
        raise InputError(f"{key}: {found}") from error


def _check_known(key: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name in known:
            continue
        former, _, change = name.partition("-")
        if now := _FORMER_MODELS.get(former):
            now = f"{now}-{change}" if change else now
            raise InputError(f"{key}: the model {name!r} is called {now!r} now; rename it")
        raise InputError(f"{key}: found {name!r}; {nearest(name, known)}")


def _check_source(config: Mapping, symbols: Sequence[str]) -> None:
    labels = config["labels"]
    source, files = labels["source"], labels["files"]
    if source == "deposit" or (source == "compute" and labels["deposit"]):
        _require_file("labels/deposit", labels["deposit"], "the manifest of a deposit")
        _with_key("labels/deposit", _check_deposit, labels, symbols)
    if source == "files":
        _require_file("labels/files/frames", files["frames"], "an extended XYZ file")
        _check_first_frame("labels/files/frames", files["frames"], symbols)
        if files["test_set"] != "compute":
            expected = "an extended XYZ file, or `compute`"
            _require_file("labels/files/test_set", files["test_set"], expected)
            _check_first_frame("labels/files/test_set", files["test_set"], symbols)
    ignored = {"deposit": labels["deposit"]} if source == "files" else {}
    if source != "files":
        ignored = {f"files/{key}": value for key, value in files.items()}
    if labels["dipole_derivatives"] and source != "compute":
        raise InputError(
            f"labels/dipole_derivatives: found true, but labels/source is {source}, and "
            "frames that come with labels have their own derivatives or none; remove the key"
        )
    for key, value in ignored.items():
        if value is not None:
            wanted = "compute or deposit" if source == "files" else "files"
            raise InputError(
                f"labels/{key}: found {value}, but labels/source is {source}, which ignores it; "
                f"set labels/source to {wanted}, or remove labels/{key}"
            )


def _check_first_frame(key: str, path: str, symbols: Sequence[str]) -> None:
    """Refuse frames of another molecule, or with their atoms in another order."""
    first = _with_key(key, first_atoms, path)
    _with_key(key, check_symbols, first.get_chemical_symbols(), symbols, f"{path}: frame 0")


def _check_deposit(labels: Mapping, symbols: Sequence[str]) -> None:
    deposit.check_fits(
        labels["deposit"],
        symbols=symbols,
        method=labels["method"],
        same_settings=labels["source"] == "compute",
    )


def _check_memory(config: Mapping, plan: Plan, molecule: Molecule) -> None:
    """Refuse now what a job would refuse hours later."""
    resources, n_atoms = config["resources"], molecule.n_atoms
    for stage in plan.computed_stages:
        method = Method.from_config(config[stage]["method"], molecule.symbols)
        key = {"md": "md_mem_mb", "labels": "label_mem_mb"}[stage]
        if method.code == "pyscf":
            needed = memory_mb(method, molecule.symbols, config["molecule"]["charge"])
            what = f"{stage}/method with the basis {method.basis}"
            _require_memory(key, resources[key], needed, what)
    n_train = config["kreg"]["n_train"]
    per_frame = 1 + n_internal(n_atoms, n_atoms * (n_atoms - 1) // 2)
    needed = training_bytes(n_train, per_frame) / 1e6
    what = f"kreg/n_train {n_train}"
    _require_memory("kreg_mem_mb", resources["kreg_mem_mb"], needed, what)


def _require_memory(key: str, found: int, needed: float, what: str) -> None:
    least = math.ceil(needed) + found - free_megabytes(found)
    if found < least:
        raise InputError(f"resources/{key}: found {found} MB, but {what} needs {least} MB")


def _require_file(key: str, path: str | None, expected: str) -> None:
    if path is None:
        raise InputError(f"{key}: found null, but labels/source needs {expected} here")
    if not os.path.isfile(path):
        raise InputError(f"{key}: file {path} does not exist; expected {expected}")
