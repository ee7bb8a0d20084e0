"""Labels by extended tight binding."""

import numpy as np
import pytest
from label_examples import DICHLOROETHANE, WATER
from scipy.spatial.transform import Rotation

from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.units import BOHR3

pytest.importorskip("tblite")
SETTINGS = Method(code="tblite", functional="gfn2-xtb", basis="")


def test_forces_are_the_negative_derivative_of_the_energy():
    engine = make_engine(SETTINGS, WATER[0])
    forces = engine.compute(WATER[1]).forces
    step = np.random.default_rng(0).normal(size=(3, 3)) * 1e-3
    ahead, behind = (engine.compute(WATER[1] + s * step).energy for s in (1, -1))
    assert (behind - ahead) / 2 == pytest.approx(np.sum(forces * step), abs=1e-6)


def test_labels_turn_with_the_molecule():
    symbols, positions = DICHLOROETHANE
    engine = make_engine(SETTINGS, symbols)
    rotation = Rotation.from_euler("xyz", [10, 40, 77], degrees=True).as_matrix()
    plain, turned = engine.compute(positions), engine.compute(positions @ rotation.T)
    np.testing.assert_allclose(turned.dipole, rotation @ plain.dipole, atol=1e-6)
    alpha = rotation @ plain.polarizability @ rotation.T
    np.testing.assert_allclose(turned.polarizability, alpha, atol=5e-4 * BOHR3)
    assert np.linalg.eigvalsh(plain.polarizability).min() > 0


def test_the_hessian_has_no_work_for_a_shift():
    second = hessian(SETTINGS, *WATER)
    np.testing.assert_allclose(second, second.T)
    shift = np.tile(np.eye(3), (3, 1))
    np.testing.assert_allclose(second @ shift, 0, atol=1e-2)
