"""The library example runs as it stands, and the dipole turns with the molecule."""

import runpy
from pathlib import Path

import numpy as np
from ase.io import write

from rpr.data.extxyz import write_frames
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "library.py"


def test_example(tmp_path, monkeypatch, capsys):
    molecule = dichloroethane()
    positions = random_frames(molecule, 120, seed=0)
    dipole, _ = analytic_labels(positions, molecule)
    frames = FrameSet(molecule.symbols, positions, dipole=dipole)
    write_frames(tmp_path / "frames.extxyz", frames)
    write(tmp_path / "reference.xyz", molecule.to_atoms())
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    predicted, loaded = (
        np.array(line.strip("[] ").split(), dtype=float)
        for line in capsys.readouterr().out.splitlines()
    )
    quarter_turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(predicted, quarter_turn @ dipole[0], atol=0.01)
    np.testing.assert_array_equal(loaded, predicted)
