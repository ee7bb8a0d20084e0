"""Figures: drawn from full, tiny and empty tables; same files twice; legible in print."""

import itertools
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from rpr.axes.components import COMPONENTS, component_names
from rpr.report import style
from rpr.report.figures import (
    FIGURES,
    ablation,
    fig1_scheme,
    fig4_dihedral,
    model_learning_curves,
)
from rpr.studies import calibration as calibration_study
from rpr.studies import canonical_axes as canonical_axes
from rpr.studies import evaluation as evaluate
from rpr.studies import kreg as kreg_study
from rpr.studies import learning_curve, operations, scheme, spectra_of_models, ways, ways_summary
from rpr.studies import spectra as spectra_study
from rpr.studies.equivariance import COLUMNS as EQUIVARIANCE
from rpr.studies.error_by_dihedral import COLUMNS as BY_DIHEDRAL

rng = np.random.default_rng(0)
UNITS = {"dipole": "D", "polarizability": "bohr^3"}
MODELS = (
    "rotate-predict-rotate",
    "folded",
    "symmetrized",
    "covariant",
    "laboratory",
    "augmented",
    "my-own",
)


def make_predictions(models=("rotate-predict-rotate",), n_frames=40, dihedral=True):
    rows = []
    for model, property in itertools.product(models, UNITS):
        for frame, component in itertools.product(range(n_frames), component_names(property)):
            value = rng.normal()
            angle = rng.uniform(-180, 180) if dihedral else np.nan
            rows.append(
                (model, property, "rotated", 30, 0, frame, frame // 4, frame % 4, angle, component,
                 value, value + 0.1 * rng.normal(), UNITS[property])
            )  # fmt: skip
    return pd.DataFrame(rows, columns=evaluate.PREDICTION_COLUMNS)


def with_held_out(predictions):
    """The same predictions on held-out trajectories and on the rotated set."""
    held_out = predictions.assign(test_set="held_out_trajectories")
    return pd.concat([held_out, predictions], ignore_index=True)


def make_curve():
    rows = [
        (
            property,
            component,
            model,
            n,
            seed,
            test_set,
            rng.gamma(9) / n,
            UNITS[property],
            50,
            np.nan,
            np.nan,
        )
        for property, names in COMPONENTS.items()
        for component in (*names, evaluate.INVARIANT[property])
        for model, n, seed in itertools.product(MODELS, (10, 30, 100), (0, 1))
        for test_set in ("in_distribution", "rotated")
    ]
    return pd.DataFrame(rows, columns=learning_curve.COLUMNS)


def make_benchmark():
    from rpr.regression.descriptors import DESCRIPTORS
    from rpr.regression.kernels import KERNELS

    components = sum(COMPONENTS.values(), ())
    rows = [
        (d, k, "inertia", c, rng.gamma(4), "D")
        for d, k, c in itertools.product(DESCRIPTORS, KERNELS, components)
    ]
    return pd.DataFrame(rows, columns=["descriptor", "kernel", "axes", "component", "rmse", "unit"])


def make_test_set(sets=("in_distribution", "held_out_trajectories", "rotated"), signs=True):
    rows = []
    for model, component, test_set in itertools.product(MODELS, ("mu_inv", "alpha_inv"), sets):
        for sign in ("all", "positive", "negative") if signs else ("all",):
            r = rng.gamma(3)
            unit = "D" if component == "mu_inv" else "bohr^3"
            rows.append((model, component, test_set, sign, 50, r, r, r, np.nan, unit, 30, 0,
                         0.9 * r, 1.1 * r))  # fmt: skip
    return pd.DataFrame(rows, columns=evaluate.COLUMNS)


def make_kreg():
    rows = [
        (n, seed, test_set, quantity, rng.gamma(5) / n, 0.1, unit, 20, sign, potential, 1.0, 0.1, 2)
        for n, seed, test_set in itertools.product((10, 40), (0, 1), ("in_distribution", "rotated"))
        for quantity, unit in (("energy", "kcal/mol"), ("gradient", "kcal/mol/Angstrom"))
        for sign in ("all", "positive", "negative")
        for potential in ("plain", "symmetric")
    ]
    scatter = [
        (test_set, quantity, k, sign, x := rng.normal(), x + 0.1, unit, 40, 0)
        for test_set in ("in_distribution", "rotated")
        for quantity, unit in (("energy", "kcal/mol"), ("gradient", "kcal/mol/Angstrom"))
        for k, sign in enumerate(("positive", "negative"))
    ]
    return (
        pd.DataFrame(rows, columns=kreg_study.COLUMNS),
        pd.DataFrame(scatter, columns=kreg_study.SCATTER_COLUMNS),
    )


def make_frame_study(dihedral=True):
    names = ["inertia-raw", "inertia", "three-atom"]
    flips = pd.DataFrame(
        [(n, 99, 4 - k, k, 40.0 - 10 * k, 10.0 * k, 0.5, 100, 3, 0) for k, n in enumerate(names)],
        columns=canonical_axes.FLIP_COLUMNS,
    )
    angle = rng.uniform(0, 180, 100)
    gaps = pd.DataFrame(
        {"axes": "inertia", "trajectory": 0, "step": range(100),
         "dihedral": angle if dihedral else np.nan, "axis_gap": 1e-3 * abs(angle - 130),
         "sign_margin": 0.1}
    )  # fmt: skip
    accuracy = [
        (
            n,
            d,
            p,
            evaluate.INVARIANT[p],
            "rotated",
            30,
            40,
            0,
            rng.gamma(3),
            UNITS[p],
            0.1,
            9.0,
            1e-9,
        )
        for n, d, p in itertools.product(names, ("RE", "RExyzCl", "xyz"), UNITS)
    ]
    return flips, gaps, pd.DataFrame(accuracy, columns=canonical_axes.ACCURACY_COLUMNS)


def make_by_dihedral():
    rows = [
        (m, p, evaluate.INVARIANT[p], s, low, low + 20.0, 5, rng.gamma(3), UNITS[p], 30, 0, 0.1, 9)
        for m, p, s in itertools.product(MODELS, UNITS, ("in_distribution", "rotated"))
        for low in np.arange(-180.0, 180.0, 20.0)
        if s == "rotated" or low >= 0
    ]
    return pd.DataFrame(rows, columns=BY_DIHEDRAL)


def make_equivariance():
    rows = [
        (m, p, o, 1000, 10.0**-k, 0.1**k / 5, UNITS[p], 50, 30, 0)
        for k, m in enumerate(MODELS)
        for p in UNITS
        for o in operations.OPERATIONS
    ]
    return pd.DataFrame(rows, columns=EQUIVARIANCE)


def make_ways():
    rows = [
        {
            "idea": ways.WAYS[name].idea, "way": name, "n_train": 200, "rotated": (x := 0.5 / k),
            "rotated_low": 0.8 * x, "rotated_high": 1.2 * x, "rotation": 0.1, "translation": 1e-14,
            "inversion": 1e-14, "unit": "D", "largest": 800, "rotated_largest": x / 3,
        }
        for k, name in enumerate(ways.WAYS, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=ways_summary.COLUMNS)


def make_calibration():
    sets = ("in_distribution", "held_out_trajectories", "rotated")
    names = (*(f"coverage_{p}" for p in calibration_study.REGIONS), "nll")
    rows = [
        ("covariant", p, s, name, v := rng.uniform(0.4, 0.95), v - 0.05, v + 0.04, 0.5, "", 40, 30,
         0)
        for p, s, name in itertools.product(UNITS, sets, names)
    ]  # fmt: skip
    bins = [
        ("covariant", p, s, k, 1e-3 * 2**k, r := 1e-3 * 2**k * rng.gamma(9) / 9, 0.9 * r, 1.1 * r,
         UNITS[p], 20, 30, 0)
        for p, s, k in itertools.product(UNITS, sets, range(5))
    ]  # fmt: skip
    return (
        pd.DataFrame(rows, columns=calibration_study.COLUMNS),
        pd.DataFrame(bins, columns=calibration_study.SIZE_COLUMNS),
    )


def make_trajectories():
    time = np.linspace(0, 5, 400)
    return pd.concat(
        pd.DataFrame(
            {"trajectory": k, "time_ps": time, "dihedral": (15.0 * k + 90 * time) % 360 - 180}
        )
        for k in range(4)
    )


def make_distribution():
    rows = [
        (quantity, low, low + 1.0, 0.2, "D", 30)
        for quantity in ("dihedral", "relative energy", "bond C–H")
        for low in np.arange(5.0)
    ]
    return pd.DataFrame(rows, columns=["quantity", "low", "high", "density", "unit", "n_frames"])


def make_scheme():
    from ase.build import molecule as build

    from rpr.data.frame_set import FrameSet
    from rpr.molecule.molecule import Molecule

    water = build("H2O")
    frames = FrameSet(("O", "H", "H"), water.positions[None], dipole=np.array([[0.0, 0.0, -0.4]]))

    class Model:
        def predict(self, positions):
            return positions[:, 0] - positions[:, 1:].mean(axis=1)

    return scheme.scheme(frames, None, Model(), Molecule.from_atoms(water, anchors=(1, 2)))


def make_fewer_labels():
    rows = []
    for labels, sizes, price in (
        ("values", (30, 100, 300, 1000), 11.0),
        ("values and derivatives", (10, 30, 100), 13.0),
    ):
        factor = 1.0 if labels == "values" else 0.1
        for n in sizes:
            for repeat in range(5 if n < 1000 else 1):
                for test_set in ("held_out_trajectories", "rotated"):
                    rmse = factor * (1.0 + 0.05 * repeat) / n
                    rows.append(
                        {"labels": labels, "component": "mu_inv", "n_train": n, "repeat": repeat,
                         "test_set": test_set, "rmse": rmse, "rmse_low": 0.9 * rmse,
                         "rmse_high": 1.1 * rmse, "unit": "D", "n_test": 120,
                         "seconds": 0.7 * price * n, "seconds_full": price * n}
                    )  # fmt: skip
    return pd.DataFrame(rows)


def make_ablation():
    rows = []
    cells = [cell.about for _, cell in ablation.STEPS]
    for n, cell in enumerate(cells):
        for component, unit in (("mu_inv", "D"), ("alpha_inv", "bohr^3")):
            for repeat in range(3):
                for test_set in ("held_out_trajectories", "rotated", "held_out_torsion"):
                    rows.append(
                        {**cell, "kernel": "", "component": component, "unit": unit,
                         "repeat": repeat, "test_set": test_set, "rmse": rng.gamma(9) / (1 + n),
                         "rmse_low": 0.1, "rmse_high": 9.0, "n_train": 30, "n_test": 9,
                         "coordinate_weight": 0.5}
                    )  # fmt: skip
    return pd.DataFrame(rows)


def make_spectra(conformers=("dichloroethane_anti", "dichloroethane_gauche")):
    nu = np.linspace(0.0, 3600.0, 400)
    infrared, raman = (
        pd.concat(
            [
                pd.DataFrame(
                    {
                        c: k if c == "conformer" else nu if c == "wavenumber_per_cm" else peak
                        for c in columns
                        for peak in [rng.gamma(9) * np.exp(-(((nu - 900) / 300) ** 2))]
                    }
                )
                for k in conformers
            ],
            ignore_index=True,
        )
        for columns in (spectra_study.INFRARED, spectra_study.RAMAN)
    )
    rows = [
        (k, mode, nu, rng.gamma(2), rng.gamma(2), rng.gamma(2))
        for k in conformers
        for mode, nu in enumerate((100.0, 700.0, 1400.0, 3100.0))
    ]
    columns = ["conformer", "mode", "wavenumber_per_cm", "infrared_km_per_mol"]
    columns += ["raman_activity_A4_per_u", "raman_cross_section_1e-36_m2_per_sr"]
    shares = [(k, p, 300.0) for k, p in zip(conformers, (0.8, 0.2), strict=False)]
    shares.append(("changing", np.nan, 300.0))
    names = ["conformer", "population", "temperature_K"]
    lines = pd.DataFrame(rows, columns=columns)
    return infrared, raman, lines, pd.DataFrame(shares, columns=names)


def make_spectra_of_models():
    nu = np.linspace(0.0, 3600.0, 300)
    spectra = pd.concat(
        [
            pd.DataFrame(
                dict(
                    zip(spectra_of_models.SPECTRA, (m, nu, 1e-3 + rng.random(300), nu), strict=True)
                )
            )
            for m in MODELS[:4]
        ],
        ignore_index=True,
    )
    rows = [
        (m, low, low + 5.0, rng.gamma(2), rng.gamma(9), 20)
        for m in MODELS[:3]
        for low in np.arange(-180.0, 180.0, 5.0)
    ]
    return spectra, pd.DataFrame(rows, columns=list(spectra_of_models.JUMPS))


TABLES = {
    "ablation": lambda: (make_ablation(),),
    "fewer_labels": lambda: (make_fewer_labels(),),
    "fig1_scheme": lambda: (make_scheme(),),
    "fig2_learning_curves": lambda: (make_curve(),),
    "fig3_kreg": make_kreg,
    "fig4_dihedral": lambda: (make_trajectories(),),
    "fig5_scatter": lambda: (make_predictions(),),
    "best_model": lambda: (with_held_out(make_predictions(MODELS)),),
    "benchmark_heatmap": lambda: (make_benchmark(),),
    "canonical_axes": make_frame_study,
    "spherical": lambda: (with_held_out(make_predictions(MODELS)),),
    "models_rotated": lambda: (make_test_set(),),
    "model_learning_curves": lambda: (make_curve(),),
    "error_by_dihedral": lambda: (make_by_dihedral(), make_frame_study()[1]),
    "equivariance": lambda: (make_equivariance(),),
    "ways": lambda: (make_ways(),),
    "calibration": make_calibration,
    "spectra": make_spectra,
    "spectra_of_models": make_spectra_of_models,
    "data_distributions": lambda: (make_distribution(), make_distribution()),
}


@pytest.fixture(params=FIGURES)
def case(request):
    return import_module(f"rpr.report.figures.{request.param}"), TABLES[request.param]()


def texts(figure):
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def test_every_figure_fits_a_page_and_can_be_read(case):
    module, data = case
    figure = module.draw(*data)
    assert isinstance(figure, Figure)
    width, height = figure.get_size_inches()
    assert width <= style.PAGE
    assert height <= 9.2
    assert min(t.get_fontsize() for t in texts(figure)) >= 5.0
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()  # inches; text that runs out of the page widens it
    assert drawn.x0 > -0.03
    assert drawn.x1 < width + 0.03
    assert drawn.y0 > -0.03
    assert drawn.y1 < height + 0.03


def test_axes_carry_names(case):
    module, data = case
    figure = module.draw(*data)
    drawn = [a for a in figure.get_axes() if a.axison]
    if module is not fig1_scheme:
        assert drawn
        assert figure.get_supxlabel() or any(a.get_xlabel() for a in drawn)


def test_every_figure_of_empty_tables_says_so(case):
    module, data = case
    empty = tuple(table.iloc[:0] for table in data)
    if module is fig1_scheme:
        pytest.skip("the scheme has no empty table")
    figure = module.draw(*empty)
    figure.draw_without_rendering()
    assert texts(figure)
    assert style.drawn(module.data(*empty)).empty


@pytest.mark.parametrize("name", ["fig1_scheme", "fig2_learning_curves", "canonical_axes"])
def test_files_are_the_same_every_time(name, tmp_path):
    module, data = import_module(f"rpr.report.figures.{name}"), TABLES[name]()
    drawn = module.data(*data)
    first = style.save(module.draw(*data), tmp_path / "a", drawn, dpi=50)
    second = style.save(module.draw(*data), tmp_path / "b", drawn, dpi=50)
    assert [p.suffix for p in first] == [".pdf", ".svg", ".png", ".csv"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix
    assert b"Date" not in first[0].read_bytes()
    assert len(pd.read_csv(first[3])) == len(style.drawn(drawn)) > 0


def test_drawing_leaves_the_global_style_alone(case):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    module, data = case
    module.draw(*data)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["fig4_dihedral", "error_by_dihedral"])
def test_without_a_dihedral_the_figure_is_a_statement(name):
    module = import_module(f"rpr.report.figures.{name}")
    (table, *_) = TABLES[name]()
    angles = {"fig4_dihedral": table.assign(dihedral=np.nan)} if "dihedral" in table else {}
    table = angles.get(name, table.iloc[:0])
    figure = module.draw(table)
    assert "no dihedral" in texts(figure)[0].get_text()


def test_figures_without_a_dihedral_leave_out_what_needs_it():
    flips, gaps, accuracy = make_frame_study(dihedral=False)
    module = import_module("rpr.report.figures.canonical_axes")
    assert len(module.draw(flips, gaps, accuracy).get_axes()) == 3
    scatter = import_module("rpr.report.figures.fig5_scatter")
    figure = scatter.draw(make_predictions(dihedral=False))
    assert not any("varphi" in t.get_text() for t in texts(figure))
    kreg, points = make_kreg()
    kreg = kreg[kreg["dihedral_sign"] == "all"]
    figure = import_module("rpr.report.figures.fig3_kreg").draw(
        kreg, points.assign(dihedral_sign=np.nan)
    )
    assert sum("rotated set: " in t.get_text() for t in texts(figure)) == 2
    models = import_module("rpr.report.figures.models_rotated")
    models.draw(make_test_set(signs=False)).draw_without_rendering()


def test_tiny_tables_are_drawn():
    curve = make_curve()
    one = curve[
        (curve["n_train"] == 10)
        & (curve["repeat"] == 0)
        & (curve["model"] == "rotate-predict-rotate")
    ]
    for name in ("fig2_learning_curves", "model_learning_curves"):
        import_module(f"rpr.report.figures.{name}").draw(one).draw_without_rendering()
    test_set = make_test_set().assign(rmse_low=np.nan, rmse_high=np.nan)
    import_module("rpr.report.figures.models_rotated").draw(test_set).draw_without_rendering()
    few = make_predictions(n_frames=1)
    import_module("rpr.report.figures.fig5_scatter").draw(few).draw_without_rendering()


def test_models_of_the_same_errors_share_a_row():
    models = import_module("rpr.report.figures.models_rotated")
    test_set = make_test_set()
    published = test_set[test_set["model"] == "rotate-predict-rotate"]
    again = published.assign(model="rotate-predict-rotate-one-hand")
    rows = [
        [label.get_text() for label in figure.axes[0].get_yticklabels()]
        for figure in (models.draw(test_set), models.draw(pd.concat([test_set, again])))
    ]
    assert len(rows[0]) == len(rows[1])
    assert "rotate-predict-rotate\n(the same: one hand)" in rows[1]


def test_a_line_over_180_degrees_goes_to_both_edges():
    time, angle = fig4_dihedral.unwrapped(np.array([0.0, 1.0]), np.array([170.0, -170.0]))
    np.testing.assert_allclose(time, [0.0, 0.5, 0.5, 0.5, 1.0])
    np.testing.assert_allclose(angle, [170.0, 180.0, np.nan, -180.0, -170.0])
    time, angle = fig4_dihedral.unwrapped(np.array([0.0, 4.0]), np.array([-150.0, 170.0]))
    np.testing.assert_allclose(time, [0.0, 3.0, 3.0, 3.0, 4.0])
    np.testing.assert_allclose(angle, [-150.0, -180.0, np.nan, 180.0, 170.0])


def test_a_test_set_without_times_shows_its_distribution_only():
    table = make_trajectories().assign(time_ps=0.0)
    figure = fig4_dihedral.draw(table)
    assert len(figure.get_axes()) == 1
    assert any("no times were recorded" in t.get_text() for t in texts(figure))


def test_the_best_model_is_chosen_on_other_frames_than_those_drawn():
    table = with_held_out(make_predictions(("rotate-predict-rotate", "covariant")))
    better = (table["model"] == "covariant") & (table["test_set"] == "held_out_trajectories")
    table.loc[better, "prediction"] = table.loc[better, "reference"] + 1e-3
    luckier = (table["model"] != "covariant") & (table["test_set"] == "rotated")
    table.loc[luckier, "prediction"] = table.loc[luckier, "reference"] + 1e-6
    module = import_module("rpr.report.figures.best_model")
    assert module.best_model(table) == "covariant"
    assert set(module.data(table)["model"]) == {"covariant"}
    assert any("model covariant" in t.get_text() for t in texts(module.draw(table)))


def test_a_component_that_vanishes_by_symmetry_is_no_scatter_plot():
    table = make_predictions()
    table.loc[table["component"] == "mu_x", ["reference", "prediction"]] *= 1e-15
    figure = import_module("rpr.report.figures.fig5_scatter").draw(table)
    assert sum("zero by symmetry" in t.get_text() for t in texts(figure)) == 1


def test_the_same_frames_are_drawn_once():
    module, table = import_module("rpr.report.figures.data_distributions"), make_distribution()
    assert list(module.data(table, md_table=table.copy())) == ["labelled frames"]
    assert len(module.data(table, md_table=table.assign(n_frames=7))) == 2


def test_frames_needed_interpolates_a_power_law():
    n = np.array([10, 100, 1000])
    curve = pd.DataFrame({"n_train": n, "mean": 5.0 / n})
    assert model_learning_curves.frames_needed(curve, 5.0 / 250) == pytest.approx(250)
    assert np.isnan(model_learning_curves.frames_needed(curve, 1e-6))
    assert model_learning_curves.frames_needed(curve, 1.0) == 10


def test_the_scheme_turns_the_dipole_with_the_molecule():
    table = make_scheme()
    vectors = {
        (row.panel, row.label): np.array([row.x_end, row.y_end, row.z_end])
        for row in table.itertuples()
        if row.kind == "dipole"
    }
    axes = table[(table["panel"] == "back") & (table["kind"] == "axis")]
    R = axes[["x_end", "y_end", "z_end"]].to_numpy()
    np.testing.assert_allclose(
        R @ vectors["back", "predicted"], vectors["predicted", "predicted"], atol=1e-12
    )
    # Water's dipole lies on its axis of symmetry in every orientation.
    cosine = vectors["back", "reference"] @ vectors["back", "predicted"]
    cosine /= np.prod([np.linalg.norm(v) for k, v in vectors.items() if k[0] == "back"])
    assert abs(cosine) == pytest.approx(1.0, abs=1e-9)
