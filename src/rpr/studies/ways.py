"""Ways to equivariance: what is compared in the table ``ways``, one entry for each.

Every entry is a model that the registry knows, with settings, and what is done to it.  Most differ
from a neighbour in one choice, so that the table says what the choice is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.studies.ways_models import AveragedOverRotations

#: Ideas in the order of table and figure; ways from files come last, under the idea they name.
IDEAS = (
    "nothing", "augmentation", "averaging", "invariants alone", "canonical axes",
    "distances in axes", "axes and symmetry", "equivariant kernel", "equivariant network",
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """One way to equivariance.

    Parameters
    ----------
    idea
        One of `IDEAS`.
    model
        Name of a model in the registry.
    settings
        Arguments of its estimator that differ from those of the registry.
    averaged_over
        Number of random rotations that predictions are averaged over; 0 for none.
    largest
        Largest training set, where the cost of a larger one is out of proportion.
    """

    idea: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    averaged_over: int = 0
    largest: int | None = None

    def make(self, *, property: str, molecule: Molecule, seed: int) -> Any:
        """Unfitted model, before predictions are averaged."""
        return make_model(
            self.model, property=property, molecule=molecule, seed=seed, **self.settings
        )

    def predictor(self, fitted: Any, seed: int) -> Any:
        """What predicts, from the fitted model."""
        if not self.averaged_over:
            return fitted
        return AveragedOverRotations(fitted, self.averaged_over, seed)


def _augmented(n: int, group: str) -> Way:
    settings = {"n_rotations": n, "group": group}
    return Way("augmentation", "augmented", settings, largest=max(200, 2000 // n))


def _averaged(n: int) -> Way:
    settings = {"n_rotations": 10, "group": "permutation-inversions"}
    return Way("averaging", "augmented", settings, averaged_over=n, largest=200)


def _published(**settings: Any) -> Way:
    return Way("canonical axes", "rotate-predict-rotate", settings)


def _distances(descriptor: str) -> Way:
    return Way("distances in axes", "copies", {"descriptor": descriptor}, largest=400)


def _copies(n: int) -> str:
    return "copy" if n == 1 else "copies"


_COPIES = (1, 3, 10, 30)
WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "laboratory axes": Way("nothing", "laboratory", {"descriptor": "RExyz"}),
        **{f"{n} turned {_copies(n)}": _augmented(n, "rotations") for n in _COPIES},
        **{
            f"{n} turned, relabelled {_copies(n)}": _augmented(n, "permutation-inversions")
            for n in _COPIES
        },
        **{f"10 copies, mean of {n}": _averaged(n) for n in (1, 10, 100)},
        "averaged kernel of RE alone": Way("invariants alone", "symmetrized", {"descriptor": "RE"}),
        "inertia, signs by chance": Way("canonical axes", "rotate-predict-rotate-raw-axes"),
        "inertia (published)": _published(),
        "inertia, one hand": Way("canonical axes", "rotate-predict-rotate-one-hand"),
        "three-atom": _published(axes="three-atom"),
        "Kabsch": _published(axes="kabsch"),
        "bond-axis": _published(axes="bond-axis"),
        "RE": _distances("RE"),
        "inverse distances": _distances("ID"),
        "radial functions": _distances("radial"),
        "radial sums of types": _distances("radialTypes"),
        "Coulomb eigenvalues": _distances("CMeig"),
        "inertia, folded": Way("axes and symmetry", "folded"),
        "bond-axis, exact copies": Way("axes and symmetry", "copies"),
        "averaged kernel of RExyz": Way("axes and symmetry", "symmetrized"),
        "covariant, no group": Way(
            "equivariant kernel", "covariant", {"permutation_inversion": False}
        ),
        "covariant, order 0": Way("equivariant kernel", "covariant", {"order": 0}),
        "covariant": Way("equivariant kernel", "covariant"),
    }
)
