"""The response solver: finite fields, symmetry, and an error of second order."""

import numpy as np
import pytest
from label_examples import WATER, method

from rpr.errors import ConvergenceError
from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.dft.electronic_structure import ElectronicStructure
from rpr.labels.dft.exchange_correlation import Functional
from rpr.labels.dft.response import polarizability
from rpr.labels.dft.response_operator import ResponseOperator
from rpr.labels.dft.scf_fallback import solve_from_scratch
from rpr.labels.dft.workspace import Workspace
from rpr.labels.engine import make_engine
from rpr.units import BOHR, BOHR3

N_OCCUPIED = 5


@pytest.fixture(scope="module", params=["hf", "blyp", "b3lyp5"])
def system(request):
    """Operator and coordinates of water."""
    workspace, functional = Workspace(), Functional(request.param)
    settings = method(request.param, response_grid_level=2)
    frame = ElectronicStructure(settings, WATER[0], WATER[1] / BOHR, 0, functional, workspace)
    solution, _ = solve_from_scratch(frame, N_OCCUPIED, gradient_tolerance=1e-7, max_cycles=50)
    operator = ResponseOperator(
        frame.integrals, functional, frame.response_grid(), solution, workspace
    )
    return operator, solution.virtual.T @ frame.coordinates() @ solution.occupied


def test_the_operator_is_symmetric_and_positive(system):
    operator, coordinates = system
    vectors = np.random.default_rng(0).normal(size=(4, *coordinates.shape[1:]))
    products = operator(vectors)[0].reshape(4, -1)
    matrix = vectors.reshape(4, -1) @ products.T
    np.testing.assert_allclose(matrix, matrix.T, atol=2e-3)
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_the_error_is_of_second_order_in_the_residual(system):
    operator, coordinates = system
    exact = polarizability(operator, coordinates, tolerance=1e-5).polarizability
    errors = []
    for tolerance in (1e-1, 1e-2):
        rough = polarizability(operator, coordinates, tolerance=tolerance)
        errors.append(np.abs(rough.polarizability - exact).max())
        assert rough.residual < tolerance
    assert errors[0] < 0.1
    assert errors[1] < 2e-3


def test_a_good_guess_saves_iterations(system):
    operator, coordinates = system
    first = polarizability(operator, coordinates, tolerance=1e-3)
    second = polarizability(operator, coordinates, tolerance=1e-3, guess=first.amplitudes)
    assert second.iterations == 1
    np.testing.assert_allclose(second.polarizability, first.polarizability, atol=1e-3)


def test_an_unstable_state_is_refused(system):
    operator, coordinates = system

    def negative(vectors):
        products, induced = operator(vectors)
        return -products, induced

    negative.differences = operator.differences
    with pytest.raises(ConvergenceError, match="no minimum"):
        polarizability(negative, coordinates, tolerance=1e-3)


@pytest.mark.parametrize("functional", ["hf", "b3lyp5"])
def test_finite_fields_give_the_same_polarizability(functional):
    symbols, positions = WATER
    settings = method(functional, response_grid_level=3, response_tolerance=1e-5)
    alpha = make_engine(settings, symbols).compute(positions, ("polarizability",)).polarizability
    field = 1e-3
    dipoles = [dipole_in_field(functional, sign * field) for sign in (1, -1)]
    np.testing.assert_allclose(alpha[2] / BOHR3, (dipoles[0] - dipoles[1]) / (2 * field), atol=2e-4)


def dipole_in_field(functional, field):
    """Plain dipole of water in a field along z, au."""
    symbols, positions = WATER
    mol = plain.molecule(symbols, positions / BOHR, "def2-svp")
    mf = plain.mean_field(mol, functional)
    core = mf.get_hcore() + field * mol.intor("int1e_r")[2]
    mf.get_hcore = lambda *_: core
    mf.conv_tol = 1e-12
    mf.kernel()
    return plain.dipole(mf)
