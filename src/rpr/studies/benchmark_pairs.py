"""Pairs of descriptors, and of kernels, on the same test frames of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from rpr.axes.components import COMPONENTS
from rpr.studies import metrics
from rpr.studies.evaluation import INVARIANT
from rpr.studies.tables import require

COLUMNS = [
    "component", "axes", "above", "kernel_above", "below", "kernel_below", "ratio", "ratio_low",
    "ratio_high", "rmse_above", "rmse_below", "unit", "n_train", "n_test", "seed",
]  # fmt: skip

#: The descriptor of distances alone, with which the others are compared.
DISTANCES = "RE"

#: Kernel of each component.
Kernels = Mapping[str, str]


def compare_benchmark(benchmark: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    r"""Ratios of errors of the benchmark, with paired intervals.

    There are two kinds of rows.  One compares the descriptor RE with each other descriptor in the
    same axes, both with the kernel that has the lowest validation error of the component.  The
    other compares, for each descriptor, the Gaussian kernel with the Matern kernel of lowest
    validation error.  In the axes-independent errors each component has its own kernel, as in

    .. math:: \mu_\mathrm{inv}^2 = \frac{1}{3} \sum_c \langle \Delta_c^2 \rangle.

    Parameters
    ----------
    benchmark, errors
        Tables of :func:`rpr.studies.benchmark.benchmark`, of one or several descriptors.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: RMSE of ``above`` over that of ``below``, and the bounds of the 95 %
        interval of a bootstrap over trajectories, the same samples for both; they are empty with
        fewer than :data:`rpr.studies.metrics.MIN_GROUPS` trajectories.
    """
    require(benchmark, ("descriptor", "kernel", "component", "validation_rmse"), "benchmark")
    require(errors, ("descriptor", "kernel", "frame", "trajectory"), "errors")
    rows: list[dict] = []
    for axes, chosen in benchmark.groupby("axes", sort=False):
        units = chosen.groupby("component")["unit"].first().to_dict()
        units |= {INVARIANT[p]: units[c[0]] for p, c in COMPONENTS.items() if c[0] in units}
        here = errors[errors["axes"] == axes]
        for above, below in _pairs(chosen):
            common = {"axes": axes, "above": above[0], "below": below[0]}
            common |= {k: here[k].iloc[0] for k in ("n_train", "seed")}
            rows += [
                row | common | {"unit": units[row["component"]]}
                for row in _ratios(here, above, below)
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _pairs(
    benchmark: pd.DataFrame,
) -> Iterator[tuple[tuple[str, Kernels], tuple[str, Kernels]]]:
    """Descriptors and their kernels that are compared, above and below."""
    descriptors = list(dict.fromkeys(benchmark["descriptor"]))
    for descriptor in descriptors:
        if descriptor != DISTANCES and DISTANCES in descriptors:
            yield _lowest(benchmark, DISTANCES), _lowest(benchmark, descriptor)
    for descriptor in descriptors:
        gaussian, matern = (_lowest(benchmark, descriptor, k) for k in ("gaussian", "matern"))
        if gaussian[1] and matern[1]:
            yield gaussian, matern


def _lowest(benchmark: pd.DataFrame, descriptor: str, kind: str = "") -> tuple[str, Kernels]:
    """Kernel of each component with the lowest validation error, which is of training frames."""
    rows = benchmark[
        (benchmark["descriptor"] == descriptor)
        & benchmark["kernel"].str.startswith(kind)
        & benchmark["validation_rmse"].notna()
    ]
    chosen = rows.loc[rows.groupby("component", sort=False)["validation_rmse"].idxmin()]
    return descriptor, dict(zip(chosen["component"], chosen["kernel"], strict=True))


def _ratios(
    errors: pd.DataFrame, above: tuple[str, Kernels], below: tuple[str, Kernels]
) -> Iterator[dict]:
    """Ratio of the errors of every component, and of the axes-independent ones."""
    squares, trajectory = _squares(errors, *above)
    others, _ = _squares(errors, *below)
    for component in (name for name in squares if name in others):
        if ratio := metrics.rmse_ratio(squares[component], others[component], trajectory):
            yield {
                "component": component,
                "kernel_above": above[1].get(component, "of each component"),
                "kernel_below": below[1].get(component, "of each component"),
                **ratio,
                "n_test": len(trajectory),
            }


def _squares(
    errors: pd.DataFrame, descriptor: str, kernels: Kernels
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Squared errors of every frame by component, and the trajectories of the frames."""
    rows = errors[errors["descriptor"] == descriptor].sort_values("frame", kind="stable")
    of_kernel = dict(list(rows.groupby("kernel")))
    found = {c: of_kernel[kernel][c].to_numpy(dtype=float) for c, kernel in kernels.items()}
    squares = {c: values**2 for c, values in found.items()}
    for property, components in COMPONENTS.items():
        if all(c in found for c in components):
            error = np.stack([found[c] for c in components], axis=1)
            squares[INVARIANT[property]] = metrics.invariant_squares(error, property)
    return squares, next(iter(of_kernel.values()))["trajectory"].to_numpy()
