"""Handedness of centres, and cis or trans at bonds."""

import numpy as np
from ase.build import molecule as g2

from rpr.data.synthetic import dichloroethane, random_frames
from rpr.molecule.molecule import Molecule
from rpr.molecule.stereo import FLAT, planar_atoms, rigid_bonds, sides, triple_products

FRAMES = random_frames(dichloroethane(), 6, seed=0)
CENTRES = np.array([[1, 0, 2, 4], [2, 1, 3, 6]])


def test_triple_products_are_those_of_vectors():
    for frame, volumes in zip(FRAMES, triple_products(FRAMES, CENTRES), strict=True):
        for (c, i, j, k), volume in zip(CENTRES, volumes, strict=True):
            u, v, w = frame[[i, j, k]] - frame[c]
            np.testing.assert_allclose(volume, np.cross(u, v) @ w)
    units = triple_products(FRAMES, CENTRES, unit=True)
    assert (np.abs(units) > 2 * FLAT).all()
    np.testing.assert_array_equal(np.sign(units), np.sign(triple_products(FRAMES, CENTRES)))
    np.testing.assert_allclose(triple_products(-FRAMES, CENTRES, unit=True), -units)
    np.testing.assert_allclose(triple_products(FRAMES, CENTRES[:, [0, 2, 1, 3]], unit=True), -units)
    assert triple_products(FRAMES, CENTRES[:0]).shape == (6, 0)


def test_sides_have_the_sign_of_the_cosine_of_the_dihedral():
    ethylene = Molecule.from_atoms(g2("C2H4"))
    chains = np.array([chain for _, chain in rigid_bonds(ethylene)])
    assert len(chains) == 8
    found = sides(ethylene.reference[None], chains)[0]
    a, b = ethylene.reference[chains[:, 0]], ethylene.reference[chains[:, 3]]
    near = np.linalg.norm(a - b, axis=1) < 2.7  # trans hydrogens are 3.1 Angstrom apart
    np.testing.assert_array_equal(found > 0, near)


def test_atoms_in_a_plane():
    assert planar_atoms(Molecule.from_atoms(g2("C2H4"))) == {0, 1}
    assert planar_atoms(Molecule.from_atoms(g2("NH3"))) == frozenset()
    assert planar_atoms(Molecule.from_atoms(g2("CH4"))) == frozenset()
