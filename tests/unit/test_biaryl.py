"""Biphenyl: its inter-ring torsion is feasible, and the group counts its elements."""

import numpy as np
import pytest
from ase import Atoms

from rpr.data.frame_set import FrameSet
from rpr.data.molecule_of_frames import find_molecule
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import find_rotors


def biphenyl(degrees):
    """Two rings on the x axis, the second turned about it; carbons 0 and 1 join them."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    angles = np.radians([0, 60, 120, 180, 240, 300])
    ring = np.column_stack([np.cos(angles), np.sin(angles), 0 * angles])
    carbons, hydrogens = 1.39 * ring, 2.48 * ring[1:]
    turn = np.array([[-1, 0, 0], [0, c, s], [0, -s, c]])
    centre = np.array([1.39 + 0.74, 0.0, 0.0])
    ends = [(np.concatenate([carbons, hydrogens]) - centre) @ t for t in (np.eye(3), turn)]
    order = [0, 11, *range(1, 6), *range(12, 17), *range(6, 11), *range(17, 22)]
    return Atoms("C12H10", np.concatenate(ends)[order])


def test_the_torsion_of_biphenyl_is_feasible():
    """Rings of 12 elements: exchange of the rings, half turn of either ring, and inversion."""
    twisted = biphenyl(40)
    rotors = find_rotors(Molecule.from_atoms(twisted))
    assert [sorted(rotor.dihedral[1:3]) for rotor in rotors] == [[0, 1]]
    frames = FrameSet(
        twisted.get_chemical_symbols(),
        np.array([biphenyl(angle).positions for angle in np.linspace(0, 180, 40)]),
    )
    found = find_molecule(frames, reference=twisted)
    assert found.molecule.turning == ((0, 1),)
    group = find_group(found.molecule)
    assert len(group) == 16
    assert len({name for name in group.names}) == 16
    assert "turns" in " ".join(found.notes)
    assert len(find_group(find_molecule(frames, reference=twisted, turning=[]).molecule)) == 8


def test_labels_obey_the_group_of_biphenyl():
    """GFN2-xTB: equal energies, turned dipoles for the images of a distorted geometry."""
    pytest.importorskip("tblite")
    twisted = biphenyl(40)
    molecule = find_molecule(
        FrameSet(twisted.get_chemical_symbols(), twisted.positions[None]), turning=[(0, 1)]
    ).molecule
    group = find_group(molecule)
    rng = np.random.default_rng(0)
    positions = twisted.positions + rng.normal(scale=0.03, size=(22, 3))
    engine = make_engine(Method(code="tblite", functional="gfn2-xtb", basis=""), molecule.symbols)
    labels = engine.compute(positions, ("energy", "dipole"))
    images = group.act_on_positions(positions[None])[:, 0]
    dipoles = group.act_on_tensors(labels.dipole[None])[:, 0]
    for image, dipole in zip(images[1::5], dipoles[1::5], strict=True):
        again = engine.compute(image, ("energy", "dipole"))
        assert again.energy == pytest.approx(labels.energy, abs=1e-5)
        assert np.allclose(again.dipole, dipole, atol=1e-5)
