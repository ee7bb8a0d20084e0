"""ASE calculators of trained models."""

from __future__ import annotations

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from rpr.models.kreg.potential import KREG


class KREGCalculator(Calculator):
    """ASE calculator of a trained potential: energy (eV) and forces (eV/Angstrom).

    Parameters
    ----------
    model
        A trained `rpr.models.kreg.potential.KREG`.
    """

    implemented_properties = ("energy", "forces")

    def __init__(self, model: KREG, **kwargs):
        super().__init__(**kwargs)
        self.model = model

    def calculate(
        self, atoms: Atoms | None = None, properties=("energy",), system_changes=all_changes
    ) -> None:
        """Energy and forces of `atoms`, whose order must be that of the training frames."""
        super().calculate(atoms, properties, system_changes)
        energy, forces = self.model.predict([self.atoms])
        self.results = {"energy": float(energy[0]), "forces": forces[0]}
