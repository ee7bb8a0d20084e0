"""Tables as CSV, Markdown and LaTeX."""


def concat(tables):
    """Rows of several tables of equal columns, in order (empty ones allowed)."""
    raise NotImplementedError


def read(path):
    """CSV -> DataFrame."""
    raise NotImplementedError


def write(table, stem, *, caption=""):
    """Write stem.csv, stem.md, stem.tex (atomically)."""
    raise NotImplementedError


def rmse_table(test_set, *, model="paper"):
    """The paper's RMSE table: rows components, columns test sets x dihedral sign, from test_set.csv."""
    raise NotImplementedError


def models_table(test_set):
    """Frame-independent RMSE, rows models, columns test sets x sign."""
    raise NotImplementedError
