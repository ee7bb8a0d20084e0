"""Labels of a set of frames in one call: those of the engine, in any number of processes."""

import numpy as np
import pytest

import rpr
from rpr.data.synthetic import dichloroethane, random_frames
from rpr.labels.engine import make_engine

pytest.importorskip("tblite")
XTB = rpr.Method(code="tblite", functional="gfn2-xtb", basis="")


def frames(n=3):
    molecule = dichloroethane()
    positions = random_frames(molecule, n, seed=0, displacement=0.02)
    return rpr.FrameSet(
        molecule.symbols, positions, forces=np.ones((n, 8, 3)), trajectory=np.arange(n)
    )


@pytest.mark.parametrize("n_processes", [1, 2])
@pytest.mark.parametrize("given", ["frames", "atoms"])
def test_labels_are_those_of_the_engine(given, n_processes):
    sent = frames() if given == "frames" else list(frames())
    found, failures = rpr.label_frames(sent, XTB, ["dipole"], n_processes=n_processes)
    assert found.known == ("energy", "dipole", "trajectory")
    assert not failures
    engine = make_engine(XTB, found.symbols)
    for k, atoms in enumerate(frames()):
        labels = engine.compute(atoms.positions)
        np.testing.assert_allclose(found.energy[k], labels.energy, rtol=1e-9)
        np.testing.assert_allclose(found.dipole[k], labels.dipole, atol=1e-5)
        assert found.trajectory[k] == k


def test_one_frame_of_ase_is_labelled():
    found, _ = rpr.label_frames(frames()[1], XTB, ["dipole"])
    np.testing.assert_allclose(
        found.dipole, rpr.label_frames(frames(), XTB)[0].dipole[1:2], atol=1e-5
    )


def test_frames_that_cannot_be_labelled_are_left_out_and_told():
    broken = frames(4)
    broken.positions[1, 0] = broken.positions[1, 1] + 0.1
    found, failures = rpr.label_frames(broken, XTB, ["forces"])
    assert found.trajectory.tolist() == [0, 2, 3]
    assert found.forces.shape == (3, 8, 3)
    assert list(failures) == [1]
    assert "atoms 0 and 1 are 0.173 Angstrom apart" in failures[1]


def test_an_interrupted_call_resumes(tmp_path):
    class Stop(Exception):
        pass

    def stop(resumed, fresh):
        if fresh == 2:
            raise Stop

    with pytest.raises(Stop):
        rpr.label_frames(frames(4), XTB, folder=tmp_path, on_progress=stop)
    calls = []
    found, _ = rpr.label_frames(
        frames(4), XTB, folder=tmp_path, on_progress=lambda *numbers: calls.append(numbers)
    )
    assert calls == [(2, 0), (2, 1), (2, 2)]
    expected, _ = rpr.label_frames(frames(4), XTB)
    np.testing.assert_allclose(found.polarizability, expected.polarizability, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda f: f[:0], {}, "found none, expected at least one"),
        (lambda f: rpr.FrameSet(f.symbols, f.positions * 1.89), {}, "may be in bohr"),
        (lambda f: f, {"properties": ["mass"]}, "mass"),
        (lambda f: f, {"charge": 1}, "open shell"),
    ],
)
def test_what_cannot_be_labelled_is_refused(change, options, words):
    with pytest.raises(rpr.InputError, match=words):
        rpr.label_frames(change(frames()), XTB, **options)
