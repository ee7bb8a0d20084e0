"""Checks of a configuration that its schema cannot express.

Sizes must fit together, atoms must exist, names must be known to the library, the molecule must be
one that frames and models can have, and a deposit one that the run can read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

from rpr.axes.canonical import AXES, check_axes
from rpr.errors import InputError
from rpr.labels.dft.electronic_structure import memory_mb
from rpr.labels.method import Method
from rpr.models.kreg.kernel import n_internal
from rpr.models.kreg.solver import training_bytes
from rpr.models.registry import ABLATIONS, MODELS, make_model
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.molecule.torsion import turned_atoms
from rpr.run import deposit
from rpr.run.config import (
    deposited_frames,
    free_megabytes,
    n_label_frames,
    pool_size,
    rotated_source,
)
from rpr.run.schema import nearest


def check_consistency(config: Mapping) -> None:
    """Check what a schema cannot express; `config` has all its keys.

    Raises
    ------
    InputError
        Naming the key and the remedy.
    """
    molecule = _check_molecule(config["molecule"])
    _check_methods(config, molecule.symbols)
    _check_names(config, molecule)
    _check_source(config, molecule.symbols)
    _check_sizes(config)
    _check_memory(config, molecule)
    if "md" in _computed_levels(config) and molecule.dihedral is not None:
        turned_atoms(molecule)


def _check_molecule(molecule: Mapping) -> Molecule:
    """The molecule, after a look at every geometry."""
    symbols = None
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
    reference = read_geometry(molecule["geometries"][0])
    return Molecule.from_atoms(
        reference, anchors=molecule["anchors"], dihedral=molecule["dihedral"]
    )


def _check_atoms(molecule: Mapping, n_atoms: int) -> None:
    for key in ("anchors", "dihedral"):
        wrong = [i for i in molecule[key] or () if i >= n_atoms]
        if wrong:
            raise InputError(
                f"molecule/{key}: found atom {wrong[0]}, but {molecule['geometries'][0]} has "
                f"{n_atoms} atoms, counted from 0: expected 0..{n_atoms - 1}"
            )


def _check_methods(config: Mapping, symbols: Sequence[str]) -> None:
    for stage in ("md", "labels"):
        given = dict(config[stage]["method"])
        _with_key(f"{stage}/method", Method.from_config, given, symbols)


def _check_names(config: Mapping, molecule: Molecule) -> None:
    axes, models = config["models"]["axes"], config["models"]
    _check_known("benchmark/axes", [config["benchmark"]["axes"]], AXES)
    _check_known("models/axes", axes, AXES)
    _check_known("models/names", models["names"], MODELS)
    _check_known("models/ablations", models["ablations"], ABLATIONS)
    if "rotate-predict-rotate" not in models["names"]:
        raise InputError(
            "models/names: rotate-predict-rotate is missing; the figures of the paper draw it"
        )
    _with_key("benchmark/axes", check_axes, config["benchmark"]["axes"], molecule)
    for name in axes:
        _with_key("models/axes", check_axes, name, molecule)
    for name in models["names"] + models["ablations"]:
        _with_key(f"models/names: {name}", _check_model, name, molecule)


def _check_model(name: str, molecule: Molecule) -> None:
    """Refuse a model that this molecule cannot have."""
    make_model(name, property="dipole", molecule=molecule).check_molecule()


def _with_key(key: str, check, *arguments):
    """What `check` returns; its error names the key."""
    try:
        return check(*arguments)
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def _check_known(key: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"{key}: found {name!r}; {nearest(name, known)}")


def _check_source(config: Mapping, symbols: Sequence[str]) -> None:
    labels = config["labels"]
    if labels["source"] == "deposit" or (labels["source"] == "compute" and labels["deposit"]):
        _require_file("labels/deposit", labels["deposit"], "the manifest of a deposit")
        _with_key("labels/deposit", _check_deposit, labels, symbols)
    if labels["source"] == "files":
        _require_file("labels/files/frames", labels["files"]["frames"], "an extended XYZ file")
        if labels["files"]["test_set"] != "compute":
            _require_file(
                "labels/files/test_set",
                labels["files"]["test_set"],
                "an extended XYZ file, or `compute`",
            )


def _check_deposit(labels: Mapping, symbols: Sequence[str]) -> None:
    deposit.check_fits(
        labels["deposit"],
        symbols=symbols,
        method=labels["method"],
        same_settings=labels["source"] == "compute",
    )


def _check_memory(config: Mapping, molecule: Molecule) -> None:
    """Refuse memory that a job would refuse, hours later."""
    resources, n_atoms = config["resources"], molecule.n_atoms
    for stage in _computed_levels(config):
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


def _computed_levels(config: Mapping) -> list[str]:
    """Levels of theory that the run computes at."""
    deposited = deposited_frames(config)
    if config["labels"]["source"] == "compute":
        return ["labels"] if "md" in deposited else ["md", "labels"]
    return ["labels"] if rotated_source(config, deposited) == "compute" else []


def _require_memory(key: str, found: int, needed: float, what: str) -> None:
    least = math.ceil(needed) + found - free_megabytes(found)
    if found < least:
        raise InputError(f"resources/{key}: found {found} MB, but {what} needs {least} MB")


def _require_file(key: str, path: str | None, expected: str) -> None:
    if path is None:
        raise InputError(f"{key}: found null, but labels/source needs here {expected}")
    if not os.path.isfile(path):
        raise InputError(f"{key}: file {path} does not exist; expected {expected}")


def _check_sizes(config: Mapping) -> None:
    labels, split, deposited = config["labels"], config["split"], deposited_frames(config)
    if labels["source"] == "compute":
        _check_pool(config, deposited)
        _check_split_sizes(split, n_label_frames(config, deposited))
        _check_trajectories(config, deposited)
    if labels["source"] == "deposit":
        deposit.check_prefix(labels["deposit"], deposited["frames"], labels["n_frames"])
        _check_split_sizes(split, labels["n_frames"] or deposited["frames"])
    _check_curve_sizes(config)
    _check_test_set(config["test_set"])


def _check_pool(config: Mapping, deposited: Mapping[str, int]) -> None:
    wanted, pool = n_label_frames(config, deposited), pool_size(config, deposited)
    if wanted > pool:
        made = "the dynamics makes {} frames (initial_conditions/n_trajectories x md/n_steps)"
        if "md" in deposited:
            made = f"{config['labels']['deposit']} has {{}} frames of the dynamics"
        raise InputError(f"labels/n_frames: found {wanted}, but {made.format(pool)}")


def _check_test_set(test: Mapping) -> None:
    if test["every"] > test["n_steps"]:
        raise InputError(
            f"test_set/every: found {test['every']}, more than test_set/n_steps {test['n_steps']}: "
            "no frame would be labelled"
        )
    if test["every"] % test["record_every"]:
        raise InputError(
            f"test_set/record_every: found {test['record_every']}, which does not divide "
            f"test_set/every {test['every']}; labelled frames must be recorded ones"
        )


def _check_split_sizes(split: Mapping, available: int) -> None:
    wanted = split["n_train"] + split["n_test"]
    if wanted > available:
        raise InputError(
            f"split: n_train {split['n_train']} + n_test {split['n_test']} = {wanted}, but only "
            f"{available} frames get labels (labels/n_frames); label more or make the split smaller"
        )


def _check_trajectories(config: Mapping, deposited: Mapping[str, int]) -> None:
    n_trajectories = config["initial_conditions"]["n_trajectories"]
    if "md" not in deposited and n_trajectories < 2:
        raise InputError(
            "split/n_test: holding out whole trajectories needs at least 2, found "
            f"initial_conditions/n_trajectories {n_trajectories}"
        )


def _check_curve_sizes(config: Mapping) -> None:
    n_train = config["split"]["n_train"]
    named = {
        "learning_curve/sizes": config["learning_curve"]["sizes"],
        "kreg/sizes": config["kreg"]["sizes"],
        "kreg/n_train": [config["kreg"]["n_train"]],
    }
    for key, sizes in named.items():
        if max(sizes) > n_train:
            raise InputError(
                f"{key}: found {max(sizes)}, more than the training frames split/n_train {n_train}"
            )
