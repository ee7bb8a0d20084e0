"""Benchmark grid: error of every descriptor and kernel, component by component."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.axes.components import COMPONENTS
from rpr.regression.descriptors import DESCRIPTORS
from rpr.regression.kernels import KERNELS
from rpr.report import style
from rpr.studies.tables import spread_columns

_KERNEL_NAMES = {
    "gaussian": "Gaussian",
    "laplacian": "Laplacian",
    **{f"matern{n}": f"Matérn {n}" for n in (1, 2, 3, 4)},
}


def data(benchmark: pd.DataFrame, *, axes: str | None = None) -> pd.DataFrame:
    """Rows of one choice of axes, by default the first, with RMSE relative to the lowest.

    The lowest RMSE is that of the same component.
    """
    if axes is None and len(benchmark):
        axes = benchmark["axes"].iloc[0]
    chosen = benchmark[benchmark["axes"] == axes].reset_index(drop=True)
    lowest = chosen.groupby("component")["rmse"].transform("min")
    return chosen.assign(ratio=chosen["rmse"] / lowest)


@style.styled
def draw(benchmark: pd.DataFrame, *, axes: str | None = None) -> Figure:
    """Heat map of the benchmark: RMSE relative to the best entry of each component.

    Parameters
    ----------
    benchmark
        Table ``benchmark.csv``.
    axes
        Canonical axes whose rows are drawn, by default those of the first row.

    Returns
    -------
    Figure
        One panel for each component, with the lowest RMSE in its title.
    """
    table = data(benchmark, axes=axes)
    if table.empty:
        return style.statement(f"no benchmark in the axes {axes}" if axes else "no benchmark")
    components = spread_columns(table["component"], sum(COMPONENTS.values(), ()))
    descriptors = spread_columns(table["descriptor"], tuple(DESCRIPTORS))
    kernels = spread_columns(table["kernel"], KERNELS)
    n_rows = -(-len(components) // 3)
    height = 0.7 + n_rows * (0.35 + 0.19 * len(descriptors))
    figure = style.new_figure(style.PAGE, height)
    panels = figure.subplots(n_rows, 3, sharex=True, sharey=True, squeeze=False)
    norm = mpl.colors.LogNorm(1.0, max(10.0, float(np.nanmax(table["ratio"]))))
    for panel, component in zip(panels.ravel(), components, strict=False):
        rows = table[table["component"] == component]
        image = _panel(panel, rows, descriptors, kernels, norm)
        best, unit = rows["rmse"].min(), style.unit(rows["unit"].iloc[0])
        panel.set_title(f"{style.symbol(component)}: lowest RMSE {best:#.2g} {unit}", fontsize=7)
    for panel in panels.ravel()[len(components) :]:
        panel.set_axis_off()
    bar = figure.colorbar(image, ax=panels, orientation="horizontal", aspect=45, pad=0.01)
    bar.set_label("RMSE relative to the lowest of the component")
    bar.outline.set_linewidth(0.6)
    bar.ax.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    bar.ax.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    bar.ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    return figure


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    descriptors: list[str],
    kernels: list[str],
    norm: mpl.colors.Normalize,
) -> mpl.collections.QuadMesh:
    grid = rows.pivot(index="descriptor", columns="kernel", values="ratio")
    values = grid.reindex(index=descriptors, columns=kernels).to_numpy()
    image = axes.pcolormesh(values, norm=norm, cmap="YlGnBu", edgecolors="white", linewidth=0.6)
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(descriptors)) + 0.5, descriptors)
    names = [_KERNEL_NAMES.get(kernel, kernel) for kernel in kernels]
    axes.set_xticks(np.arange(len(kernels)) + 0.5, names, rotation=45, ha="right")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for (i, j), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        best = value == np.nanmin(values)
        axes.text(
            j + 0.5,
            i + 0.5,
            _ratio(value),
            ha="center",
            va="center",
            fontsize=5.5,
            color="white" if _is_dark(image.cmap(norm(value))) else "black",
            fontweight="bold" if best else "normal",
        )
    return image


def _is_dark(colour: tuple[float, float, float, float]) -> bool:
    """Whether white letters stand out better than black ones (contrast as WCAG 2 defines it)."""
    parts = np.array(colour[:3])
    linear = np.where(parts > 0.04045, ((parts + 0.055) / 1.055) ** 2.4, parts / 12.92)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return bool(1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05)


def _ratio(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
