"""ASE calculators of trained models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from rpr.models.kreg.potential import KREG


class KREGCalculator(Calculator):
    """ASE calculator of a trained potential: energy (eV) and forces (eV/Angstrom).

    Parameters
    ----------
    model
        Trained potential.
    **kwargs
        Passed to `ase.calculators.calculator.Calculator`.
    """

    implemented_properties = ["energy", "forces"]  # noqa: RUF012, as ASE declares it

    def __init__(self, model: KREG, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Energy and forces of atoms in the order of the training frames."""
        super().calculate(atoms, properties, system_changes)
        energy, forces = self.model.predict(cast(Atoms, self.atoms))
        self.results = {"energy": float(energy[0]), "forces": forces[0]}
