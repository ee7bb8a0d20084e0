"""Tables as CSV for programs, Markdown for readers and LaTeX for papers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from rpr.errors import InputError
from rpr.files import atomic_path


def concat(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several tables with the same columns, in the order given.

    Parameters
    ----------
    tables
        Tables of one layout; empty ones are allowed and contribute no row.

    Returns
    -------
    DataFrame
        Rows are numbered from 0 again.

    Raises
    ------
    InputError
        If no table is given or the columns of two tables differ.
    """
    tables = list(tables)
    if not tables:
        raise InputError("tables: found none, expected at least one")
    columns = list(tables[0].columns)
    for position, table in enumerate(tables):
        if list(table.columns) != columns:
            raise InputError(
                f"tables: table {position} has columns {','.join(map(str, table.columns))}, "
                f"expected those of table 0: {','.join(map(str, columns))}"
            )
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables[:1], ignore_index=True)


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Read a CSV table; only an empty field is a missing value.

    Raises
    ------
    InputError
        If the file is missing or holds no header.
    """
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: not readable as a CSV table ({error})") from error


def require(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Check that `table` has `columns`.

    Raises
    ------
    InputError
        Naming the table and the first column that is missing.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(
            f"{name}: column {missing[0]!r} is missing, found {', '.join(map(str, table.columns))}"
        )


def write(table: pd.DataFrame, stem: str | os.PathLike, *, caption: str = "") -> tuple[Path, ...]:
    """Write ``stem.csv``, ``stem.md`` and ``stem.tex``, each atomically.

    The CSV holds ten significant digits, the two others four.

    Parameters
    ----------
    table
        Any table.
    stem
        Path without suffix.
    caption
        One sentence, put above the Markdown table and into the LaTeX caption.

    Returns
    -------
    tuple of Path
        The three paths.
    """
    stem = Path(stem)
    contents = {
        "csv": to_csv(table),
        "md": to_markdown(table, caption=caption),
        "tex": to_latex(table, caption=caption, label=stem.name),
    }
    paths = []
    for suffix, text in contents.items():
        path = stem.with_name(f"{stem.name}.{suffix}")
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        paths.append(path)
    return tuple(paths)


def write_csv(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write the CSV alone, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(to_csv(table), encoding="utf-8")


def to_csv(table: pd.DataFrame) -> str:
    """CSV text with ten significant digits."""
    return table.to_csv(index=False, float_format="%.10g", lineterminator="\n")


def to_markdown(table: pd.DataFrame, *, digits: int = 4, caption: str = "") -> str:
    """GitHub-flavoured Markdown; numbers are right-aligned and have `digits` significant digits."""
    text = _as_text(table, digits, {ord("|"): r"\|"})
    rule = ["---:" if _is_number(table[c]) else ":---" for c in table.columns]
    lines = [f"| {' | '.join(cells)} |" for cells in (text.columns, rule, *text.to_numpy())]
    return "\n".join(([caption, ""] if caption else []) + lines) + "\n"


def to_latex(table: pd.DataFrame, *, digits: int = 4, caption: str = "", label: str = "") -> str:
    """LaTeX ``table`` with booktabs rules (needs ``\\usepackage{booktabs}``)."""
    return (
        _as_text(table, digits, _LATEX)
        .style.hide(axis="index")
        .to_latex(
            column_format="".join("r" if _is_number(table[c]) else "l" for c in table.columns),
            position_float="centering",
            hrules=True,
            caption=caption.translate(_LATEX) or None,
            label=f"tab:{label}" if label else None,
        )
    )


def spread_columns(values: Iterable[str], preferred: Sequence[str]) -> list[str]:
    """Distinct `values`, the `preferred` ones first and in their order, the others by name."""
    found = set(values)
    return [v for v in preferred if v in found] + sorted(found.difference(preferred))


#: What LaTeX reads as commands, and how it prints them.
_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}"}
)


def _as_text(table: pd.DataFrame, digits: int, escape: dict[int, str]) -> pd.DataFrame:
    """Table of strings, with missing values empty and `escape` applied to cells and columns."""

    def text(value: object) -> str:
        number = f"{value:.{digits}g}" if isinstance(value, float) else str(value)
        return "" if pd.isna(value) else number.translate(escape)

    cells = [[text(value) for value in row] for row in table.itertuples(index=False, name=None)]
    return pd.DataFrame(cells, columns=[str(c).translate(escape) for c in table], dtype=object)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
