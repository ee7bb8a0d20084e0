"""Memory that training may take: of the machine, and of a control group."""

import pytest

from rpr.regression import resources as memory


def test_available_memory_is_plausible():
    assert 1e7 < memory.available_bytes() < 1e14


def test_machine(tmp_path):
    path = tmp_path / "meminfo"
    path.write_text("MemTotal: 2000 kB\nMemAvailable:    1000 kB\n")
    assert memory._machine(str(path)) == 1_024_000
    assert memory._machine(str(tmp_path / "missing")) is None


@pytest.mark.parametrize(("limit", "expected"), [("5000", 5000 - 3000 + 200), ("max", None)])
def test_control_group(tmp_path, limit, expected):
    group = tmp_path / "fs" / "job"
    group.mkdir(parents=True)
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text("3000\n")
    (group / "memory.stat").write_text("anon 10\ninactive_file 200\n")
    own = tmp_path / "cgroup"
    own.write_text("0::/job\n")
    assert memory._control_group(str(tmp_path / "fs"), str(own)) == expected
    assert memory._control_group(str(tmp_path / "none"), str(own)) is None


def test_the_smaller_limit_counts(monkeypatch):
    monkeypatch.setattr(memory, "_machine", lambda: 100)
    monkeypatch.setattr(memory, "_control_group", lambda: 30)
    assert memory.available_bytes() == 30
    monkeypatch.setattr(memory, "_control_group", lambda: None)
    assert memory.available_bytes() == 100
    monkeypatch.setattr(memory, "_machine", lambda: None)
    assert memory.available_bytes() > 1e7
