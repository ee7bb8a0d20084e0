"""Water by extended tight binding: models that learn it, for tests of what is built on models."""

from functools import cache

import numpy as np
from ase import Atoms
from ase.build import molecule as build

from rpr.data.frame_set import FrameSet
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.models.covariant import CovariantRegression
from rpr.models.kreg.potential import KREG
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group, permutations_of

METHOD = Method(code="tblite", functional="gfn2-xtb", basis="")


@cache
def water() -> Molecule:
    return Molecule.from_atoms(build("H2O"))


@cache
def frames() -> FrameSet:
    molecule = water()
    rng = np.random.default_rng(3)
    positions = molecule.reference + rng.normal(scale=0.06, size=(150, 3, 3))
    engine = make_engine(METHOD, molecule.symbols)
    labels = [engine.compute(x) for x in positions]
    names = ("energy", "forces", "dipole", "polarizability")
    columns = {name: np.array([getattr(label, name) for label in labels]) for name in names}
    return FrameSet(molecule.symbols, positions, **columns)


@cache
def potential() -> KREG:
    permutations = permutations_of(find_group(water()))
    return KREG(molecule=water(), permutations=permutations).fit(frames())


@cache
def model(property: str) -> CovariantRegression:
    settings = {"n_search": 60, "max_iterations": 20}
    return CovariantRegression(molecule=water(), property=property, **settings).fit(frames())


def atoms() -> Atoms:
    return water().to_atoms()
