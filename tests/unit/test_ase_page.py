"""The examples of the page about ASE run as they stand, one after the other."""

import re
from pathlib import Path

import numpy as np
import pytest
import water_models as water

from rpr.data.frame_set import FrameSet

pytest.importorskip("tblite", reason="the labels of these tests need the extra xtb")

PAGE = Path(__file__).parents[2] / "docs/ase.md"


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    water.potential().save("potential.npz")
    for name in ("dipole", "polarizability"):
        water.model(name).save(f"{name}.npz")
    water.atoms().write("start.xyz")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    np.testing.assert_allclose(names["born"].sum(axis=0), 0.0, atol=1e-9)
    assert np.shape(names["dipoles"]) == (6, 3)
    assert isinstance(names["frames"], FrameSet)
    assert names["frames"].polarizability.shape == (1, 3, 3)
    assert (names["infrared"].intensities[6:] > 0).all()
