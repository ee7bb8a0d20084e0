"""The main results of a run on one page: what was learnt, how well, and where to look next."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd

from rpr.report.summaries import TEST_SETS
from rpr.studies.evaluation import INVARIANT
from rpr.studies.tables import spread_columns

#: How the page names the test sets.
_WORDS = {
    "in_distribution": "random",
    "held_out_trajectories": "held out",
    "rotated": "rotated",
    "thermal": "thermal",
}
_VERDICTS = {
    "holds": "hold",
    "does not hold": "do not hold",
    "undecided": "are undecided",
    "measured": "are only measured",
    "not judged": "are not judged at this level of theory",
    "not measured": "could not be measured",
}


def summary(
    test_set: pd.DataFrame, claims: pd.DataFrame, record: Mapping, folder: str
) -> dict[str, str]:
    """The summary of a run as Markdown and as reStructuredText.

    Parameters
    ----------
    test_set
        Table ``test_set.csv``.
    claims
        Table ``claims.csv``.
    record
        Content of ``provenance.json``.
    folder
        Folder of the run's results, as it is shown to the reader.

    Returns
    -------
    dict
        Texts by format, ``md`` and ``rst``; every number is from the tables and the record.
    """
    rows = test_set[
        test_set["component"].isin(INVARIANT.values()) & (test_set["dihedral_sign"] == "all")
    ]
    table = _errors(rows)
    before = [_what(rows, record), _sizes(rows, record), *_best(rows)]
    after = [_claims(claims), _where(folder)]
    title = f"Main results of the run {record['config']['run']}"
    caption = (
        "Root-mean-square errors of the whole dipole (D) and polarizability (bohr^3), which do not "
        "depend on the axes:"
    )
    markdown = [f"# {title}", *before, caption, _markdown(table), *after]
    rst = [title, "=" * len(title), *before, caption, _rst(table), *after]
    return {"md": _joined(markdown), "rst": _joined([f"{rst[0]}\n{rst[1]}", *rst[2:]])}


def _joined(parts: Sequence[str]) -> str:
    wrapped = (part if "\n" in part else textwrap.fill(part, 100) for part in parts if part)
    return "\n\n".join(wrapped) + "\n"


def _number(value: float) -> str:
    return f"{value:#.2g}".rstrip(".")


def _errors(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each model, one column for each property and test set."""
    found = {"model": spread_columns(rows["model"], list(dict.fromkeys(rows["model"])))}
    known = set(rows["test_set"])
    for property, component in INVARIANT.items():
        for test_set in (name for name in TEST_SETS if name in known):
            chosen = rows[(rows["component"] == component) & (rows["test_set"] == test_set)]
            values = chosen.set_index("model")["rmse"].reindex(found["model"])
            name = f"{'alpha' if property == 'polarizability' else 'mu'}, {_WORDS[test_set]}"
            found[name] = [_number(v) if v == v else "" for v in values]
    return pd.DataFrame(found)


def _what(rows: pd.DataFrame, record: Mapping) -> str:
    config, data = record["config"], record["data"]
    n_train = int(rows["n_train"].max())
    level = data["frames"]["level_of_theory"]
    return (
        f"Dipole and polarizability of {config['molecule']['name']}, learnt from {n_train} of "
        f"{data['frames']['n_frames']} labelled frames (level of theory: {level})."
    )


def _sizes(rows: pd.DataFrame, record: Mapping) -> str:
    n = rows.groupby("test_set")["n_test"].max()
    level = record["data"]["test_set"]["level_of_theory"]
    sizes = ", ".join(
        f"{int(n[name])} {words}"
        for name, words in {
            "in_distribution": "random frames of the same trajectories",
            "held_out_trajectories": "frames of trajectories held out of training",
            "rotated": f"frames of the rotated test set (level of theory: {level})",
        }.items()
        if name in n
    )
    return f"Tested on {sizes}."


def _best(rows: pd.DataFrame) -> list[str]:
    """The most accurate model of each property on the rotated set."""
    sentences = []
    for property, component in INVARIANT.items():
        chosen = rows[(rows["component"] == component) & (rows["test_set"] == "rotated")]
        if chosen["rmse"].notna().any():
            best = chosen.loc[chosen["rmse"].idxmin()]
            interval = (
                f", 95 % interval {_number(best['rmse_low'])} to {_number(best['rmse_high'])}"
                if best["rmse_low"] == best["rmse_low"]
                else ""
            )
            sentences.append(
                f"Lowest {property} error on the rotated set: {best['model']}, "
                f"{_number(best['rmse'])} {best['unit']}{interval}."
            )
    return [" ".join(sentences)]


def _claims(claims: pd.DataFrame) -> str:
    if not (claims["rule"] != "none").any():
        return ""
    counts = claims["verdict"].value_counts()
    found = ", ".join(f"{counts[v]} {words}" for v, words in _VERDICTS.items() if v in counts)
    about = "Claims of the paper and aims of this project"
    if claims.loc[claims["rule"] != "none", "scope"].eq("any molecule").all():
        about = "Claims that do not depend on the molecule"
    return f"{about}: {found}."


def _where(folder: str) -> str:
    return (
        f"Figures are in {folder}/figures (start with models_rotated.png), tables in "
        f"{folder}/tables (start with models.md; claims.md has the claims)."
    )


def _columns(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """The columns of a table as padded text, header first."""
    padded = []
    for name in table.columns:
        cells = [name, *table[name]]
        width = max(map(len, cells))
        padded.append(tuple(cell.ljust(width) for cell in cells))
    return padded


def _markdown(table: pd.DataFrame) -> str:
    header, *lines = zip(*_columns(table), strict=True)
    rule = [":" + "-" * (len(cell) - 1) for cell in header]
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, rule, *lines))


def _rst(table: pd.DataFrame) -> str:
    header, *lines = zip(*_columns(table), strict=True)
    rule = "  ".join("=" * len(cell) for cell in header)
    body = ["  ".join(line).rstrip() for line in lines]
    return "\n".join([rule, "  ".join(header).rstrip(), rule, *body, rule])
