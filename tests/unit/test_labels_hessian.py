"""Second derivatives of the energy."""

import numpy as np
import pytest
from label_examples import WATER, method

from rpr.errors import InputError
from rpr.labels.hessian import hessian
from rpr.labels.method import Method


def test_differences_of_forces_agree_with_analytic_derivatives():
    settings = method("hf", "sto-3g", scf_gradient_tolerance=1e-8)
    numerical = hessian(settings, *WATER)
    np.testing.assert_allclose(numerical, numerical.T)
    np.testing.assert_allclose(numerical, hessian(settings, *WATER, analytic=True), atol=0.02)


def test_a_shift_needs_no_work():
    second = hessian(Method(functional="b3lyp5", basis="sto-3g"), *WATER)
    np.testing.assert_allclose(second @ np.tile(np.eye(3), (3, 1)), 0, atol=1e-2)


def test_tight_binding_has_no_analytic_derivatives():
    with pytest.raises(InputError, match="expected code pyscf"):
        hessian(Method(code="tblite", functional="gfn2-xtb", basis=""), *WATER, analytic=True)
