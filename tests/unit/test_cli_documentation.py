"""The examples of the documentation of the command line run as they stand there."""

import re
import shlex

import pytest

from rpr.cli.main import COMMANDS, main
from rpr.data.extxyz import read_frames

pytest.importorskip("tblite")


def test_the_examples_run(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resources").symlink_to(root / "resources")
    page = (root / "docs/command_line.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(sh|python)\n(.*?)```", page, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["sh", "python", "sh"]
    for kind, block in blocks:
        if kind == "python":
            exec(compile(block, "docs/command_line.md", "exec"), {})
            continue
        for line in block.strip().splitlines():
            program, *words = shlex.split(line)
            assert program == "rpr"
            assert main(words) == 0, line
    found = read_frames("predicted.extxyz", energy="RPR_energy", dipole="RPR_dipole")
    assert len(found) == 10
    assert "trained on          60 frames of frames.extxyz" in capsys.readouterr().out


def test_every_command_has_a_section(root):
    page = (root / "docs/command_line.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"| `rpr {name}` |" in page
        assert f"### {name}\n" in page
