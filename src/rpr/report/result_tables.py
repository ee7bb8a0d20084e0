"""Tables of a run as Markdown for the documentation, which are written and never typed.

Each function takes the rows of the CSV files that a run writes, as dictionaries of strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rpr.models import registry
from rpr.report.figures.ways import EXACT
from rpr.studies.validation_choices import DEFAULT, VALIDATED

Rows = Sequence[Mapping[str, str]]

PUBLISHED = "rotate-predict-rotate"
_OF_COMPONENT = {"mu_inv": ("dipole", "D"), "alpha_inv": ("polarizability", "bohr³")}
_SHORT = {
    "in_distribution": "in distribution",
    "held_out_trajectories": "held out",
    "rotated": "rotated",
    "thermal": "thermal",
}
_CURVES = {
    "values": "`covariant`, values",
    "values, lambda-SOAP": "lambda-SOAP, values",
    "values and derivatives": "`covariant`, derivatives",
}


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with left-aligned columns; vertical bars in cells are escaped."""
    lines = [header, [":--"] * len(header)]
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def steps_tables(rows: Rows) -> str:
    """Rows of ``steps.csv``, one table for each property: errors, and gains.

    Gains are those on rotated frames, with their intervals.
    """
    tables = []
    for component in dict.fromkeys(row["component"] for row in rows):
        found = {(r["step"], r["test_set"]): r for r in rows if r["component"] == component}
        test_sets = list(dict.fromkeys(test_set for _, test_set in found))
        property, unit = _OF_COMPONENT[component]
        body = [
            [
                step,
                *(_error(found.get((step, name))) for name in test_sets),
                _interval(found.get((step, "rotated")), "gain", ".2g"),
            ]
            for step in dict.fromkeys(step for step, _ in found)
        ]
        names = [name.replace("_", " ") for name in test_sets]
        tables.append(markdown([f"{property} ({unit})", *names, "gain, rotated"], body))
    return "\n\n".join(tables)


def peers_tables(rows: Rows, by_set: Rows) -> str:
    """Rows of ``peers.csv`` and ``peers_by_set.csv``, one table for each property.

    Models have their errors; other programs, whose names the registry does not have, also the
    ratio of their error to that of the covariant model with its interval, the model of lower
    error, and the errors of both for each training set.
    """
    tables = []
    for component in dict.fromkeys(row["component"] for row in rows):
        found = {(r["model"], r["test_set"]): r for r in rows if r["component"] == component}
        test_sets = {r["test_set"]: r["n_test"] for r in found.values()}
        models = sorted({model for model, _ in found}, key=_place)
        body = [[m, *(_error(found.get((m, t)), 3) for t in test_sets)] for m in models]
        for model in (m for m in models if m not in registry.REGISTRY):
            pairs = [found[model, name] for name in test_sets]
            body.append(
                [f"{model} / covariant", *(_interval(pair, "ratio", ".2f") for pair in pairs)]
            )
            body.append(["lower error", *(pair["lower_error"] for pair in pairs)])
            sets = [
                [r for r in by_set if (r["component"], r["test_set"]) == (component, t)]
                for t in test_sets
            ]
            for number, repeat in enumerate(dict.fromkeys(r["seed"] for r in by_set), start=1):
                cells = [_pair(part, model, repeat) for part in sets]
                body.append([f"{model}; covariant, training set {number}", *cells])
        property, unit = _OF_COMPONENT[component]
        names = [f"{name.replace('_', ' ')} ({n})" for name, n in test_sets.items()]
        tables.append(markdown([f"{property} ({unit})", *names], body))
    return "\n\n".join(tables)


def validation_tables(rows: Rows) -> str:
    """Rows of ``validation.csv``, one table for each property.

    A model as it is has its errors; other choices the factors by which they change these.  Kernels
    are those that any training set chose, by component; those of the Matern family by their order.
    """
    tables = []
    for component in dict.fromkeys(row["component"] for row in rows):
        of_component = [row for row in rows if row["component"] == component]
        found = {(r["model"], r["scan"], r["choice"], r["test_set"]): r for r in of_component}
        test_sets = list(dict.fromkeys(row["test_set"] for row in of_component))
        test_sets.sort(key=lambda name: name != VALIDATED)  # the others stay in order
        body = []
        for model, scan, choice in dict.fromkeys(key[:3] for key in found):
            cells = [found[model, scan, choice, name] for name in test_sets]
            if choice == DEFAULT:
                name = f"`{model}`" + (f", {scan.replace('_', ' ')}" if scan else "")
                errors = [_interval(cell, "rmse", "#.2g") for cell in cells]
            else:
                name = choice
                errors = [f"× {_interval(cell, 'ratio', '.2f')}" for cell in cells]
            body.append([name, _kernels(cells[0]["kernels"]), *errors])
        property, unit = _OF_COMPONENT[component]
        names = [_SHORT.get(name, name) for name in test_sets]
        tables.append(markdown([f"{property} ({unit})", "kernels", *names], body))
    return "\n\n".join(tables)


def hands_table(rows: Rows) -> str:
    """Errors in ``test_set.csv`` on rotated frames, by the sign of the dihedral.

    Rows are the published model, trained on frames of one hand and of both, and the models that
    know the mirror image of each training frame.
    """
    labels = {
        f"{PUBLISHED}-one-hand": f"`{PUBLISHED}`, one hand",
        f"{PUBLISHED}-both-hands": f"`{PUBLISHED}`, both hands",
        **{name: f"`{name}`" for name in ("folded", "symmetrized", "covariant")},
    }
    found = {
        (r["model"], r["component"], r["dihedral_sign"]): r
        for r in rows
        if r["test_set"] == "rotated"
    }
    columns = [(c, sign) for c in _OF_COMPONENT for sign in ("positive", "negative")]
    body = [
        [label, *(_interval(found.get((name, *column)), "rmse", "#.2g") for column in columns)]
        for name, label in labels.items()
        if (name, *columns[0]) in found
    ]
    signs = {"positive": "φ ≥ 0", "negative": "φ < 0"}
    heads = [f"{_OF_COMPONENT[c][0]} ({_OF_COMPONENT[c][1]}), {signs[sign]}" for c, sign in columns]
    return markdown(["model", *heads], body)


def calibration_tables(rows: Rows, model: str = "covariant") -> str:
    """Scores of a model in ``calibration.csv``, one table for each property.

    Errors of dipoles are in mD, those of polarizabilities in bohr³.
    """
    tables = []
    for property, unit, factor, form in (
        ("dipole", "mD", 1e3, ".2f"),
        ("polarizability", "bohr³", 1, ".4f"),
    ):
        of_model = [r for r in rows if (r["model"], r["property"]) == (model, property)]
        found = {(r["score"], r["test_set"]): r for r in of_model}
        test_sets = {r["test_set"]: r["n_test"] for r in of_model}
        scores = {
            "rmse": (f"RMSE ({unit})", factor, form),
            "predicted_rmse": (f"predicted ({unit})", factor, form),
            "size": ("size", 1, ".2f"),
            "coverage_50": ("inside 50 %", 100, ".0f"),
            "coverage_90": ("inside 90 %", 100, ".0f"),
            "coverage_95": ("inside 95 %", 100, ".0f"),
            "nll": ("log score", 1, ".1f"),
            "energy_score": (f"energy score ({unit})", factor, form),
        }
        body = [
            [
                label,
                *(_interval(found.get((score, name)), "value", form, scale) for name in test_sets),
            ]
            for score, (label, scale, form) in scores.items()
        ]
        names = [f"{_SHORT[name]} ({n})" for name, n in test_sets.items()]
        tables.append(markdown([property, *names], body))
    return "\n\n".join(tables)


def fewer_labels_table(rows: Rows) -> str:
    """Errors in ``fewer_labels.csv``, means over training sets, by their size.

    Dipoles are in mD, elements of their derivatives in 1e-3 e.
    """
    sizes = sorted({int(r["n_train"]) for r in rows})
    errors: dict[tuple, list[float]] = {}
    for r in rows:
        key = (r["component"], r["test_set"], r["labels"], int(r["n_train"]))
        errors.setdefault(key, []).append(float(r["rmse"]))
    body = []
    for component, what in (("mu_inv", ""), ("dmu_dR", "dμ/dR, ")):
        for test_set in ("held_out_trajectories", "rotated"):
            for labels, curve in _CURVES.items():
                found = [errors.get((component, test_set, labels, size)) for size in sizes]
                if any(found):
                    cells = ["" if not e else f"{1e3 * sum(e) / len(e):.1f}" for e in found]
                    body.append([f"{_SHORT[test_set]}: {what}{curve}", *cells])
    return markdown(["training frames", *map(str, sizes)], body)


def ways_table(rows: Rows) -> str:
    """Rows of ``ways.csv``: errors, deviations, frames that are needed, and times.

    Deviations below 1e-5 D are a dash, as are those of ways that predict given frames only.
    """
    body, idea = [], ""
    for row in rows:
        if row["idea"] != idea:
            idea = row["idea"]
            body.append([f"*{idea}*", *[""] * 8])
        body.append(
            [
                row["way"],
                _interval(row, "rotated", ".4f"),
                f"{float(row['rotated_positive']):.4f}",
                *(_deviation(row[name]) for name in ("rotation", "inversion", "permutation")),
                row["frames_needed"],
                f"{float(row['train_seconds']):.2f}" if row["train_seconds"] else "",
                f"{float(row['predict_ms']):.2f}" if row["predict_ms"] else "",
            ]
        )
    names = ["way", "rotated", "φ ≥ 0", "rotation", "inversion", "permutation"]
    return markdown([*names, "frames", "fit (s)", "predict (ms)"], body)


def _kernels(by_component: str) -> str:
    names = by_component.replace("matern", "").split("; ")
    return names[0] if len(set(names)) == 1 else "; ".join(names)


def _place(model: str) -> int:
    names = list(registry.MODELS)
    return names.index(model) if model in names else len(names)


def _pair(rows: Rows, model: str, repeat: str) -> str:
    """Errors of a program and of the covariant model for one training set."""
    for row in rows:
        if (row["above"], row["seed"]) == (model, repeat):
            return f"{float(row['rmse_above']):.3g}; {float(row['rmse_below']):.3g}"
    return ""


def _error(row: Mapping[str, str] | None, digits: int = 2) -> str:
    return f"{float(row['rmse']):.{digits}g}" if row else ""


def _interval(row: Mapping[str, str] | None, name: str, form: str, scale: float = 1.0) -> str:
    """A number of the column `name` with its interval, if it has one; nothing without a number."""
    if not row or not row[name]:
        return ""
    ends = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
    value, *bounds = (format(scale * float(row[key]), form) for key in (name, *ends) if row[key])
    return f"{value} [{', '.join(bounds)}]" if bounds else value


def _deviation(cell: str) -> str:
    return f"{float(cell):.2g}" if cell and float(cell) >= EXACT else "-"
