"""One look for all figures: sizes, colours, names, and how a figure is saved.

Widths are those of a two-column journal page. Colours are those of Okabe and Ito, which stay
apart for colour-blind readers; series also differ in marker or line style. Text is kept as text
in PDF (TrueType) and as outlines in SVG, so that no reader needs a font.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import ase.data
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rpr.files import atomic_path
from rpr.models import registry
from rpr.studies import tables

COLUMN = 3.37  #: width of one column, inches
PAGE = 6.97  #: width of two columns, inches

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)

GREY = "#7A7A7A"
LIGHT = "#E4E4E4"

_RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "axes.linewidth": 0.6,
    "axes.titlepad": 4.0,
    "axes.labelpad": 2.5,
    "axes.grid": False,
    "axes.axisbelow": True,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.8,
    "ytick.major.size": 2.8,
    "xtick.minor.size": 1.6,
    "ytick.minor.size": 1.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.3,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.2,
    "patch.linewidth": 0.6,
    "grid.color": LIGHT,
    "grid.linewidth": 0.5,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "rpr",
    "path.simplify_threshold": 0.2,
}

#: Symbols of components and frame-independent errors.
SYMBOLS = {
    "mu_x": r"$\mu_x$",
    "mu_y": r"$\mu_y$",
    "mu_z": r"$\mu_z$",
    "mu_inv": r"$\mu_\mathrm{inv}$",
    "alpha_xx": r"$\alpha_{xx}$",
    "alpha_xy": r"$\alpha_{xy}$",
    "alpha_xz": r"$\alpha_{xz}$",
    "alpha_yy": r"$\alpha_{yy}$",
    "alpha_yz": r"$\alpha_{yz}$",
    "alpha_zz": r"$\alpha_{zz}$",
    "alpha_inv": r"$\alpha_\mathrm{inv}$",
}

_UNITS = {
    "bohr^3": "bohr$^3$",
    "kcal/mol/Angstrom": r"kcal mol$^{-1}$ Å$^{-1}$",
    "kcal/mol": "kcal mol$^{-1}$",
}

#: Colour, marker and line style of each model; other names take the next free ones.
MODELS = dict(
    zip(
        registry.MODELS,
        (
            (RED, "o", "-"),
            (ORANGE, "s", "-"),
            (BLUE, "D", "-"),
            (GREEN, "^", "-"),
            (BLACK, "v", "--"),
            (GREY, "P", "--"),
        ),
        strict=True,
    )
)

_SPARE = ((PINK, "X", ":"), (SKY, "<", ":"), (YELLOW, ">", ":"), (BLACK, "*", ":"))

TEST_SETS = {
    "in_distribution": "in distribution",
    "held_out_trajectories": "held-out trajectories",
    "rotated": "rotated set",
}


@contextmanager
def style():
    """Context in which figures are drawn and saved."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def styled(draw):
    """Decorator: draw inside :func:`style`."""

    def wrapper(*args, **kwargs):
        with style():
            return draw(*args, **kwargs)

    wrapper.__doc__, wrapper.__name__ = draw.__doc__, draw.__name__
    wrapper.__wrapped__, wrapper.__module__ = draw, draw.__module__
    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """Empty figure, size in inches, laid out so that no text overlaps."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(
    figure: Figure,
    stem: str | os.PathLike,
    data: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    dpi: int = 300,
) -> tuple[Path, ...]:
    """Write ``stem.pdf``, ``stem.svg``, ``stem.png`` and ``stem.csv``, each atomically.

    Files of equal figures are equal byte by byte: no dates, no random identifiers.

    Parameters
    ----------
    figure
        Figure of one of the modules.
    stem
        Path without suffix.
    data
        What is drawn: one table, or several by name, which are joined with a first column
        ``panel``.
    dpi
        Resolution of the PNG.

    Returns
    -------
    tuple of Path
        The four paths.
    """
    stem = Path(stem)
    metadata = {
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    paths = []
    with style():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # one layout for all formats, found once
        for suffix, fields in metadata.items():
            path = stem.with_name(f"{stem.name}.{suffix}")
            with atomic_path(path) as temporary:
                figure.savefig(temporary, format=suffix, dpi=dpi, metadata=fields)
            paths.append(path)
    path = stem.with_name(f"{stem.name}.csv")
    tables.write_csv(drawn(data), path)
    return (*paths, path)


def drawn(data: pd.DataFrame | Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table of what a figure draws."""
    if isinstance(data, pd.DataFrame):
        return data
    panels = [t.assign(panel=name) for name, t in data.items() if len(t)]
    if not panels:
        return pd.DataFrame(columns=["panel"])
    joined = pd.concat(panels, ignore_index=True)
    return joined[["panel", *[c for c in joined.columns if c != "panel"]]]


def statement(text: str, *, width: float = COLUMN, height: float = 1.2) -> Figure:
    """Figure that says why there is nothing to draw."""
    with style():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY, wrap=True)
    return figure


def unit(name: str) -> str:
    """Unit as it is written on an axis."""
    return _UNITS.get(name, name)


def symbol(name: str) -> str:
    """Symbol of a component as it is written on an axis."""
    return SYMBOLS.get(name, name)


def model_looks(names) -> dict[str, tuple[str, str, str]]:
    """Colour, marker and line style of each model, in the order of ``MODELS``."""
    ordered = tables.spread_columns(names, tuple(MODELS))
    spare = iter(_SPARE * 10)
    return {n: MODELS[n] if n in MODELS else next(spare) for n in ordered}


def degrees_axis(axes, *, low: float = -180.0, high: float = 180.0, step: float = 60.0) -> None:
    """Horizontal axis of a dihedral angle."""
    axes.set_xlim(low, high)
    axes.set_xticks(np.arange(low, high + 1.0, step))
    axes.set_xlabel("dihedral (°)")


def grid(axes, which: str = "both") -> None:
    """Faint lines behind the data."""
    axes.grid(True, axis=which, which="major")


def count_axis(axes, sizes) -> None:
    """Logarithmic horizontal axis with the training set sizes as ticks, thinned to fit."""
    sizes = np.unique(np.asarray(sizes, dtype=float))
    axes.set_xscale("log")
    axes.set_xlabel("training frames")
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    if not len(sizes):
        return
    kept = [sizes[-1]]
    for size in sizes[-2::-1]:
        if np.log10(kept[-1] / size) > 0.24:
            kept.append(size)
    axes.set_xticks(kept, [f"{int(s)}" for s in kept])
    margin = 1.25
    axes.set_xlim(sizes[0] / margin, sizes[-1] * margin)


def plain_log(axis) -> None:
    """Numbers such as 0.01 on a logarithmic axis that spans at least two thirds of a decade.

    Minor ones are written only where decades are few.
    """
    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low) if low > 0 else 1.0
    if decades < 0.7:
        middle, half = np.sqrt(low * high), 10**0.35
        axis.axes.set(**{f"{axis.axis_name}lim": (middle / half, middle * half)})
    axis.set_major_locator(mpl.ticker.LogLocator())
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(mpl.ticker.NullFormatter())
    if decades < 1.7:
        axis.set_minor_locator(mpl.ticker.LogLocator(subs=(2, 5)))
        axis.set_minor_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))


def point_size(n_points: int) -> float:
    """Size of scatter markers: small where they are many."""
    return 1.7 if n_points > 300 else 3.0


def scatter(axes, rows: pd.DataFrame, *, colour: str, marker: str, label: str, size: float) -> None:
    """Predictions against references, columns ``prediction`` and ``reference``."""
    axes.plot(
        rows["reference"],
        rows["prediction"],
        linestyle="none",
        marker=marker,
        markersize=size,
        markeredgewidth=0,
        alpha=0.6,
        color=colour,
        label=label,
    )


def diagonal(axes, *values) -> None:
    """Equal limits on both axes, round all `values`, and the line y = x."""
    joined = np.concatenate([np.asarray(v, dtype=float) for v in values])
    low, high = float(joined.min()), float(joined.max())
    margin = 0.04 * (high - low) or 1.0
    limits = low - margin, high + margin
    axes.plot(limits, limits, color=GREY, linewidth=0.6, zorder=0)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_box_aspect(1)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5))


def atomic_number(symbol: str) -> int:
    """Atomic number of a chemical symbol."""
    return ase.data.atomic_numbers[symbol]
