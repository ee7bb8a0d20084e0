"""What follows from a run's configuration: its geometries, and the plan of its frames."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rpr.errors import InputError
from rpr.labels.method import Method
from rpr.run import deposit

#: Keys of `molecule` that, beside the reference geometry, make the molecule: arguments of
#: :meth:`rpr.molecule.molecule.Molecule.from_atoms`.
MOLECULE_KEYS = ("anchors", "dihedral", "bonds", "group", "inverting", "turning")


def geometry_names(config: Mapping) -> dict[str, str]:
    """Files of the minima by name, which is the stem of the file; the first is the reference.

    Raises
    ------
    InputError
        If two files have the same stem.
    """
    paths = config["molecule"]["geometries"]
    names = {os.path.splitext(os.path.basename(path))[0]: path for path in paths}
    if len(names) < len(paths):
        raise InputError(
            f"molecule/geometries: found two files of one name in {', '.join(paths)}; rename one"
        )
    return names


@dataclass(frozen=True)
class Plan:
    """Where the frames of a run come from, and how many there are.

    Parameters
    ----------
    source
        Where labelled frames come from: ``compute``, ``deposit`` or ``files``.
    test_source
        Where labelled test frames come from: ``compute``, ``deposit`` or ``files``.
    deposited
        Number of frames of each role in the deposit that the run reads; empty without one.
    trajectories
        Numbers of the initial conditions from which trajectories start.
    pool_size
        Number of frames of the dynamics, run here or read from a deposit.
    n_labelled
        Number of these frames that get labels.
    n_test_frames
        Number of frames of the rotated test set, if it is computed.
    one_level
        Whether md/method and labels/method agree in every setting, defaults included.
    with_dynamics
        Whether the dynamics labels its frames as it makes them.  It does so where there is one
        level of theory and no deposit gives some labels.
    checks
        Checks of the labels of a deposit: ``plain`` (PySCF only) and ``reoriented``.
    spectra_model
        Model whose dipoles and polarizabilities spectra are made of.
    searched
        Whether minima are searched for, from one geometry; frames that come with labels need none.
    thermal_source
        Where labelled frames of the thermal test set come from: ``compute``, ``deposit``, or None
        if there is none.
    """

    source: str
    test_source: str
    deposited: Mapping[str, int]
    trajectories: range
    pool_size: int
    n_labelled: int
    n_test_frames: int
    one_level: bool
    with_dynamics: bool
    checks: tuple[str, ...]
    spectra_model: str
    searched: bool = False
    thermal_source: str | None = None

    @property
    def computed_stages(self) -> tuple[str, ...]:
        """Stages at whose level of theory the run computes: ``md``, ``labels``, both or none."""
        if self.source == "compute":
            return ("labels",) if "md" in self.deposited else ("md", "labels")
        return ("labels",) if "compute" in (self.test_source, self.thermal_source) else ()


def make_plan(config: Mapping) -> Plan:
    """The plan of a complete configuration.

    Raises
    ------
    InputError
        If ``labels/deposit`` is not the manifest of a deposit.
    """
    labels, test = config["labels"], config["test_set"]
    deposited = _deposited_frames(labels)
    starts = config["initial_conditions"]
    trajectories = range(0, starts["n_trajectories"], starts["every"])
    made = len(trajectories) * max(1, config["md"]["n_steps"])
    pool_size = deposited.get("md", made)
    return Plan(
        source=labels["source"],
        test_source=_test_source(labels, deposited),
        deposited=deposited,
        pool_size=pool_size,
        trajectories=trajectories,
        n_labelled=pool_size if labels["n_frames"] is None else labels["n_frames"],
        n_test_frames=test["n_trajectories"] * (test["n_steps"] // test["every"]),
        one_level=_one_level(config),
        with_dynamics=_with_dynamics(config),
        checks=_label_checks(config),
        searched=(
            config["molecule"]["geometry"] is not None
            and labels["source"] == "compute"
            and "md" not in deposited
        ),
        spectra_model=_spectra_model(config),
        thermal_source=_thermal_source(config["thermal"], deposited),
    )


def _deposited_frames(labels: Mapping) -> dict[str, int]:
    if labels["deposit"] is None or labels["source"] == "files":
        return {}
    try:
        return deposit.frame_counts(labels["deposit"])
    except InputError as error:
        raise InputError(f"labels/deposit: {error}") from error


def _test_source(labels: Mapping, deposited: Mapping[str, int]) -> str:
    if "test_set" in deposited:
        return "deposit"
    own = labels["source"] == "files" and labels["files"]["test_set"] != "compute"
    return "files" if own else "compute"


def _thermal_source(thermal: Mapping, deposited: Mapping[str, int]) -> str | None:
    if "thermal" in deposited:
        return "deposit"
    return "compute" if thermal["n_frames"] else None


def _with_dynamics(config: Mapping) -> bool:
    labels = config["labels"]
    if labels["source"] != "compute" or labels["deposit"] is not None:
        return False
    if config["md"]["n_steps"] == 0:
        return False
    return _one_level(config)


def _one_level(config: Mapping) -> bool:
    return Method(**config["md"]["method"]) == Method(**config["labels"]["method"])


def _spectra_model(config: Mapping) -> str:
    """The model of spectra: the given one, or the first trained one that never jumps."""
    trained = config["models"]["names"]
    smooth = [name for name in ("covariant", "symmetrized") if name in trained]
    return config["spectra"]["model"] or next(iter([*smooth, *trained]))


def _label_checks(config: Mapping) -> tuple[str, ...]:
    if not config["deposit"]["n_checked"]:
        return ()
    plain = ("plain",) if config["labels"]["method"]["code"] == "pyscf" else ()
    return (*plain, "reoriented")
