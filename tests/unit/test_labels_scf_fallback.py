"""A self-consistent field that does not converge: second order, level shift, an error."""

import pytest
from label_examples import WATER

from rpr.errors import ConvergenceError
from rpr.labels.dft import scf_fallback
from rpr.labels.engine import make_engine
from rpr.labels.method import Method

SETTINGS = Method(basis="sto-3g")


@pytest.fixture(scope="module")
def expected():
    return make_engine(SETTINGS, WATER[0]).compute(WATER[1], ("energy",)).energy


def failing(times, function):
    """`function`, after it has failed so many times."""
    calls = []

    def run(*args, **kwargs):
        calls.append(1)
        if len(calls) <= times:
            raise ConvergenceError(f"failure {len(calls)}")
        return function(*args, **kwargs)

    return run


@pytest.mark.parametrize(("failures", "solver"), [(0, "default"), (1, "second-order")])
def test_the_second_order_solver_takes_over(monkeypatch, expected, failures, solver):
    monkeypatch.setattr(scf_fallback, "solve_scf", failing(failures, scf_fallback.solve_scf))
    labels = make_engine(SETTINGS, WATER[0]).compute(WATER[1], ("energy",))
    assert labels.solver == solver
    assert labels.energy == pytest.approx(expected, abs=1e-6)


def test_the_level_shift_takes_over(monkeypatch, expected):
    monkeypatch.setattr(scf_fallback, "solve_scf", failing(1, scf_fallback.solve_scf))
    monkeypatch.setattr(scf_fallback, "second_order", failing(9, None))
    labels = make_engine(SETTINGS, WATER[0]).compute(WATER[1], ("energy",))
    assert labels.solver == "level-shift"
    assert labels.energy == pytest.approx(expected, abs=1e-6)


def test_every_reason_is_told(monkeypatch):
    for name in ("solve_scf", "second_order", "level_shift"):
        monkeypatch.setattr(scf_fallback, name, failing(9, None))
    with pytest.raises(ConvergenceError, match=r"default: .*second-order: .*level-shift: "):
        make_engine(SETTINGS, WATER[0]).compute(WATER[1], ("energy",))


def test_two_cycles_are_not_enough_for_the_default_solver(expected):
    labels = make_engine(Method(basis="sto-3g", max_cycles=3), WATER[0]).compute(WATER[1])
    assert labels.solver == "second-order"
    assert labels.energy == pytest.approx(expected, abs=1e-6)


def test_a_bad_guess_is_given_up(expected):
    engine = make_engine(SETTINGS, WATER[0])
    engine.compute(WATER[1])
    state = engine.get_state()
    state["0.orbitals"] = state["0.orbitals"][::-1].copy()
    engine.set_state(state)
    assert engine.compute(WATER[1], ("energy",)).energy == pytest.approx(expected, abs=1e-6)
