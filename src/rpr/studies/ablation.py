"""What axes, descriptor and symmetry each are worth: one of them changed at a time.

Every cell is a model of the same kind: kernel ridge regression of components in canonical axes,
fitted to the same training frames, with kernel, weight of coordinates, sigma and lambda chosen in
the same way, by validation.  The symmetry is one of

============== =================================================================================
``none``       a plain kernel
``axis signs`` the kernel averaged over the four proper choices of the signs of the axes
``copies``     a plain kernel on exact permutation-inversion copies of the training frames
``averaged``   the kernel averaged over the permutation-inversion group
``both``       the kernel averaged over signs of axes and the permutation-inversion group
============== =================================================================================

An average over the permutation-inversion group alone is not defined in axes whose signs follow a
rule, as an element changes components by signs that differ from frame to frame.  Where axes or
descriptor do not allow an average, the cell is left out.  An averaged kernel on exact copies is no
further cell, as both give the same predictions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.errors import NotApplicableError
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.regression import descriptors
from rpr.studies.ablation_models import (
    ESTIMATORS,
    KERNELS,
    fit_by_validation,
    fit_copies,
)
from rpr.studies.evaluation import INVARIANT, errors_on_test_sets, labels_of
from rpr.studies.trials import training_and_tests, training_without_torsion

AXES = ("inertia", "three-atom", "kabsch", "bond-axis")
DESCRIPTORS = ("RE", "RExyzCl", "RExyz")
SYMMETRIES = tuple(ESTIMATORS)

COLUMNS = [
    "model", "axes", "descriptor", "symmetry", "kernel", "component", "test_set", "repeat", "rmse",
    "rmse_low", "rmse_high", "unit", "n_train", "n_test", "coordinate_weight",
]  # fmt: skip

#: What a setting of a model of the library is called in the table, if not by name and value.
_WORDS = {("permutation_inversion", False): "without the group"}

#: Name of a held-out block of the dihedral among the test sets.
TORSION = "held_out_torsion"


@dataclass(frozen=True)
class Cell:
    """One model of the ablation: a combination, or a model of the library by its name.

    Attributes
    ----------
    axes, descriptor, symmetry
        The combination; empty for a model of the library.
    model
        Name of a model of the library; empty for a combination.
    settings
        Its arguments that differ.
    """

    axes: str = ""
    descriptor: str = ""
    symmetry: str = ""
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> dict[str, str]:
        """Columns of the table that say which cell it is."""
        words = (_WORDS.get(s, f"{s[0]} {s[1]}") for s in self.settings.items())
        model = ", ".join((self.model, *words))
        names = {name: getattr(self, name) for name in ("axes", "descriptor", "symmetry")}
        return {"model": model, **names}

    def fit(
        self,
        training: FrameSet,
        *,
        property: str,
        molecule: Molecule,
        seed: int,
        kernels: Sequence[str],
        n_search: int,
    ) -> Any:
        """Fit the model; arguments as for :func:`ablation`."""
        common: dict[str, Any] = {"property": property, "molecule": molecule, "seed": seed}
        values = labels_of(training, property)
        if self.model:
            return make_model(self.model, **common, **self.settings).fit(training, values)
        estimator, settings = ESTIMATORS[self.symmetry]
        options = {"axes": self.axes, "descriptor": self.descriptor, **settings, **common}
        search: dict[str, Any] = {"kernels": kernels, "n_search": n_search, "seed": seed}
        if self.symmetry == "copies":
            return fit_copies(training, values, **{**options, **search})
        make: Callable[..., Any] = partial(estimator, **options)
        return fit_by_validation(make, training, values, **search)


CELLS = tuple(Cell(*names) for names in product(AXES, DESCRIPTORS, SYMMETRIES))
#: Models as the library offers them, and the covariant one with less.
OFFERED = (
    *(Cell(model=name) for name in ("rotate-predict-rotate", "folded", "symmetrized")),
    Cell(model="covariant"),
    Cell(model="covariant", settings={"order": 0}),
    Cell(model="covariant", settings={"permutation_inversion": False}),
)
#: Steps from the published model to the covariant one.
STEPS: tuple[tuple[str, Cell], ...] = (
    ("inertia axes, RExyzCl, plain kernel", Cell("inertia", "RExyzCl", "none")),
    ("+ permutation-inversion copies", Cell("inertia", "RExyzCl", "copies")),
    ("+ axes along the central bond", Cell("bond-axis", "RExyzCl", "copies")),
    ("+ coordinates of all atoms", Cell("bond-axis", "RExyz", "copies")),
    ("+ average over signs of axes", Cell("bond-axis", "RExyz", "both")),
    ("covariant kernel, order 0", Cell(model="covariant", settings={"order": 0})),
    ("covariant kernel", Cell(model="covariant")),
)
#: Cells of the held-out block of the dihedral.
TORSION_CELLS = (*(cell for _, cell in STEPS), Cell("bond-axis", "RExyz", "none"))


def ablation(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    property: str,
    cells: Sequence[Cell] = (*CELLS, *OFFERED),
    kernels: Sequence[str] = KERNELS,
    n_train: int,
    n_test: int,
    n_search: int,
    repeats: Iterable[int],
    thermal: FrameSet | None = None,
) -> pd.DataFrame:
    """Axes-independent errors of every combination of axes, descriptor and symmetry.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    rotated
        The independent test set.
    molecule
        Molecule of the frames.
    property
        ``"dipole"`` or ``"polarizability"``.
    cells
        Models that are evaluated.
    kernels
        Kernels among which validation chooses, for all combinations alike.
    n_train, n_test
        Sizes of the training set and of the test sets taken from `frames`.
    n_search
        Training frames that the choice of the kernel of a combination uses.
    repeats
        Seeds of the splits, one for each training set.
    thermal
        Frames in thermal equilibrium, if there are any.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; Debye or bohr^3.  ``model`` is empty for a combination; for a model of
        the library, the columns that do not apply are empty.

    Raises
    ------
    InputError
        If the frames carry no trajectory, or there are too few of them.
    """
    tables = []
    for repeat in repeats:
        training, tests = training_and_tests(
            frames, rotated, n_train=n_train, n_test=n_test, seed=repeat, thermal=thermal
        )
        options = {"property": property, "molecule": molecule, "seed": repeat}
        tables += _errors(cells, training, tests, options, kernels, n_search)
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def held_out_torsion(
    frames: FrameSet,
    *,
    molecule: Molecule,
    property: str,
    cells: Sequence[Cell] = TORSION_CELLS,
    kernels: Sequence[str] = KERNELS,
    n_train: int,
    n_test: int,
    n_search: int,
    repeats: Iterable[int],
) -> pd.DataFrame:
    """Errors on a block of the dihedral that the training frames keep away from.

    Arguments and columns are those of :func:`ablation`; every seed holds out another block
    (:func:`rpr.studies.trials.training_without_torsion`).  ``n_train`` and ``n_test`` of the table
    are the numbers of frames that were there.
    """
    tables = []
    for repeat in repeats:
        training, test = training_without_torsion(
            frames, molecule=molecule, n_train=n_train, n_test=n_test, seed=repeat
        )
        options = {"property": property, "molecule": molecule, "seed": repeat}
        tables += _errors(cells, training, {TORSION: test}, options, kernels, n_search)
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _errors(
    cells: Sequence[Cell],
    training: FrameSet,
    tests: Mapping[str, FrameSet],
    options: Mapping[str, Any],
    kernels: Sequence[str],
    n_search: int,
) -> list[pd.DataFrame]:
    """Errors of all cells that exist, on all test sets."""
    tables = []
    for cell in cells:
        try:
            model = cell.fit(training, kernels=kernels, n_search=n_search, **options)
        except NotApplicableError:  # these axes or this descriptor cannot have that symmetry
            continue
        about: dict[str, Any] = {**cell.about, "kernel": "" if cell.model else model.kernel_}
        weighted = cell.descriptor in descriptors.COORDINATE_WEIGHTS
        about["coordinate_weight"] = model.coordinate_weight_ if weighted else math.nan
        table = errors_on_test_sets(
            model, tests, model_name=about["model"], n_train=len(training), **options
        )
        table = table[table["component"] == INVARIANT[options["property"]]]
        tables.append(table.rename(columns={"seed": "repeat"}).assign(**about))
    return tables
