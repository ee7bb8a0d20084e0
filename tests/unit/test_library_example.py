"""The example of the README runs as it stands, and turns the dipole with the molecule."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import write

from rpr.analytic_labels import analytic_labels, dichloroethane, random_frames
from rpr.datasets import FrameSet, write_frames

EXAMPLE = Path(__file__).parents[2] / "examples" / "library.py"


def test_example(tmp_path, monkeypatch, capsys):
    molecule = dichloroethane()
    positions = random_frames(molecule, 120, seed=0)
    dipole, _ = analytic_labels(positions, molecule)
    frames, reference = tmp_path / "frames.extxyz", tmp_path / "reference.xyz"
    write_frames(frames, FrameSet(molecule.symbols, positions, dipole=dipole))
    write(reference, molecule.to_atoms())
    model = tmp_path / "dipole.npz"
    monkeypatch.setattr(sys, "argv", [str(p) for p in (EXAMPLE, frames, reference, model)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    before, turned = (
        np.array(line.split(":")[1].strip(" []\n").split(), dtype=float)
        for line in capsys.readouterr().out.splitlines()
    )
    np.testing.assert_allclose(before, dipole[0], atol=0.01)
    quarter_turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(turned, quarter_turn @ before, atol=1e-6)
    assert model.exists()


@pytest.mark.skipif(not (EXAMPLE.parents[1] / "README.md").exists(), reason="no README here")
def test_readme_shows_the_example():
    readme = (EXAMPLE.parents[1] / "README.md").read_text()
    code = EXAMPLE.read_text().split("import rpr\n")[1].strip()
    if "rpr.RotatePredictRotate(" not in readme:
        pytest.skip("the README shows no library example")
    assert code in readme
