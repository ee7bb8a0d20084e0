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

    def __init__(self, last=None, flags=()):
        self.engine, self.last, self.flags, self.n = make_engine(HF, SYMBOLS), last, flags, 0

    def compute(self, positions, properties):
        if self.n == self.last:
            raise Killed
        self.n += 1
        labels = self.engine.compute(positions, properties)
        labels.flags += self.flags
        return labels

    def __getattr__(self, name):
        return getattr(self.engine, name)


def frames(n=6):
    return POSITIONS + 0.02 * np.random.default_rng(0).normal(size=(n, 3, 3))


def computed(engine):
    return [engine.compute(x, ("energy", "forces")) for x in frames()]


def assert_equal(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.energy == b.energy
        np.testing.assert_array_equal(a.forces, b.forces)
        assert (a.scf_cycles, a.solver, a.flags) == (b.scf_cycles, b.solver, b.flags)


def lines_file(folder):
    (path,) = (path for path in folder.iterdir() if "state" not in path.name)
    return path


@pytest.mark.parametrize("last", [0, 1, 4])
def test_what_was_computed_is_not_computed_again(tmp_path, last):
    expected = computed(make_engine(HF, SYMBOLS))
    with pytest.raises(Killed):
        computed(Journal(tmp_path / "j").kept(Counted(last), {}))
    second, lines = Counted(), []
    found = computed(Journal(tmp_path / "j", lines.append).kept(second, {}))
    assert lines == [f"resuming: frames known from an earlier run: {last}"][:last]
    assert second.n == len(expected) - last
    assert_equal(found, expected)


@pytest.mark.parametrize("cut", [0, 10])
def test_a_kill_while_a_line_is_written_costs_this_frame(tmp_path, cut):
    """The state of the torn line is there already; that of the line before it is kept."""
    expected = computed(make_engine(HF, SYMBOLS))
    with pytest.raises(Killed):
        computed(Journal(tmp_path / "j").kept(Counted(4), {}))
    path = lines_file(tmp_path)
    path.write_bytes(path.read_bytes()[: -cut or None])
    after = Counted()
    assert_equal(computed(Journal(tmp_path / "j").kept(after, {})), expected)
    assert after.n == 2 + bool(cut)


@pytest.mark.parametrize("content", [b"", b"PK cut"])
def test_an_unreadable_state_costs_the_guess_only(tmp_path, content):
    expected = computed(make_engine(HF, SYMBOLS))
    with pytest.raises(Killed):
        computed(Journal(tmp_path / "j").kept(Counted(4), {}))
    for path in tmp_path.glob("*state*"):
        path.write_bytes(content)
    after = Counted()
    found = computed(Journal(tmp_path / "j").kept(after, {}))
    assert after.n == 2
    np.testing.assert_allclose(found[5].forces, expected[5].forces, atol=1e-3)


def test_other_settings_and_another_start_have_files_of_their_own(tmp_path):
    journal = Journal(tmp_path / "j")
    computed(journal.kept(make_engine(HF, SYMBOLS), {}))
    path = lines_file(tmp_path)
    other, moved = Counted(), Counted()
    another = Journal(tmp_path / "j")
    computed(another.kept(other, {"charge": 1}))
    Journal(tmp_path / "j").kept(moved, {}).compute(POSITIONS + 1.0, ("energy",))
    assert (other.n, moved.n) == (6, 1)
    assert len({p.name.partition(".state")[0] for p in tmp_path.iterdir()}) == 3
    another.close()
    journal.close()
    assert path in tmp_path.iterdir()
    assert {p.name.partition(".state")[0] for p in tmp_path.glob("*state*")} != {path.name}


def test_incomplete_labels_are_computed_again(tmp_path):
    for _ in range(2):
        counted = Counted(flags=("forces: ConvergenceError",))
        engine = Journal(tmp_path / "j").kept(counted, {})
        assert engine.compute(POSITIONS, ("energy", "forces")).flags
        assert counted.n == 1


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


@pytest.mark.parametrize("kills", [[3, 0], [None, 0], [None, 7], [None, 18, 0]])
def test_an_optimisation_and_a_hessian_resume(tmp_path, monkeypatch, kills):
    """Killed within one of three engines, also before its first frame."""

    def run(journal):
        atoms = Atoms(SYMBOLS, positions=POSITIONS)
        x = optimise(atoms, LabelCalculator(HF, journal=journal)).positions
        matrix = hessian(HF, SYMBOLS, x, journal=journal)
        engine = make_engine(HF, SYMBOLS, journal=journal)
        return x, matrix, engine.compute(x, ["dipole_derivatives"]).dipole_derivatives

    expected = run(None)
    made, limits = [], list(kills)

    def counted(self, engine, settings, kept=Journal.kept):
        made.append(Counted(limits.pop(0) if limits else None))
        return kept(self, made[-1], settings)

    monkeypatch.setattr(Journal, "kept", counted)
    with pytest.raises(Killed):
        run(Journal(tmp_path / "deep/j"))
    first = [engine.n for engine in made]
    made.clear()
    limits.clear()
    journal = Journal(tmp_path / "deep/j")
    for a, b in zip(run(journal), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    n = [engine.n for engine in made]
    assert n[1] + (first[1] if len(first) > 1 else 0) == 18
    assert n[2] == 1
    assert n[0] == 0 or len(first) == 1
    journal.close()
    assert not list((tmp_path / "deep").glob("*state*"))
    made.clear()
    for a, b in zip(run(Journal(tmp_path / "deep/j")), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [engine.n for engine in made] == [0, 0, 0]  # finished, but nobody took note of it
