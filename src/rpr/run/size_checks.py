"""Checks of the sizes in a configuration: frames that are made, labelled, trained and tested on."""

from __future__ import annotations

from collections.abc import Mapping

from rpr.data.extxyz import count_frames
from rpr.errors import InputError
from rpr.run import deposit
from rpr.run.config import Plan


def check_sizes(config: Mapping, plan: Plan) -> None:
    """Refuse sets of frames that do not fit into each other.

    Raises
    ------
    InputError
        Naming the key, what was found and the remedy.
    """
    labels, split = config["labels"], config["split"]
    if plan.source == "compute":
        _check_pool(config, plan)
        _check_split_sizes(split, plan.n_labelled)
        _check_trajectories(config, plan)
    if plan.source == "deposit":
        available = plan.deposited["frames"]
        deposit.check_prefix(labels["deposit"], available, labels["n_frames"])
        _check_split_sizes(split, labels["n_frames"] or available)
    if plan.source == "files":
        path = labels["files"]["frames"]
        _check_split_sizes(split, count_frames(path), f"{path} has {{}} frames; give more")
    _check_curve_sizes(config)
    _check_test_set(config["test_set"])
    _check_fewer_labels(config, plan)
    _check_thermal(config, plan)


def _check_thermal(config: Mapping, plan: Plan) -> None:
    """Refuse a thermal test set that a run without quantum chemistry would have to label."""
    if plan.thermal_source != "compute" or "compute" in (plan.source, plan.test_source):
        return
    has = f"{config['labels']['deposit']} has none" if plan.source == "deposit" else "gives none"
    raise InputError(
        f"thermal/n_frames: found {config['thermal']['n_frames']}, but labels/source "
        f"{plan.source} computes no labels and {has}; set it to 0"
    )


def _check_fewer_labels(config: Mapping, plan: Plan) -> None:
    """Refuse a study of derivatives without frames that have them."""
    study = config["fewer_labels"]
    if not study["n_frames"]:
        return
    if plan.source == "files":
        raise InputError(
            "fewer_labels/n_frames: expected 0 for labels/source files, which have no derivatives "
            "of the dipole beside them"
        )
    if plan.source == "deposit" and "derivatives" not in plan.deposited:
        raise InputError(
            f"fewer_labels/n_frames: found {study['n_frames']}, but {config['labels']['deposit']} "
            "has no frames with derivatives of the dipole; set it to 0"
        )
    if plan.source == "compute" and study["n_frames"] > plan.n_labelled:
        raise InputError(
            f"fewer_labels/n_frames: found {study['n_frames']}, more than the {plan.n_labelled} "
            "frames that get labels (labels/n_frames)"
        )
    n_test = plan.deposited.get("test_set", plan.n_test_frames)
    if plan.source == "compute" and study["n_test_frames"] > n_test:
        raise InputError(
            f"fewer_labels/n_test_frames: found {study['n_test_frames']}, more than the {n_test} "
            "frames of the rotated test set"
        )


def _check_pool(config: Mapping, plan: Plan) -> None:
    if plan.n_labelled > plan.pool_size:
        made = "the dynamics makes {} frames (trajectories of initial_conditions x md/n_steps)"
        if "md" in plan.deposited:
            made = f"{config['labels']['deposit']} has {{}} frames of the dynamics"
        raise InputError(
            f"labels/n_frames: found {plan.n_labelled}, but {made.format(plan.pool_size)}"
        )


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


def _check_split_sizes(
    split: Mapping,
    available: int | None,
    why: str = "only {} frames get labels (labels/n_frames); label more",
) -> None:
    wanted = split["n_train"] + split["n_test"]
    if available is not None and wanted > available:
        raise InputError(
            f"split: n_train {split['n_train']} + n_test {split['n_test']} = {wanted}, but "
            f"{why.format(available)} or make the split smaller"
        )


def _check_trajectories(config: Mapping, plan: Plan) -> None:
    every = config["initial_conditions"]["every"]
    if every > 1 and config["md"]["n_steps"] == 0:
        raise InputError(
            f"initial_conditions/every: found {every}, expected 1 without dynamics (md/n_steps 0), "
            "because all initial conditions are frames then; make n_trajectories smaller"
        )
    if "md" not in plan.deposited and len(plan.trajectories) < 2:
        raise InputError(
            "split/n_test: holding out whole trajectories needs at least 2, found "
            f"{len(plan.trajectories)} (initial_conditions/n_trajectories and every)"
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
