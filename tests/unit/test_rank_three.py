"""A tensor of rank 3 by canonical axes: equal to the formula by hand, and exact under rotations."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.studies.rank_three import COLUMNS, RankThree, product_of_labels, rank_three
from rpr.units import REPORTED

MOLECULE = dichloroethane()
POSITIONS = random_frames(MOLECULE, 260, seed=6)
DIPOLES, POLARIZABILITIES = analytic_labels(POSITIONS, MOLECULE)
FRAMES = FrameSet(MOLECULE.symbols, POSITIONS, dipole=DIPOLES, polarizability=POLARIZABILITIES)
TEST = FRAMES.subset(np.arange(220, 260))


@pytest.fixture(scope="module")
def model():
    return RankThree(FRAMES.subset(np.arange(220)), MOLECULE)


def test_the_product_of_labels_is_a_tensor():
    labels = product_of_labels(TEST)
    sizes = REPORTED["dipole"][1] * REPORTED["polarizability"][1]
    expected = TEST.dipole[3, 2] * TEST.polarizability[3, 0, 1] / sizes
    assert labels[3, 2, 0, 1] == labels[3, 2, 1, 0] == pytest.approx(expected)
    with pytest.raises(InputError, match="found no dipole"):
        product_of_labels(FrameSet(MOLECULE.symbols, POSITIONS))


def test_it_is_learnt_and_turns_with_the_molecule(model):
    table = rank_three(model, {"random": TEST}, n_train=220, n_applied=40)
    row = table.iloc[0]
    assert list(table.columns) == COLUMNS
    assert row["rmse"] < 0.2 * row["size"]
    assert row["deviation"] < 1e-8 * row["size"]
    R = Rotation.random(40, rng=1).as_matrix()
    turned = np.einsum("fij,faj->fai", R, TEST.positions) + 2.0
    expected = np.einsum("fai,fbj,fck,fijk->fabc", R, R, R, model.predict(TEST.positions))
    np.testing.assert_allclose(model.predict(turned), expected, atol=1e-7)
    np.testing.assert_allclose(to_axes(model.predict(TEST.positions), R), expected, atol=1e-9)


def test_without_canonical_axes_it_does_not_turn():
    laboratory = RankThree(FRAMES.subset(np.arange(220)), MOLECULE, axes="laboratory")
    row = rank_three(laboratory, {"random": TEST}, n_train=220, n_applied=40).iloc[0]
    assert row["deviation"] > 0.1 * row["size"]
