"""Fixtures that all tests share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """Top of the project."""
    return Path(__file__).resolve().parents[1]
