"""A method is checked before anything runs, and errors name the key and the remedy."""

import json
import os

import pytest

from rpr.errors import InputError
from rpr.labels.method import Method


def test_pyscf_reads_a_configuration_of_ours():
    path = os.environ["PYSCF_CONFIG_FILE"]
    with open(path) as stream:
        assert all(line.startswith("#") for line in stream)


@pytest.mark.parametrize("functional", ["b3lyp5", "blyp", "pbe0", "hf", "lda,vwn"])
def test_functionals_that_work(functional):
    assert Method.from_config({"functional": functional}).functional == functional


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"functional": "b3lypp"}, "functional.*b3lypp"),
        ({"functional": "tpss"}, "meta-GGA"),
        ({"functional": "camb3lyp"}, "range-separated"),
        ({"functional": "wb97m-v"}, "not supported"),
        ({"basis": "def3-svp"}, "basis.*def3-svp"),
        ({"auxiliary_basis": "nonsense"}, "auxiliary_basis"),
        ({"functionals": "hf"}, "unknown key 'functionals'"),
        ({"code": "turbomole"}, "code: found"),
        ({"code": "tblite"}, "gfn2-xtb"),
        ({"grid_level": 12}, "grid_level"),
        ({"grid_level": "3"}, "expected int"),
        ({"response_tolerance": "1e-3"}, "1.0e-8"),
        ({"response_tolerance": 2.0}, "response_tolerance"),
        ({"max_cycles": 0}, "max_cycles"),
    ],
)
def test_what_does_not_work_is_named(config, message):
    with pytest.raises(InputError, match=message):
        Method.from_config(config)


def test_elements_beyond_krypton_need_a_core_potential():
    with pytest.raises(InputError, match="core potential"):
        Method.from_config({}, ("C", "I"))


def test_fingerprint_changes_with_every_setting():
    base = Method()
    others = [
        Method(functional="blyp"),
        Method(basis="sto-3g"),
        Method(grid_level=2),
        Method(response_tolerance=1e-4),
        Method(canonical_orientation=False),
    ]
    assert len({m.fingerprint() for m in (base, *others)}) == 6
    assert Method().fingerprint() == base.fingerprint()
    assert json.loads(json.dumps(base.as_dict())) == base.as_dict()
