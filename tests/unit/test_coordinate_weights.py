"""Weights of coordinates are compared by validation errors, in the models that use them."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_frames import MOLECULE, labelled_frames

from rpr.data.splits import train_and_both_tests
from rpr.data.synthetic import random_frames
from rpr.errors import InputError
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.regression.descriptors import COORDINATE_WEIGHTS, DESCRIPTORS, describe
from rpr.studies.ablation_models import fit_by_validation, validation_error
from rpr.studies.coordinate_weights import (
    COLUMNS,
    SPLIT_COLUMNS,
    coordinate_weights,
    validation_errors,
)

SIZES = {"n_train": 40, "n_test": 12}


@pytest.fixture(scope="module")
def frames():
    return labelled_frames(72, 1)


def test_errors_are_those_of_validation_relative_to_the_weight_in_use(frames):
    found = validation_errors(
        frames, molecule=MOLECULE, repeats=[3], weights=(1.0, 4.0), **SIZES,
        candidates=[("rotate-predict-rotate", "RExyzCl")],
    )  # fmt: skip
    assert list(found.columns) == SPLIT_COLUMNS
    training = frames.subset(train_and_both_tests(frames.trajectory, **SIZES, seed=3)["train"])
    errors = [
        validation_error(
            RotatePredictRotate(molecule=MOLECULE, coordinate_weight=weight, seed=3).fit(
                training, training.dipole
            )
        )
        for weight in (1.0, 4.0)
    ]
    dipole = found[found["component"] == "mu_inv"].set_index("coordinate_weight")
    assert dipole.loc[4.0, "relative_error"] == pytest.approx(errors[1] / errors[0])
    assert dipole.loc[1.0, "relative_error"] == 1.0


def test_table_marks_the_weights_in_use_and_leaves_out_what_a_molecule_lacks(frames):
    bare = replace(MOLECULE, anchors=())
    splits = validation_errors(frames, molecule=bare, repeats=[0, 1], weights=(0.5, 2.0), **SIZES)
    table = coordinate_weights(splits)
    assert list(table.columns) == COLUMNS
    assert list(table["descriptor"].unique()) == ["REdihedCl", "RExyz"]
    assert list(table["axes"].unique()) == ["inertia", "bond-axis"]
    with pytest.raises(InputError, match="weight"):  # of another error no row is left out
        validation_errors(frames, molecule=bare, repeats=[0], weights=(-1.0, 0.5), **SIZES)
    in_use = table.loc[table["in_use"], ["descriptor", "coordinate_weight"]].drop_duplicates()
    assert in_use.to_numpy().tolist() == [["REdihedCl", 2.0], ["RExyz", 0.5]]
    assert (table["n_sets"] == 2).all()


def test_every_descriptor_with_coordinates_beside_re_has_a_weight():
    positions = random_frames(MOLECULE, 2, seed=0)
    for name in DESCRIPTORS:
        twice = describe(name, positions, MOLECULE, coordinate_weight=2.0)
        changes = np.abs(twice - describe(name, positions, MOLECULE, coordinate_weight=1.0)).max()
        assert (changes > 0) == (name in COORDINATE_WEIGHTS)


def test_the_ablation_takes_the_weight_with_the_lowest_validation_error(frames):
    def make(**settings):
        return RotatePredictRotate(molecule=MOLECULE, descriptor="RExyz", seed=0, **settings)

    model = fit_by_validation(
        make, frames, frames.dipole, kernels=["gaussian"], n_search=50, seed=0
    )
    part = frames.subset(np.random.default_rng(0).permutation(72)[:50])
    errors = {
        weight: validation_error(make(kernel="gaussian", coordinate_weight=weight).fit(part))
        for weight in (0.25, 0.5, 1.0, 2.0)
    }
    assert model.coordinate_weight_ == min(errors, key=errors.get)
