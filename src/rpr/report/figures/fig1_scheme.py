"""Figure 1: the scheme rotate - predict - rotate, drawn from a frame of the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase.data import atomic_numbers, covalent_radii
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from scipy.spatial.transform import Rotation

from rpr.report import style

PANELS = ("laboratory", "canonical", "predicted", "back")

_TITLES = (
    "molecule in the\nlaboratory",
    "canonical axes\n$x$, $y$, $z$",
    "components\npredicted there",
    "prediction in the\nlaboratory",
)

_STEPS = (
    ("rotate", r"$x_\mathrm{c} = R\,(x - o)$"),
    ("predict", r"$\mu_{\mathrm{c},k} = f_k(x_\mathrm{c})$"),
    ("rotate", r"$\mu = R^\mathrm{T} \mu_\mathrm{c}$"),
)

#: Small letters are the canonical axes, as in all other figures and tables.
_LABORATORY = ("X", "Y", "Z")
_AXIS_COLOURS = dict(zip("xyz", (style.BLUE, style.GREEN, style.PINK), strict=True))

#: Direction of view: slightly from the right and from above, so that no axis is hidden.
_VIEW = Rotation.from_euler("yx", [-32.0, 24.0], degrees=True).as_matrix()

#: Length of the dipole arrow; large dipoles are drawn shorter, to stay in the panel.
_ANGSTROM_PER_DEBYE = 0.8


@style.styled
def draw(scheme: pd.DataFrame) -> Figure:
    """The scheme: four stations of one molecule, three steps between them.

    Parameters
    ----------
    scheme
        Table of :func:`rpr.studies.scheme.scheme`.
    """
    figure = Figure(figsize=(style.PAGE, 2.0))
    style.FigureCanvasAgg(figure)
    reach = _reach(scheme)
    width, gap = 0.184, 0.088
    for k, (panel, title) in enumerate(zip(PANELS, _TITLES, strict=True)):
        left = k * (width + gap) + 0.002
        axes = figure.add_axes([left, 0.115, width, 0.70])
        _panel(axes, scheme[scheme["panel"] == panel], panel, reach)
        figure.text(left + width / 2, 0.985, title, ha="center", va="top", fontsize=7.5)
        if k < len(_STEPS):
            _step(figure, left + width, gap, *_STEPS[k])
    _captions(figure, scheme, width, gap)
    return figure


def data(scheme: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn, which are all of them."""
    return scheme


def _reach(scheme: pd.DataFrame) -> float:
    points = scheme.loc[scheme["kind"] == "atom", ["x", "y", "z"]].to_numpy()
    return float(np.abs(points @ _VIEW.T)[:, :2].max()) + 0.55


def _panel(axes: Axes, rows: pd.DataFrame, panel: str, reach: float) -> None:
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_axis_off()
    _axes_of_molecule(
        axes, rows[rows["kind"] == "axis"], reach, panel in ("canonical", "predicted")
    )
    atoms = rows[rows["kind"] == "atom"]
    radii = [_radius(symbol) for symbol in atoms["label"]]
    for _, bond in rows[rows["kind"] == "bond"].iterrows():
        _bond(axes, bond, [radii[int(k)] for k in bond["label"].split("-")])
    for _, atom in atoms.iterrows():
        _atom(axes, atom)
    for _, vector in rows[rows["kind"] == "dipole"].iterrows():
        _dipole(axes, vector, reach)
    if panel in ("laboratory", "back"):
        _laboratory_axes(axes, reach)


def _project(row: pd.Series, end: bool = False) -> np.ndarray:
    names = ["x_end", "y_end", "z_end"] if end else ["x", "y", "z"]
    return _VIEW @ row[names].to_numpy(dtype=float)


def _depth(z: float) -> float:
    return 10.0 + 0.1 * z


def _radius(symbol: str) -> float:
    return 0.52 * covalent_radii[atomic_numbers[symbol]] + 0.06


def _atom(axes: Axes, row: pd.Series) -> None:
    x, y, z = _project(row)
    radius = _radius(row["label"])
    colour = np.clip(jmol_colors[atomic_numbers[row["label"]]] * (1.0 + 0.05 * z), 0, 1)
    axes.add_patch(
        Circle((x, y), radius, facecolor=colour, edgecolor="black", linewidth=0.5, zorder=_depth(z))
    )
    axes.add_patch(
        Circle(
            (x - 0.3 * radius, y + 0.32 * radius),
            0.28 * radius,
            facecolor="white",
            alpha=0.55,
            linewidth=0,
            zorder=_depth(z) + 0.001,
        )
    )


def _bond(axes: Axes, row: pd.Series, radii: list[float]) -> None:
    start, end = _project(row), _project(row, end=True)
    along = (end - start) / np.linalg.norm(end - start)
    # The stick ends a little inside the surfaces of the spheres, not at their centres.
    line = np.column_stack([start + 0.85 * radii[0] * along, end - 0.85 * radii[1] * along])[:2]
    depth = _depth(0.5 * (start[2] + end[2]))
    axes.plot(*line, color="black", linewidth=4.2, solid_capstyle="butt", zorder=depth)
    axes.plot(*line, color="#B8B8B8", linewidth=3.2, solid_capstyle="butt", zorder=depth + 0.001)


def _axes_of_molecule(axes: Axes, rows: pd.DataFrame, reach: float, own: bool) -> None:
    for _, row in rows.iterrows():
        direction = _project(row, end=True)
        tip = 0.80 * reach * direction
        _arrow(
            axes,
            np.zeros(2),
            tip[:2],
            _AXIS_COLOURS[row["label"]],
            0.9,
            "-" if own else (0, (3, 2)),
            zorder=30 if direction[2] > 0 else 1,
        )
        length = np.linalg.norm(direction[:2])
        offset = direction[:2] / length * 0.26 if length > 1e-6 else np.zeros(2)
        axes.text(
            *(tip[:2] + offset),
            f"${row['label']}$",
            color=_AXIS_COLOURS[row["label"]],
            ha="center",
            va="center",
            zorder=31,
        )


def _laboratory_axes(axes: Axes, reach: float) -> None:
    corner = np.array([-0.72 * reach, -0.84 * reach])
    for name, direction in zip(_LABORATORY, np.eye(3), strict=True):
        tip = 0.34 * reach * (_VIEW @ direction)[:2]
        _arrow(axes, corner, corner + tip, "black", 0.7, "-", zorder=2)
        length = max(float(np.linalg.norm(tip)), 1e-9)
        axes.text(
            *(corner + tip + tip / length * 0.2), f"${name}$", ha="center", va="center", fontsize=6
        )


def _dipole(axes: Axes, row: pd.Series, reach: float) -> None:
    size = float(np.linalg.norm(row[["x_end", "y_end", "z_end"]].to_numpy(dtype=float)))
    scale = min(_ANGSTROM_PER_DEBYE, 0.85 * reach / max(size, 1e-9))
    tip = scale * _project(row, end=True)[:2]
    reference = row["label"] == "reference"
    if reference:
        axes.plot(
            *tip,
            marker="o",
            markersize=6.5,
            markerfacecolor="none",
            markeredgecolor="black",
            markeredgewidth=0.8,
            zorder=41,
        )
        return
    _arrow(axes, np.zeros(2), tip, style.VERMILION, 2.0, "-", zorder=40)
    axes.text(
        *(tip + tip / max(float(np.linalg.norm(tip)), 1e-9) * 0.42),
        r"$\mu$",
        color=style.VERMILION,
        ha="center",
        va="center",
        fontweight="bold",
        zorder=42,
    )


def _arrow(
    axes: Axes,
    start: np.ndarray,
    end: np.ndarray,
    colour: str,
    width: float,
    line: str | tuple,
    zorder: float,
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=5 + 2.2 * width,
            color=colour,
            linewidth=width,
            linestyle=line,
            shrinkA=0,
            shrinkB=0,
            zorder=zorder,
        )
    )


def _step(figure: Figure, left: float, gap: float, name: str, formula: str) -> None:
    middle, height = left + gap / 2, 0.46
    figure.patches.append(
        FancyArrowPatch(
            (left + 0.06 * gap, height),
            (left + 0.94 * gap, height),
            transform=figure.transFigure,
            arrowstyle="simple,head_length=6,head_width=8,tail_width=2.5",
            color=style.GREY,
            linewidth=0,
        )
    )
    figure.text(
        middle, height + 0.055, name, ha="center", va="bottom", fontsize=8, fontweight="bold"
    )
    figure.text(middle, height - 0.055, formula, ha="center", va="top", fontsize=6)


def _captions(figure: Figure, scheme: pd.DataFrame, width: float, gap: float) -> None:
    dipoles = scheme[scheme["kind"] == "dipole"]
    for k, panel in enumerate(PANELS):
        rows = dipoles[(dipoles["panel"] == panel) & (dipoles["label"] == "predicted")]
        if rows.empty:
            continue
        names = "xyz" if panel == "predicted" else "XYZ"
        vector = rows[["x_end", "y_end", "z_end"]].to_numpy()[0]
        text = ", ".join(f"{v + 0.0:.2f}" for v in np.round(vector, 2))
        figure.text(
            k * (width + gap) + width / 2,
            0.135,
            rf"$(\mu_{names[0]}, \mu_{names[1]}, \mu_{names[2]})$ =" f"\n({text}) D",
            ha="center",
            va="top",
            fontsize=6.5,
        )
