"""Mirror images of trajectories: exact labels, and the hands that a scan samples."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule as g2
from ase.io import read

from rpr.data.frame_set import FrameSet
from rpr.data.hands import mirror_image, mirrored_scan
from rpr.errors import InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import ALL_PROPERTIES, OPTIONAL_PROPERTIES
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, set_dihedral

GEOMETRY = Path(__file__).parents[2] / "resources" / "geometries" / "dichloroethane_anti.xyz"
MOLECULE = Molecule.from_atoms(read(GEOMETRY), anchors=(0, 3), dihedral=(0, 1, 2, 3))


@pytest.fixture(scope="module")
def frames():
    """Two frames of each of six trajectories, labelled by GFN2-xTB; the first starts at -30."""
    angles = np.array([-30.0, 25, 60, 100, 140, 170]).repeat(2) + np.tile([0.0, 3.0], 6)
    rng = np.random.default_rng(0)
    positions = np.repeat(MOLECULE.reference[None], 12, axis=0)
    positions = set_dihedral(positions, MOLECULE, angles) + rng.normal(scale=0.02, size=(12, 8, 3))
    frames = FrameSet(
        MOLECULE.symbols,
        positions,
        trajectory=np.arange(6).repeat(2),
        step=np.tile([4, 9], 6),
        velocities=rng.normal(size=(12, 8, 3)),
    )
    frames.dihedral = dihedral_angle(positions, MOLECULE.dihedral)
    return label(frames)


def label(frames):
    engine = make_engine(
        Method.from_config({"code": "tblite", "functional": "gfn2-xtb"}), frames.symbols
    )
    labels = [engine.compute(x, ALL_PROPERTIES) for x in frames.positions]
    known = {name: getattr(frames, name) for name in frames.known}
    known |= {name: np.array([getattr(x, name) for x in labels]) for name in ALL_PROPERTIES}
    return FrameSet(frames.symbols, frames.positions, **known)


def test_labels_of_mirror_images_are_those_of_quantum_chemistry(frames):
    chosen = np.arange(12) % 3 == 0
    image = mirror_image(frames, MOLECULE, chosen)
    again = label(image)
    for name in ("energy", "forces", "dipole", "polarizability", *OPTIONAL_PROPERTIES):
        np.testing.assert_allclose(
            getattr(image, name), getattr(again, name), atol=2e-5, err_msg=name
        )
    np.testing.assert_allclose(image.dihedral, np.where(chosen, -1, 1) * frames.dihedral)
    np.testing.assert_allclose(
        image.dihedral, dihedral_angle(image.positions, MOLECULE.dihedral), atol=1e-9
    )
    back = mirror_image(image, MOLECULE, chosen)
    for name in ("positions", *frames.known):
        np.testing.assert_array_equal(getattr(back, name), getattr(frames, name))


def test_one_hand_and_both_hands(frames):
    one = mirrored_scan(frames, MOLECULE, "one_hand")
    assert (one.dihedral > 0).all()
    both = mirrored_scan(frames, MOLECULE, "both_hands")
    odd = frames.trajectory % 2 == 1
    assert (both.dihedral[odd] < 0).all()
    assert (both.dihedral[~odd] > 0).all()
    # Reading again changes nothing, and either reading leads to the other.
    for scan, expected in (("one_hand", one), ("both_hands", both)):
        for given in (one, both):
            np.testing.assert_array_equal(
                mirrored_scan(given, MOLECULE, scan).positions, expected.positions
            )


def test_frames_of_both_hands_stay_as_they_are(frames):
    chosen = np.isin(frames.trajectory, [1, 2])
    both = mirror_image(frames, MOLECULE, chosen)
    np.testing.assert_array_equal(
        mirrored_scan(both, MOLECULE, "both_hands").positions, both.positions
    )
    assert (mirrored_scan(both, MOLECULE, "one_hand").dihedral > 0).all()


@pytest.mark.parametrize(("factor", "first"), [(2, 0), (2, 1), (4, 2)])
def test_every_second_trajectory_of_one_hand_is_read_as_both(frames, factor, first):
    some = mirrored_scan(frames, MOLECULE, "one_hand")
    some.trajectory = factor * some.trajectory + first
    both = mirrored_scan(some, MOLECULE, "both_hands")
    np.testing.assert_array_equal(both.dihedral < 0, frames.trajectory % 2 == 1)


def test_no_frames_stay_no_frames(frames):
    none = frames.subset(np.arange(0))
    assert len(mirrored_scan(none, MOLECULE, "both_hands")) == 0


def test_whole_trajectories_are_mirrored_by_their_earliest_frame(frames):
    crossing = frames.subset(np.arange(12))
    crossing.positions[1] = set_dihedral(crossing.positions[1:2], MOLECULE, np.array([5.0]))[0]
    one = mirrored_scan(crossing, MOLECULE, "one_hand")
    found = dihedral_angle(one.positions[:2], MOLECULE.dihedral)
    assert found[0] > 0 > found[1]
    order = np.array([1, 0, *range(2, 12)])
    np.testing.assert_array_equal(
        mirrored_scan(crossing.subset(order), MOLECULE, "one_hand").positions, one.positions[order]
    )


def test_refusals(frames):
    with pytest.raises(InputError, match="scan: found 'left', expected one of both_hands"):
        mirrored_scan(frames, MOLECULE, "left")
    water = Molecule.from_atoms(g2("H2O"))
    with pytest.raises(InputError, match="dihedral"):
        mirrored_scan(FrameSet(water.symbols, water.reference[None]), water, "one_hand")
