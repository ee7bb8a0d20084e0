"""Fixtures that all tests share, and one thread, as tests compare to the last bit."""

import os
from pathlib import Path

import pytest

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before numpy and PySCF are imported
    os.environ.setdefault(_name, "1")


@pytest.fixture(scope="session")
def root() -> Path:
    """Top of the project."""
    return Path(__file__).resolve().parents[1]
