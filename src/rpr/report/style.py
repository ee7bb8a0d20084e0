"""One look for all figures: sizes, colours, names, and how a figure is saved.

Widths are those of a two-column journal page. Colours are those of Okabe and Ito, which
colour-blind readers can tell apart; series also differ in marker or line style. Text stays text in
PDF (TrueType) and becomes outlines in SVG, so that no reader needs a font.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rpr.files import atomic_path
from rpr.models import registry
from rpr.studies import tables

COLUMN = 3.37  #: width of one column, inches
PAGE = 6.97  #: width of two columns, inches

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PINK = (
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

#: Symbols of components and of axes-independent errors.
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
            (VERMILION, "o", "-"),
            (ORANGE, "s", "-"),
            (PINK, "X", "-"),
            (BLUE, "D", "-"),
            (GREEN, "^", "-"),
            (BLACK, "v", "--"),
            (GREY, "P", "--"),
        ),
        strict=True,
    )
)

_SPARE = ((SKY, "<", ":"), (YELLOW, ">", ":"), (BLACK, "*", ":"))

TEST_SETS = {
    "in_distribution": "in distribution",
    "held_out_trajectories": "held-out trajectories",
    "rotated": "rotated set",
    "thermal": "thermal set",
    "held_out_torsion": "held-out dihedrals",
}


@contextmanager
def style() -> Iterator[None]:
    """Context in which figures are drawn and saved."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorator of functions that draw, which then draw inside :func:`style`."""

    @functools.wraps(draw)
    def wrapper(*args: object, **kwargs: object) -> Figure:
        with style():
            return draw(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """Empty figure of this size in inches, laid out so that no text overlaps."""
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

    Equal figures make files that are equal byte by byte, without dates or random identifiers.

    Parameters
    ----------
    figure
        Figure of one of the modules.
    stem
        Path without suffix.
    data
        What is drawn: one table, or several by name, which are then joined, with the name in the
        first column ``panel``.
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


def model_looks(names: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Colour, marker and line style of each model, in the order of ``MODELS``."""
    names = list(names)
    ordered = tables.spread_columns(names, tuple(MODELS))
    spare = iter(_SPARE * 10)
    return {n: MODELS[n] if n in MODELS else next(spare) for n in ordered}


def model_label(name: str) -> str:
    """Name of a model on an axis; what an ablation changes goes to a second line.

    Examples
    --------
    >>> model_label("folded-kabsch")
    'folded\\n(kabsch)'
    """
    for model in MODELS:
        if name.startswith(f"{model}-"):
            return f"{model}\n({name.removeprefix(model)[1:].replace('-', ' ')})"
    return name
