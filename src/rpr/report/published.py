"""Published values beside those of a run.

The files in ``resources/published`` hold what Martinka et al., J. Chem. Phys. 161, 174104 (2024)
report about 1,2-dichloroethane: sizes of the protocol, ranges of the components in Fig. 5, and
errors estimated from the scatter there.  Their columns are `FILE_COLUMNS`; ``low`` and ``high``
bound how well a value can be read, and are equal where the paper states it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.report.summaries import PUBLISHED_MODEL
from rpr.studies.tables import require

FILE_COLUMNS = ["quantity", "component", "published", "low", "high", "unit", "source", "note"]

COLUMNS = [
    "quantity",
    "component",
    "source",
    "published",
    "published_low",
    "published_high",
    "estimated",
    "ours",
    "unit",
    "ratio",
    "inside",
    "n_test",
    "seed",
    "note",
]

_READABLE = ["quantity", "component", "published", "estimated", "ours", "unit", "inside"]
_RANGES = ("range_low", "range_high")
_STATISTICS = (*_RANGES, "rmse_rotated")


def is_papers_molecule(molecule: Molecule) -> bool:
    """Whether a molecule is 1,2-dichloroethane: two bonded CH2Cl groups."""
    found = sorted(
        (symbol, *sorted(molecule.symbols[atom] for atom in near))
        for symbol, near in zip(molecule.symbols, molecule.neighbours, strict=True)
    )
    carbon, others = ("C", "C", "Cl", "H", "H"), [("Cl", "C")] * 2 + [("H", "C")] * 4
    return found == [carbon, carbon, *others]


def compare(
    published: Sequence[pd.DataFrame],
    *,
    test_set: pd.DataFrame,
    predictions: pd.DataFrame,
    protocol: Mapping[str, float] | None = None,
    papers_level: bool = True,
) -> pd.DataFrame:
    """Published values and ours, row by row.

    Parameters
    ----------
    published
        Tables read from ``resources/published``; none for another molecule.
    test_set
        Table ``test_set.csv``, which has the errors of the published model on the rotated set.
    predictions
        Predictions of the published model of both properties, which have the ranges of the
        reference values on the rotated set.
    protocol
        Sizes of this run by the names in ``protocol.csv``, for example ``n_train``.
    papers_level
        Whether the labels have the paper's level of theory; otherwise only sizes are compared.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``.  ``estimated`` says whether the published value was read off a picture,
        ``inside`` whether ours lies within the bounds of reading.  ``ours`` and what follows from
        it are empty where the run measured nothing; ``ratio`` and ``inside`` also at another level
        of theory, and for the extremes of sets of other sizes, since larger sets reach further.

    Raises
    ------
    InputError
        If a published table lacks a column or names a quantity that is not known.
    """
    rows = []
    for table in published:
        require(table, FILE_COLUMNS, "published")
    sizes = {e["quantity"]: e["published"] for t in published for _, e in t.iterrows()}
    for table in published:
        for _, entry in table.iterrows():
            ours, n_test, seed = _measured(entry, test_set, predictions, protocol or {})
            alike = entry["quantity"] not in _RANGES or n_test == sizes.get("n_rotated_frames")
            alike &= papers_level or entry["quantity"] not in _STATISTICS
            rows.append(_row(entry, ours, alike) | {"n_test": n_test, "seed": seed})
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n_test": "Int64", "seed": "Int64"})


def readable(compared: pd.DataFrame) -> pd.DataFrame:
    """The comparison in the few columns that a reader needs; the CSV has all of them."""
    return compared[_READABLE]


def _measured(
    entry: pd.Series, test_set: pd.DataFrame, predictions: pd.DataFrame, protocol: Mapping
) -> tuple[float | None, int | None, int | None]:
    quantity, component = entry["quantity"], entry["component"]
    if quantity in _STATISTICS:
        return _statistic(quantity, component, test_set, predictions)
    if pd.isna(component):
        return protocol.get(quantity), None, None
    raise InputError(
        f"published: found quantity {quantity!r} for {component}, "
        f"expected one of {', '.join(_STATISTICS)}"
    )


def _statistic(
    quantity: str, component: str, test_set: pd.DataFrame, predictions: pd.DataFrame
) -> tuple[float | None, int | None, int | None]:
    if quantity == "rmse_rotated":
        rows = test_set[
            (test_set["model"] == PUBLISHED_MODEL)
            & (test_set["component"] == component)
            & (test_set["test_set"] == "rotated")
            & (test_set["dihedral_sign"] == "all")
        ]
        values = rows["rmse"]
    else:
        rows = predictions[
            (predictions["component"] == component) & (predictions["test_set"] == "rotated")
        ]
        values = rows["reference"].agg(["min" if quantity == "range_low" else "max"])
    if rows.empty:
        return None, None, None
    n_test = rows["n_test"].iloc[0] if "n_test" in rows else rows["frame"].nunique()
    return float(values.iloc[0]), int(n_test), int(rows["seed"].iloc[0])


def _row(entry: pd.Series, ours: float | None, alike: bool) -> dict[str, object]:
    low, high = float(entry["low"]), float(entry["high"])
    compared = ours if alike else None
    return {
        "quantity": entry["quantity"],
        "component": entry["component"],
        "source": entry["source"],
        "published": float(entry["published"]),
        "published_low": low,
        "published_high": high,
        "estimated": "yes" if low < high else "no",
        "ours": None if ours is None else float(ours),
        "unit": entry["unit"],
        "ratio": None if compared is None else compared / float(entry["published"]),
        "inside": None if compared is None else str(low <= compared <= high).lower(),
        "note": entry["note"],
    }
