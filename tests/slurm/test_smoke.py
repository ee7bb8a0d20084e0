"""The whole study through the cluster, and on one core and two: the same tables."""

import pandas as pd
import pytest

#: Largest relative difference of a number of a table.
TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def two_cores(project):
    study = project("two_cores", "config/smoke.yaml", "smoke", "all")
    study.complete("--cores", "2")
    return study


def tables(study):
    """Every table of a study by its path."""
    folder = study.results / "tables"
    return {p.relative_to(folder): pd.read_csv(p) for p in sorted(folder.rglob("*.csv"))}


def assert_same_tables(study, expected):
    found, wanted = tables(study), tables(expected)
    assert list(found) == list(wanted)
    for path, table in wanted.items():
        pd.testing.assert_frame_equal(
            found[path], table, rtol=TOLERANCE, atol=1e-300, obj=str(path)
        )


def test_smoke_study_on_the_cluster(project, two_cores, profile):
    study = project("cluster", "config/smoke.yaml", "smoke", "all")
    study.complete(*profile)
    assert_same_tables(study, two_cores)


def test_smoke_study_on_one_core(project, two_cores):
    study = project("one_core", "config/smoke.yaml", "smoke", "all")
    study.complete("--cores", "1")
    assert_same_tables(study, two_cores)
