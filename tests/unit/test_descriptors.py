"""Descriptors: one battery of invariances for all, then plain reference implementations."""

from contextlib import nullcontext

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.data.synthetic import dichloroethane, random_frames
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle
from rpr.regression.descriptors import DESCRIPTORS, describe, find_descriptor
from rpr.units import BOHR

MOLECULE = dichloroethane()
FRAMES = random_frames(MOLECULE, 6, seed=3)
ROTATION_INVARIANT = [name for name, found in DESCRIPTORS.items() if not found.rotates]
SIZES = {
    "RE": 28,
    "ID": 28,
    "CM": 36,
    "RExyzCl": 34,
    "REsphCl": 34,
    "REdihedCl": 30,
    "xyzQ": 24,
    "xyz": 24,
    "RExyz": 52,
    "CMeig": 8,
    "radial": 28 * 14,
    "radialTypes": 6 * 14,
}


def plain_descriptor(name, x, molecule, weight):
    """Slow and literal, one frame at a time."""
    z, ref = molecule.numbers, molecule.reference
    n = len(x)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]

    def r(p, i, j):
        return np.sqrt(((p[i] - p[j]) ** 2).sum())

    re = [r(ref, i, j) / r(x, i, j) for i, j in pairs]
    if name == "ID":
        return [1 / r(x, i, j) for i, j in pairs]
    if name == "CM":
        off = [z[i] * z[j] * BOHR / r(x, i, j) for i, j in pairs]
        return [0.5 * charge**2.4 for charge in z] + off
    if name == "CMeig":
        matrix = [
            [0.5 * z[i] ** 2.4 if i == j else z[i] * z[j] * BOHR / r(x, i, j) for j in range(n)]
            for i in range(n)
        ]
        return sorted(np.linalg.eigvals(np.array(matrix)).real, reverse=True)
    if name.startswith("radial"):
        centres = [0.8 + 0.4 * k for k in range(14)]
        sums = {}
        for i, j in pairs:
            kind = (i, j) if name == "radial" else tuple(sorted((z[i], z[j])))
            values = [np.exp(-((r(x, i, j) - c) ** 2) / (2 * 0.4**2)) for c in centres]
            sums[kind] = np.add(sums.get(kind, 0.0), values)
        return np.concatenate([sums[kind] for kind in sorted(sums)])
    if name == "xyzQ":
        return [z[i] * x[i][k] for i in range(n) for k in range(3)]
    if name == "xyz":
        return [x[i][k] for i in range(n) for k in range(3)]
    if name == "RE":
        beside = []
    elif name == "RExyzCl":
        beside = [x[i][k] for i in molecule.anchors for k in range(3)]
    elif name == "RExyz":
        beside = [x[i][k] for i in range(n) for k in range(3)]
    elif name == "REdihedCl":
        angle = np.radians(dihedral_angle(x[None], molecule.dihedral)[0])
        beside = [np.cos(angle), np.sin(angle)]
    elif name == "REsphCl":
        beside = []
        for i in molecule.anchors:
            length = np.linalg.norm(x[i])
            beside += [length, np.arccos(x[i][2] / length), np.arctan2(x[i][1], x[i][0])]
    return re + [weight * value for value in beside]


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_equals_the_literal_definition(name):
    expected = [plain_descriptor(name, x, MOLECULE, 0.7) for x in FRAMES]
    found = describe(name, FRAMES, MOLECULE, coordinate_weight=0.7)
    assert found.shape == (6, SIZES[name])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_rotation_changes_exactly_the_descriptors_made_of_coordinates(name):
    rotations = Rotation.random(6, rng=0).as_matrix()
    rotated = np.einsum("fij,faj->fai", rotations, FRAMES)
    change = np.abs(describe(name, rotated, MOLECULE) - describe(name, FRAMES, MOLECULE)).max()
    assert (change < 1e-12) == (name in ROTATION_INVARIANT)


@pytest.mark.parametrize("name", ROTATION_INVARIANT)
def test_translation_does_not_change_invariant_descriptors(name):
    np.testing.assert_allclose(
        describe(name, FRAMES + 5.0, MOLECULE), describe(name, FRAMES, MOLECULE), atol=1e-11
    )


@pytest.mark.parametrize("name", ["RE", "ID", "CM"])
def test_reflection_does_not_change_distances(name):
    np.testing.assert_allclose(describe(name, -FRAMES, MOLECULE), describe(name, FRAMES, MOLECULE))


def test_reflection_turns_the_sine_of_the_dihedral():
    plain, mirrored = (describe("REdihedCl", s * FRAMES, MOLECULE) for s in (1, -1))
    np.testing.assert_allclose(mirrored[:, -1], -plain[:, -1], atol=1e-12)
    np.testing.assert_allclose(mirrored[:, :-1], plain[:, :-1], atol=1e-12)


def test_dihedral_on_the_circle_does_not_jump_at_180_degrees():
    near = [
        random_frames(MOLECULE, 1, seed=0, displacement=0, dihedral_range=(a, a))[0]
        for a in (179.99, -179.99)
    ]
    a, b = describe("REdihedCl", np.array(near), MOLECULE)
    assert np.abs(a - b).max() < 1e-3


def test_reference_geometry_has_relative_distances_of_one():
    np.testing.assert_allclose(describe("RE", MOLECULE.reference[None], MOLECULE), 1.0)


@pytest.mark.parametrize("name", ["RE", "ID", "CM", "RExyz", "xyz", "xyzQ"])
def test_exchanging_atoms_permutes_the_descriptor(name):
    # no order of atoms is preferred: the sorted numbers stay, up to the permuted reference
    order = [3, 2, 1, 0, 6, 7, 4, 5]
    permuted = Molecule(
        symbols=tuple(MOLECULE.symbols[i] for i in order), reference=MOLECULE.reference[order]
    )
    a = np.sort(describe(name, FRAMES, MOLECULE), axis=1)
    b = np.sort(describe(name, FRAMES[:, order], permuted), axis=1)
    np.testing.assert_allclose(a, b, atol=1e-12)


def test_weight_scales_the_coordinates_alone():
    one, two = (describe("RExyz", FRAMES, MOLECULE, coordinate_weight=w) for w in (1.0, 2.0))
    np.testing.assert_array_equal(one[:, :28], two[:, :28])
    np.testing.assert_allclose(2 * one[:, 28:], two[:, 28:])


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_descriptor_begins_with_re_where_it_says_so(name):
    found, expected = (describe(which, FRAMES, MOLECULE) for which in (name, "RE"))
    begins = found.shape[1] >= 28 and np.array_equal(found[:, :28], expected)
    assert begins == DESCRIPTORS[name].begins_with_RE


@pytest.mark.parametrize("given", [{}, {"anchors": (0, 3)}, {"dihedral": (0, 1, 2, 3)}])
@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_descriptor_applies_to_molecules_that_have_what_it_needs(name, given):
    molecule = Molecule(symbols=MOLECULE.symbols, reference=MOLECULE.reference, **given)
    applies = find_descriptor(name).applies(molecule)
    with nullcontext() if applies else pytest.raises(InputError, match=name):
        assert len(describe(name, FRAMES, molecule)) == len(FRAMES)


def test_errors_say_what_is_missing():
    bare = Molecule(symbols=MOLECULE.symbols, reference=MOLECULE.reference)
    with pytest.raises(InputError, match=r"'re'.*RExyzCl"):
        describe("re", FRAMES, MOLECULE)
    with pytest.raises(InputError, match="anchors"):
        describe("RExyzCl", FRAMES, bare)
    with pytest.raises(InputError, match="dihedral"):
        describe("REdihedCl", FRAMES, bare)
    with pytest.raises(InputError, match=r"\(6, 7, 3\)"):
        describe("RE", FRAMES[:, :7], MOLECULE)
    contracted = FRAMES.copy()
    contracted[4, 5] = contracted[4, 2]
    with pytest.raises(InputError, match="atoms 2 and 5 of frame 4"):
        describe("RE", contracted, MOLECULE)


@pytest.mark.parametrize("name", ["CMeig", "radialTypes"])
def test_reductions_do_not_tell_like_atoms_apart(name):
    permuted = FRAMES[:, [3, 2, 1, 0, 7, 4, 6, 5]]
    expected = describe(name, FRAMES, MOLECULE)
    np.testing.assert_allclose(describe(name, permuted, MOLECULE), expected, rtol=1e-10, atol=1e-12)
    assert (
        np.abs(describe("radial", permuted, MOLECULE) - describe("radial", FRAMES, MOLECULE)).max()
        > 0.1
    )
