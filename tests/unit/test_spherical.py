"""Spherical components of the polarizability."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from rpr.axes.components import POLARIZABILITY_COMPONENTS, to_components
from rpr.studies.evaluation import PREDICTION_COLUMNS, errors
from rpr.studies.spherical import ORDERS, component_table, spherical_components, spherical_errors


def symmetric(n, seed):
    matrices = np.random.default_rng(seed).normal(size=(n, 3, 3))
    return matrices + matrices.transpose(0, 2, 1)


def predictions(reference, prediction, dihedral):
    rows = []
    for frame, angle in enumerate(dihedral):
        values = (to_components(x[frame : frame + 1])[0] for x in (reference, prediction))
        for name, one, other in zip(POLARIZABILITY_COMPONENTS, *values, strict=True):
            rows.append(("m", "polarizability", "rotated", 30, 5, frame, frame // 2, 0, angle, name,
                         one, other, "bohr^3"))  # fmt: skip
    return pd.DataFrame(rows, columns=PREDICTION_COLUMNS).sample(frac=1.0, random_state=0)


def test_the_squares_add_up_to_the_frobenius_norm():
    matrices = symmetric(9, 0)
    found = spherical_components(matrices)
    assert found.shape == (9, len(ORDERS))
    np.testing.assert_allclose((found**2).sum(axis=1), (matrices**2).sum(axis=(1, 2)))


def test_the_parts_do_not_mix_under_rotations():
    matrices, R = symmetric(1, 1), Rotation.random(rng=np.random.default_rng(2)).as_matrix()
    before, after = (spherical_components(m)[0] for m in (matrices, R @ matrices @ R.T))
    assert after[0] == pytest.approx(before[0])
    assert np.linalg.norm(after[1:]) == pytest.approx(np.linalg.norm(before[1:]))
    assert not np.allclose(after[1:], before[1:])


def test_errors_of_the_parts_make_up_that_of_the_tensor():
    reference, angles = symmetric(12, 3), np.tile([50.0, -50.0, 170.0], 4)
    table = predictions(reference, reference + 0.1 * symmetric(12, 4), angles)
    parts = spherical_errors(table).set_index(["dihedral_sign", "component"])
    whole = errors(table).query("component == 'alpha_inv'").set_index("dihedral_sign")
    for sign, n in (("all", 12), ("negative", 4), ("positive", 8)):
        l0, l2 = (parts.loc[(sign, f"alpha_l{rank}")] for rank in (0, 2))
        assert (l0["n_test"], l0["n_train"], l0["unit"]) == (n, 30, "bohr^3")
        total = l0["rmse"] ** 2 + 5 * l2["rmse"] ** 2
        assert total == pytest.approx(9 * whole.loc[sign, "rmse"] ** 2)
    assert parts.loc[("all", "alpha_l2"), "rmse_low"] < parts.loc[("all", "alpha_l2"), "rmse"]


def test_an_isotropic_error_is_in_the_isotropic_part_alone():
    reference = symmetric(4, 5)
    table = predictions(reference, reference + 0.2 * np.eye(3), np.full(4, np.nan))
    parts = spherical_errors(table).set_index("component")["rmse"]
    assert parts["alpha_l0"] == pytest.approx(0.2 * np.sqrt(3))
    assert parts["alpha_l2"] == pytest.approx(0.0, abs=1e-12)


def test_every_component_of_every_frame_has_a_row():
    reference = symmetric(3, 6)
    table = component_table(predictions(reference, 2 * reference, np.zeros(3)))
    assert len(table) == 3 * len(ORDERS)
    np.testing.assert_allclose(table["prediction"], 2 * table["reference"])
    rows = table.set_index(["frame", "l", "m"])["reference"]
    expected = spherical_components(reference)
    for frame, (k, order) in itertools.product(range(3), enumerate(ORDERS)):
        assert rows[(frame, *order)] == pytest.approx(expected[frame, k])


def test_dipoles_have_no_rows():
    table = predictions(symmetric(1, 0), symmetric(1, 1), [0.0]).assign(property="dipole")
    assert spherical_errors(table).empty
