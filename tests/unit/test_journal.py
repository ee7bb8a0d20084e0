"""The journal of a computation: the same results, bit by bit, after an interruption anywhere."""

import numpy as np
import pytest
from ase import Atoms
from label_examples import WATER

from rpr.dynamics.optimise import optimise
from rpr.labels.calculator import LabelCalculator
from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.journal import Journal
from rpr.labels.method import Method

HF = Method(functional="hf", basis="sto-3g")
SYMBOLS, POSITIONS = WATER


class Killed(Exception):
    pass


class Counted:
    """An engine that counts what it computes, and is killed at a given frame."""

    def __init__(self, last=None):
        self.engine, self.last, self.n = make_engine(HF, SYMBOLS), last, 0

    def compute(self, positions, properties):
        if self.n == self.last:
            raise Killed
        self.n += 1
        return self.engine.compute(positions, properties)

    def __getattr__(self, name):
        return getattr(self.engine, name)


def frames(n=6):
    return POSITIONS + 0.02 * np.random.default_rng(0).normal(size=(n, 3, 3))


def computed(engine):
    return [engine.compute(x, ("energy", "forces")) for x in frames()]


@pytest.mark.parametrize("last", [0, 1, 4])
def test_what_was_computed_is_not_computed_again(tmp_path, last):
    expected = computed(make_engine(HF, SYMBOLS))
    with pytest.raises(Killed):
        computed(Journal(tmp_path / "j").kept(Counted(last), {}))
    second, lines = Counted(), []
    found = computed(Journal(tmp_path / "j", lines.append).kept(second, {}))
    assert lines == [f"resuming: frames known from an earlier run: {last}"][:last]
    assert second.n == len(expected) - last
    for a, b in zip(found, expected, strict=True):
        assert a.energy == b.energy
        np.testing.assert_array_equal(a.forces, b.forces)
        assert (a.scf_cycles, a.solver, a.flags) == (b.scf_cycles, b.solver, b.flags)


def test_other_settings_and_damage_cost_no_more_than_a_frame(tmp_path):
    journal = Journal(tmp_path / "j")
    computed(journal.kept(make_engine(HF, SYMBOLS), {}))
    (path,) = (p for p in tmp_path.iterdir() if "state" not in p.name)
    path.write_bytes(path.read_bytes()[:-10])
    after, other = Counted(), Counted()
    computed(Journal(tmp_path / "j").kept(after, {}))
    assert after.n == 1
    another = Journal(tmp_path / "j")
    computed(another.kept(other, {"charge": 1}))
    assert other.n == 6
    another.close()
    assert {p.name.partition(".state")[0] for p in tmp_path.iterdir()} == {path.name}
    journal.close()
    assert not list(tmp_path.iterdir())


def test_the_same_frame_after_a_reset_is_another_one(tmp_path):
    """The check of states computes a frame again from another guess."""
    for _ in range(2):
        counted = Counted()
        engine = Journal(tmp_path / "j").kept(counted, {})
        first = engine.compute(POSITIONS, ("energy",))
        engine.reset()
        again = engine.compute(POSITIONS, ("energy",))
        assert again is not first
        assert again.energy == pytest.approx(first.energy, abs=1e-6)
    assert counted.n == 0


def test_an_optimisation_and_a_hessian_resume(tmp_path, monkeypatch):
    def run(journal):
        atoms = Atoms(SYMBOLS, positions=POSITIONS)
        found = optimise(atoms, LabelCalculator(HF, journal=journal))
        return found.positions, hessian(HF, SYMBOLS, found.positions, journal=journal)

    expected = run(None)
    made = []

    def counted(self, engine, settings, kept=Journal.kept):
        made.append(Counted(limits.pop(0)))
        return kept(self, made[-1], settings)

    monkeypatch.setattr(Journal, "kept", counted)
    limits = [3]
    with pytest.raises(Killed):
        run(Journal(tmp_path / "deep/j"))
    limits = [None, 7]
    with pytest.raises(Killed):
        run(Journal(tmp_path / "deep/j"))
    limits = [None, None]
    found = run(Journal(tmp_path / "deep/j"))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [engine.n for engine in made[-2:]] == [0, 18 - 7]
    assert [engine.n for engine in made[:2]] == [3, made[1].n]
