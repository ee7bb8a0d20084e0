"""ASE calculator of trained models: energy, forces, dipole, polarizability and their derivatives.

ASE's writers keep energy, free energy, forces and dipole of a calculator's results.  They drop a
polarizability in silence, and that of extended XYZ crashes on derivatives of the dipole.  Both are
therefore kept in the atoms as well, under names with a prefix and as rows of nine numbers, and the
derivatives are kept out of `results`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator as AseCalculator
from ase.calculators.calculator import PropertyNotImplementedError, all_changes
from ase.calculators.polarizability import StaticPolarizabilityCalculator
from ase.outputs import Properties, all_outputs

from rpr.data.given_frames import take_frames
from rpr.errors import InputError
from rpr.models.estimator import Estimator
from rpr.models.kreg.potential import KREG
from rpr.models.registry import load
from rpr.molecule.matching import matcher
from rpr.molecule.plausibility import broken_bond
from rpr.units import BOHR, HARTREE

#: Properties by the model that gives them; derivatives need a model that has them.
_GIVES = {
    "potential": ("energy", "free_energy", "forces"),
    "dipole": ("dipole", "born_effective_charges"),
    "polarizability": ("polarizability",),
}
_BORN = "born_effective_charges"

Model = Estimator | str | os.PathLike | None


class Calculator(AseCalculator):
    """ASE calculator of trained models of one molecule.

    =========================  ======================  ===============  =================
    property                   shape                   unit             from
    =========================  ======================  ===============  =================
    ``energy``                 number                  eV               `potential`
    ``free_energy``            the energy              eV               `potential`
    ``forces``                 [n_atoms, 3]            eV/Angstrom      `potential`
    ``dipole``                 [3]                     e Angstrom       `dipole`
    ``born_effective_charges`` [n_atoms, 3, 3]         e                `dipole`
    ``polarizability``         [3, 3]                  Angstrom^3       `polarizability`
    =========================  ======================  ===============  =================

    Element (A, x, k) of ``born_effective_charges`` is d mu_k / d R_Ax: displacement first, dipole
    second.  They sum to zero over the atoms, as the dipole of an ion is that about its centre of
    mass.  They come on request only; everything else that the given models know is computed for
    each geometry.  Atoms may be in another order than the model's: they are matched by their bonds,
    and results are in the order of the atoms.  Cell and periodic boundaries are ignored, so that
    the molecule must be whole.

    ``atoms.calc.get_property("polarizability", atoms)`` asks for what has no method of ASE's
    `Atoms`.

    Parameters
    ----------
    potential, dipole, polarizability
        Trained models or the names of their files, at least one.
    prefix
        Beginning of the names under which a calculation keeps in the atoms what ASE's writers would
        lose: ``info["RPR_polarizability"]``, nine numbers row by row, and
        ``arrays["RPR_dipole_derivatives"]``, [n_atoms, 9], of which column 3 x + k of an atom is
        d mu_k / d R_x. None keeps nothing there.
    **kwargs
        Passed to `ase.calculators.calculator.Calculator`.

    Raises
    ------
    InputError
        If there is no model, one is of another kind or not trained, or they are of different
        molecules.
    """

    def __init__(
        self,
        *,
        potential: Model = None,
        dipole: Model = None,
        polarizability: Model = None,
        prefix: str | None = "RPR_",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        given = {"potential": potential, "dipole": dipole, "polarizability": polarizability}
        self.models = {name: _model(name, m) for name, m in given.items() if m is not None}
        self.prefix = prefix
        _check_together(self.models)
        self.implemented_properties = [p for name in self.models for p in _GIVES[name]]
        if "dipole" in self.models and not self.models["dipole"].predicts_derivatives:
            self.implemented_properties.remove(_BORN)
        self._orders: dict[str, np.ndarray] = {}
        self._born: np.ndarray | None = None

    def __repr__(self) -> str:
        known = ", ".join(f"{name}={type(model).__name__}" for name, model in self.models.items())
        return f"{type(self).__name__}: {known}"

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Everything that the models know of `atoms`; derivatives of the dipole if asked for.

        Raises
        ------
        InputError
            If the atoms are not the molecule of the models, or one of its bonds is broken, such as
            by a trajectory that has left the range of training.
        PropertyNotImplementedError
            If one of `properties` is asked for that no model gives.
        """
        for name in properties:
            self._require(name)
        super().calculate(atoms, properties, system_changes)
        frame: Any = self.atoms
        self._born, self.results = None, {}
        for name in self.models:
            self.results.update(self._predict(name, frame, _BORN in properties))
        self._born = self.results.pop(_BORN, None)
        if atoms is not None and self.prefix is not None:
            self._keep(atoms)

    def get_property(
        self, name: str, atoms: Atoms | None = None, allow_calculation: bool = True
    ) -> Any:
        """A result for `atoms`, computed where it is not known.

        Raises
        ------
        PropertyNotImplementedError
            If no model gives it; the message says which would.
        """
        self._require(name)
        if name != _BORN:
            return super().get_property(name, atoms, allow_calculation)
        if self.atoms is None or (atoms is not None and self.check_state(atoms)):
            self.reset()
        if self._born is None and allow_calculation:
            self.calculate(self.atoms if atoms is None else atoms, [name])
        return None if self._born is None else self._born.copy()

    def reset(self) -> None:
        """Forget all results."""
        super().reset()
        self._born = None

    def export_properties(self) -> Properties:
        """Results that ASE has a name for, for ``atoms.get_properties``; no polarizability."""
        known = {name: value for name, value in self.results.items() if name in all_outputs}
        return Properties(known if self._born is None else known | {_BORN: self._born})

    def raman(self) -> StaticPolarizability:
        """Calculator of polarizabilities for ASE's Raman classes, in their unit.

        Examples
        --------
        ``ase.vibrations.raman.StaticRamanCalculator(atoms, atoms.calc.raman)``
        """
        return StaticPolarizability(self)

    def _get_name(self) -> str:
        return "rpr"

    def _require(self, name: str) -> None:
        if name in self.implemented_properties:
            return
        source = next((model for model, gives in _GIVES.items() if name in gives), None)
        if source is None:
            why = "these are models of one isolated molecule, which have no such property"
            if name in ("stress", "stresses"):
                why = "an isolated molecule has no stress"
        elif source in self.models:
            why = f"the {type(self.models[source]).__name__} given has no exact derivatives"
        else:
            why = f"no model was given for it; make the calculator with {source}="
        raise PropertyNotImplementedError(f"{name}: {why}")

    def _predict(self, name: str, atoms: Atoms, derivatives: bool) -> dict[str, Any]:
        """Results of one model, in the order of `atoms`."""
        model = self.models[name]
        order = self._order(name, atoms)
        positions = atoms.positions[order][None]
        place = np.argsort(order)
        if name == "potential":
            energy, forces = model.predict(positions)
            value = float(energy[0])
            return {"energy": value, "free_energy": value, "forces": forces[0, place]}
        if name == "dipole" and derivatives:
            values, jacobian = model.predict(positions, derivatives=True)
            return {name: values[0], _BORN: np.moveaxis(jacobian[0], 0, -1)[place].copy()}
        return {name: model.predict(positions)[0]}

    def _order(self, name: str, atoms: Atoms) -> np.ndarray:
        """Order of the atoms in which they are the model's; the last one if it still fits."""
        molecule, handed = self.models[name].molecule, name != "potential"
        order = self._orders.get(name)
        if order is None or not (
            len(atoms) == len(order)
            and np.array_equal(atoms.numbers[order], molecule.numbers)
            and matcher(molecule).fits(atoms.positions[order][None], handed=handed)[0]
        ):
            orders = take_frames(atoms, molecule, handed=handed).orders
            order = np.arange(molecule.n_atoms) if orders is None else orders[0]
            self._orders[name] = order
        self._check_whole(atoms, order, name)
        return order

    def _check_whole(self, atoms: Atoms, order: np.ndarray, name: str) -> None:
        """Refuse a molecule that a periodic boundary has cut, or whose bonds are broken."""
        molecule = self.models[name].molecule
        broken = broken_bond(atoms.positions[order][None], molecule.reference, molecule.bonds)
        if broken is None:
            return
        i, j = order[list(broken.atoms)]
        cause = (
            "perhaps because its atoms were wrapped into the periodic cell; unwrap it, as cell and "
            "periodic boundaries are ignored"
            if atoms.pbc.any()
            else "where the models know nothing; use a shorter time step, start from a geometry "
            "closer to the training frames, or train on more of them"
        )
        raise InputError(
            f"atoms: the molecule is not whole (bond {i}-{j} is {broken.length:.3g} Angstrom long, "
            f"in the reference {broken.expected:.3g}), {cause}"
        )

    def _keep(self, atoms: Atoms) -> None:
        """Put into `atoms` what ASE's writers would lose, and take away what is out of date."""
        tensor, born = f"{self.prefix}polarizability", f"{self.prefix}dipole_derivatives"
        atoms.arrays.pop(born, None)
        if "polarizability" in self.results:
            atoms.info[tensor] = self.results["polarizability"].ravel()
        if self._born is not None:
            atoms.arrays[born] = self._born.reshape(len(atoms), 9)


class StaticPolarizability(StaticPolarizabilityCalculator):
    """Polarizability in e^2 Angstrom^2 / eV, which ASE's Raman classes expect.

    Parameters
    ----------
    calculator
        A `Calculator` with a model of the polarizability.
    """

    def __init__(self, calculator: Calculator) -> None:
        self.calculator = calculator

    def __call__(self, atoms: Atoms, *args: Any, **kwargs: Any) -> np.ndarray:
        """Polarizability [3, 3] of `atoms`: the one in Angstrom^3 over e^2 / (4 pi eps_0)."""
        return self.calculator.get_property("polarizability", atoms) / (BOHR * HARTREE)


class KREGCalculator(Calculator):
    """`Calculator` of a potential alone.

    Parameters
    ----------
    model
        Trained potential, or the name of its file.
    **kwargs
        As for `Calculator`.
    """

    def __init__(self, model: KREG | str | os.PathLike, **kwargs: Any) -> None:
        super().__init__(potential=model, **kwargs)


def _model(name: str, model: Estimator | str | os.PathLike) -> Estimator:
    """The trained model that an argument of the calculator names."""
    found = load(model) if isinstance(model, (str, os.PathLike)) else model
    expected = f"expected a trained model of the {name}"
    if not isinstance(found, Estimator):
        raise InputError(f"{name}: found {type(found).__name__}, {expected}")
    if found.predicts[0] != _GIVES[name][0]:
        raise InputError(f"{name}: found a model of the {found.predicts[0]}, {expected}")
    if not found.is_fitted:
        raise InputError(f"{name}: the model is not fitted; call fit, or give the name of its file")
    return found


def _check_together(models: dict[str, Estimator]) -> None:
    if not models:
        raise InputError(
            "Calculator: found no model, expected at least one of potential=, dipole=, "
            "polarizability="
        )
    elements = {name: sorted(model.molecule.symbols) for name, model in models.items()}
    first = next(iter(elements))
    for name, symbols in elements.items():
        if symbols != elements[first]:
            raise InputError(
                f"{name}: found a model of {' '.join(symbols)}, expected the molecule of "
                f"{first}=, {' '.join(elements[first])}"
            )
