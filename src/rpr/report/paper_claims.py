"""The claims of the paper, each with a criterion that could refute it.

The paper is J. Chem. Phys. 161, 174104 (2024).  Where it gives no number, the criterion is ours,
and its text states it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from rpr.report.measurements import benchmark, cost, errors, symmetry, test_frames, training_sets
from rpr.report.verdicts import Claim
from rpr.studies.equivariance import LIMITS
from rpr.studies.evaluation import INVARIANT

PAPER = "J. Chem. Phys. 161, 174104 (2024)"

#: "About four times": within a third, on the logarithmic scale.
ABOUT_FOUR = (3.0, 16.0 / 3.0)
#: "Suffice": doubling the training set lowers the error by less than a fifth.
SUFFICIENT = (0.0, 1.25)
#: "Fast" and "cheap": of the processor time of the labels.
FAST, CHEAP = 0.01, 0.001
#: "To rounding" of a tensor of rank 3, relative to its size: the limit of dipoles over their size.
ROUNDING = 2e-8

_PUBLISHED = "rotate-predict-rotate"


def claims_of_the_paper() -> Iterator[Claim]:
    """All claims of the paper, in the order of its sections."""
    yield from _descriptors()
    yield from _kernels()
    yield from _learning()
    yield from _test_set()
    yield from _factor_four()
    yield from _covariance()
    yield from _cost()


def _descriptors() -> Iterator[Claim]:
    for component in ("mu_y", "mu_z"):
        yield Claim(
            f"RExyzCl has a 20 to 40 times lower RMSE than RE for {component}",
            PAPER,
            benchmark.over_distances("RExyzCl", component),
            20.0,
            40.0,
            "interval",
        )
    yield Claim(
        "RExyzCl has a lower RMSE than RE for the polarizability (RE over RExyzCl, alpha_inv, "
        "random frames)",
        PAPER,
        benchmark.over_distances("RExyzCl", "alpha_inv"),
        1.0,
        math.inf,
        "interval",
    )
    yield Claim(
        "RExyzCl has a lower RMSE than RE for every component of the polarizability (RE over "
        "RExyzCl, smallest ratio, random frames)",
        PAPER,
        benchmark.least_gain("RExyzCl", "polarizability"),
        1.0,
        math.inf,
        "interval",
    )
    for descriptor in ("REsphCl", "REdihedCl", "xyzQ"):
        for component in INVARIANT.values():
            yield Claim(
                f"{descriptor} has a lower RMSE than RE (RE over {descriptor}, {component}, random "
                "frames)",
                PAPER,
                benchmark.over_distances(descriptor, component),
                1.0,
                math.inf,
                "interval",
            )


def _kernels() -> Iterator[Claim]:
    texts = {
        "dipole": ("matern", "a Matern kernel has a lower RMSE than the Gaussian one"),
        "polarizability": ("gaussian", "the Gaussian kernel has a lower RMSE than a Matern one"),
    }
    for property, (better, text) in texts.items():
        yield Claim(
            f"{text}, {INVARIANT[property]} (RExyzCl, random frames, n of the Matern kernel by "
            "validation)",
            PAPER,
            benchmark.kernels(property, better),
            1.0,
            math.inf,
            "interval",
        )


def _learning() -> Iterator[Claim]:
    for component in INVARIANT.values():
        yield Claim(
            f"1000 training frames suffice: the last doubling lowers the RMSE on random frames by "
            f"less than a fifth, {component}, published model",
            PAPER,
            training_sets.last_doubling(_PUBLISHED, component, 1000),
            *SUFFICIENT,
            "interval",
        )


def _test_set() -> Iterator[Claim]:
    yield Claim(
        "the rotated set covers orientations as densely as one uniform orientation for each "
        "trajectory (mean angle to the nearest frame, relative)",
        PAPER,
        test_frames.covered("nearest_of_trajectories"),
        0.0,
        1.25,
        "interval",
    )
    yield Claim(
        "the orientations of the trajectories of the rotated set are uniform (p-value)",
        PAPER,
        test_frames.covered("uniform_orientations"),
        0.05,
        1.0,
        "test",
    )
    yield Claim(
        "the trajectories of the rotated set cover the dihedral (part of the bins of 5 degrees)",
        PAPER,
        test_frames.covered("dihedral_bins_trajectories"),
        1.0,
        1.0,
        "interval",
    )


def _factor_four() -> Iterator[Claim]:
    for component in INVARIANT.values():
        for reading in ("one hand", "both hands"):
            yield Claim(
                f"the RMSE on the rotated set is about four times that on random frames, "
                f"{component}, published model trained on {reading}",
                PAPER,
                errors.between_sets(
                    f"{_PUBLISHED}-{reading.replace(' ', '-')}",
                    component,
                    ("rotated",),
                    ("in_distribution",),
                ),
                *ABOUT_FOUR,
                "interval",
            )


def _covariance() -> Iterator[Claim]:
    for property, limit in LIMITS.items():
        yield Claim(
            f"the {property} of the model {_PUBLISHED} turns with the molecule to rounding",
            PAPER,
            symmetry.deviation(_PUBLISHED, property),
            0.0,
            limit,
            "interval",
            general=True,
        )
        for axes, descriptor in (("inertia", "xyzQ"), ("inertia-charge", "RExyzCl")):
            yield Claim(
                f"the same of the {property} with the descriptor {descriptor} in the axes {axes}",
                PAPER,
                benchmark.axes_deviation(property, axes, descriptor),
                0.0,
                limit,
                "interval",
                general=True,
            )

    yield Claim(
        "the method serves tensors of any rank: one of rank 3, the product mu_i alpha_jk of "
        "labels, turns with the molecule to rounding (largest deviation over its size)",
        PAPER,
        symmetry.rank_three("deviation"),
        0.0,
        ROUNDING,
        "interval",
        general=True,
    )


def _cost() -> Iterator[Claim]:
    for property in INVARIANT:
        yield Claim(
            f"training is fast: processor time of the {property} below {FAST:g} of that of the "
            "training labels",
            PAPER,
            cost.beside_labels("training", property),
            0.0,
            FAST,
            "interval",
        )
        yield Claim(
            f"training is fast enough for active learning: processor time of the {property} below "
            "that of the one label that each round adds",
            PAPER,
            cost.beside_labels("retraining", property),
            0.0,
            1.0,
            "interval",
        )
        yield Claim(
            f"predictions are cheap: processor time of the {property} below {CHEAP:g} of that of "
            "a label",
            PAPER,
            cost.beside_labels("prediction", property),
            0.0,
            CHEAP,
            "interval",
        )
    yield Claim(
        "no equivariant architecture is needed: the published method is not less accurate than an "
        "equivariant network with as many frames, mu_inv, held-out trajectories (target ways)",
        PAPER,
        cost.beside_networks("inertia (published)", "held_out_trajectories"),
        0.0,
        1.0,
        "interval",
    )
