"""Bad configurations are refused before anything runs, by a message that names key and remedy."""

import copy
import gzip
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from rpr.data.extxyz import count_frames
from rpr.errors import InputError
from rpr.labels.method import Method
from rpr.molecule.torsion import SCANS
from rpr.regression.descriptors import DESCRIPTORS
from rpr.regression.kernels import KERNELS
from rpr.run.checks import check_consistency
from rpr.run.config import geometry_names, make_plan
from rpr.run.jobs import shard_range, shards, stage_seed
from rpr.run.schema import check_schema, with_defaults


@pytest.fixture(scope="module")
def schema(root):
    return yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())


@pytest.fixture(scope="module")
def default(root):
    return yaml.safe_load((root / "config.yaml").read_text())


@pytest.fixture(autouse=True)
def in_root(root, monkeypatch):
    monkeypatch.chdir(root)


def changed(config, key, value):
    """Copy of `config` with the key ``group/key`` set."""
    config = copy.deepcopy(config)
    *groups, last = key.split("/")
    target = config
    for group in groups:
        target = target[group]
    target[last] = value
    return config


def check(config, schema):
    check_schema(config, schema)
    config = with_defaults(config, schema)
    check_consistency(config, make_plan(config))


def test_default_configuration_is_valid(default, schema):
    check(default, schema)


@pytest.mark.parametrize("name", ["smoke", "paper", "xtb", "deposit", "deposited", "extend"])
def test_overlays_are_valid(root, default, schema, name):
    config = copy.deepcopy(default)
    overlay = yaml.safe_load((root / f"config/{name}.yaml").read_text())
    merge(config, overlay)
    check(config, schema)
    assert config["run"] == name


def merge(config, overlay):
    for key, value in overlay.items():
        if isinstance(value, dict):
            merge(config.setdefault(key, {}), value)
        else:
            config[key] = value


def test_schema_defaults_are_the_default_configuration(default, schema):
    # one source of defaults: whoever changes config.yaml alone, or the schema alone, learns here
    assert with_defaults({}, schema) == default


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"md/method/grid_level": Method.grid_level}, True),  # the default, written out
        ({"labels/method/basis": "aug-cc-pvtz"}, False),
        ({"md/method/gradient_grid_level": 2}, False),
        ({"labels/method/response_tolerance": 1e-4}, False),
        ({"labels/source": "files"}, False),
        ({"labels/deposit": "resources/deposit/manifest.json"}, False),
    ],
)
def test_dynamics_labels_its_frames_where_the_levels_agree(default, schema, change, expected):
    config = default
    for key, value in change.items():
        config = changed(config, key, value)
    assert make_plan(with_defaults(config, schema)).with_dynamics is expected


def test_deposits_keep_the_scan_they_were_made_with(root):
    older = {"n_trajectories": 70, "scan": "one_hand", "dihedral": "set"}
    paper = {"n_trajectories": 70, "scan": "both_hands", "dihedral": "shift"}
    for name, starts in {"deposit": older, "extend": older, "deposited": paper}.items():
        overlay = yaml.safe_load((root / f"config/{name}.yaml").read_text())
        assert overlay["initial_conditions"] == starts


def test_schema_knows_the_names_of_the_library(schema):
    benchmark = schema["properties"]["benchmark"]["properties"]
    assert tuple(benchmark["descriptors"]["items"]["enum"]) == tuple(DESCRIPTORS)
    starts = schema["properties"]["initial_conditions"]["properties"]
    assert tuple(starts["scan"]["enum"]) == SCANS
    assert tuple(benchmark["kernels"]["items"]["enum"]) == KERNELS
    assert set(schema["$defs"]["method"]["properties"]) == {f.name for f in fields(Method)}


def test_every_key_is_described(schema):
    def undescribed(entry, path):
        for name, sub in entry.get("properties", {}).items():
            if "description" not in sub:
                yield f"{path}{name}"
            yield from undescribed(sub, f"{path}{name}/")

    assert not list(undescribed(schema, ""))
    assert not list(undescribed(schema["$defs"]["method"], "method/"))


def test_every_object_is_closed(schema):
    def open_objects(entry, path):
        if entry.get("type") == "object" and "additionalProperties" not in entry:
            yield path
        for name, sub in entry.get("properties", {}).items():
            yield from open_objects(sub, f"{path}/{name}")

    assert not list(open_objects(schema, ""))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("benchmrk", {}, ["benchmrk", "did you mean 'benchmark'"]),
        ("split/n_trian", 10, ["split/n_trian", "did you mean 'n_train'"]),
        ("labels/method/basiss", "x", ["labels/method/basiss", "did you mean 'basis'"]),
        ("md/dt_fs", -0.5, ["md/dt_fs", "-0.5"]),
        ("md/dt_fs", "0.5", ["md/dt_fs", "'0.5'", "a number"]),
        ("md/n_steps", 2.5, ["md/n_steps", "2.5", "a whole number"]),
        ("optimisation/fmax", "1e-3", ["optimisation/fmax", "1.0e-8"]),
        ("split/n_train", True, ["split/n_train", "a whole number"]),
        ("labels/source", "computed", ["labels/source", "did you mean 'compute'"]),
        ("benchmark/descriptors", ["RExyz", "RExyzcl"], ["descriptors", "'RExyzCl'"]),
        ("benchmark/kernels", ["matern"], ["kernels", "'matern", "did you mean"]),
        ("run", "two words", ["run", "two words"]),
        ("split/validation_fraction", 1.0, ["split/validation_fraction"]),
        ("molecule/dihedral", [0, 1, 2], ["molecule/dihedral"]),
        ("molecule/bonds", [[0, 1, 2]], ["molecule/bonds"]),
        ("molecule/group", "ful", ["molecule/group", "did you mean 'full'"]),
        ("initial_conditions/scan", "both", ["scan", "'both'", "both_hands"]),
        ("initial_conditions/dihedral", "sett", ["dihedral", "did you mean 'set'"]),
    ],
)
def test_schema_errors_name_the_key(default, schema, key, value, words):
    with pytest.raises(InputError) as caught:
        check(changed(default, key, value), schema)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("molecule/dihedral", [0, 1, 2, 8], ["molecule/dihedral", "8", "0..7"]),
        ("molecule/anchors", [11], ["molecule/anchors", "11", "0..7"]),
        ("molecule/bonds", [[0, 1], [1, 8]], ["molecule/bonds", "8", "0..7"]),
        ("molecule/turning", [[1, 9]], ["molecule/turning", "9", "0..7"]),
        ("molecule/inverting", [1], ["molecule: ", "inverting", "atom 1", "4 bonds"]),
        ("molecule/geometries", ["a/x.xyz", "b/x.xyz"], ["molecule/geometries", "a/x.xyz"]),
        ("molecule/dihedral", None, ["models/names: folded", "found no dihedral"]),
        ("split/n_train", 400, ["n_train 400", "n_test 100", "450", "labels/n_frames"]),
        ("labels/method/basis", "aug-cc-pvtz", ["label_mem_mb: found 2000 MB", "2259 MB"]),
        ("resources/kreg_mem_mb", 600, ["resources/kreg_mem_mb: found 600", "kreg/n_train 300"]),
        ("molecule/dihedral", [1, 0, 2, 3], ["molecule/dihedral", "not bonded"]),
        ("labels/n_frames", 701, ["labels/n_frames", "701", "700"]),
        ("labels/method/functional", "b3lyp6", ["labels/method", "b3lyp6"]),
        ("md/method/basis", "def2-svpp", ["md/method", "def2-svpp"]),
        ("labels/source", "deposit", ["labels/deposit", "null"]),
        ("labels/source", "files", ["labels/files/frames", "null"]),
        ("kreg/sizes", [10, 301], ["kreg/sizes", "301", "300"]),
        ("test_set/every", 20000, ["test_set/every", "10000"]),
        ("test_set/record_every", 30, ["test_set/record_every", "30", "divide"]),
        ("benchmark/axes", "inertial", ["benchmark/axes", "did you mean 'inertia'"]),
        (
            "models/names",
            ["rotate-predict-rotate", "symetrized"],
            ["models/names", "'symmetrized'"],
        ),
        ("models/axes", ["kabsh"], ["models/axes", "'kabsch'"]),
        ("spectra/model", "augmented-x", ["spectra/model", "models/names", "covariant"]),
        ("spectra/segment_ps", 1.0, ["spectra/segment_ps", "3.34 ps", "resolution_per_cm"]),
        ("spectra/reference", "nowhere", ["spectra/reference", "dichloroethane_anti.xyz"]),
    ],
)
def test_consistency_errors_name_key_and_remedy(default, schema, key, value, words):
    with pytest.raises(InputError) as caught:
        check(changed(default, key, value), schema)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("resources/geometries/methanol.xyz", "methanol.xyz: frame 0: found atoms O C H H H H"),
        ("config.yaml", "labels/files/frames: config.yaml: not readable as extended XYZ"),
    ],
)
def test_given_frames_of_another_molecule_are_refused_at_once(default, schema, path, words):
    config = changed(changed(default, "labels/source", "files"), "labels/files/frames", path)
    with pytest.raises(InputError, match="labels/files/frames") as caught:
        check(changed(config, "labels/files/test_set", "compute"), schema)
    assert words in str(caught.value)
    frames = default["molecule"]["geometries"][0]
    config = changed(changed(config, "labels/files/frames", frames), "labels/files/test_set", path)
    with pytest.raises(InputError, match="labels/files/test_set"):
        check(config, schema)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("molecule/marked", [0], ["molecule/marked is called molecule/anchors now"]),
        ("benchmark/frame", "inertia", ["benchmark/frame is called benchmark/axes now"]),
        ("models/frames", ["inertia"], ["models/frames is called models/axes now"]),
        ("models/frame_descriptors", ["RE"], ["is called models/axes_descriptors now"]),
        ("test_set/n_starts", 3, ["test_set/n_starts is called test_set/n_trajectories now"]),
        ("models/names", ["paper"], ["'paper' is called 'rotate-predict-rotate' now"]),
        ("models/names", ["cured"], ["models/names", "'cured' is called 'folded' now"]),
        ("models/ablations", ["paper-raw-axes"], ["called 'rotate-predict-rotate-raw-axes' now"]),
    ],
)
def test_former_names_are_refused_with_the_new_ones(default, schema, key, value, words):
    with pytest.raises(InputError) as caught:
        check(changed(default, key, value), schema)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"labels/files/frames": "mine.extxyz"},
            ["labels/files/frames", "labels/source is compute"],
        ),
        ({"labels/files/test_set": "compute"}, ["labels/files/test_set", "labels/source to files"]),
        (
            {
                "labels/source": "deposit",
                "labels/deposit": "resources/deposit/manifest.json",
                "labels/method/basis": "aug-cc-pvtz",
                "labels/dipole_derivatives": True,
            },
            ["labels/dipole_derivatives", "labels/source is deposit"],
        ),
        (
            {
                "labels/source": "files",
                "labels/files/frames": "resources/geometries/dichloroethane_anti.xyz",
                "labels/files/test_set": "compute",
                "labels/deposit": "resources/deposit/manifest.json",
            },
            ["labels/deposit", "labels/source is files"],
        ),
    ],
)
def test_keys_that_the_source_ignores_are_refused(default, schema, changes, words):
    config = default
    for key, value in changes.items():
        config = changed(config, key, value)
    with pytest.raises(InputError) as caught:
        check(config, schema)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing like XYZ\n", ["not readable as a geometry"]),
        ("2\n\nH 0 0 0\nH 0 0 0.01\n", ["atoms 0 and 1", "0.010 Angstrom"]),
        ("2\n\nH 0 0 0\nH 0 0 nan\n", ["atom 1 is not a finite number"]),
        (2 * "2\n\nH 0 0 0\nH 0 0 1\n", ["found 2 geometries"]),
        ("2\n\nH 0 0 0\nCl 0 0 1.3\n", ["same order"]),
    ],
)
def test_bad_geometry_is_refused(default, schema, tmp_path, text, words):
    path = tmp_path / "other.xyz"
    path.write_text(text)
    geometries = [*default["molecule"]["geometries"], str(path)]
    with pytest.raises(InputError) as caught:
        check(changed(default, "molecule/geometries", geometries), schema)
    for word in ["molecule/geometries", "other.xyz", *words]:
        assert word in str(caught.value)


def test_missing_geometry_is_refused(default, schema):
    with pytest.raises(InputError, match=r"molecule/geometries: file nowhere\.xyz"):
        check(changed(default, "molecule/geometries", ["nowhere.xyz"]), schema)


def test_two_geometries_of_one_name_are_refused(default):
    config = changed(default, "molecule/geometries", ["a/anti.xyz", "b/anti.xyz"])
    with pytest.raises(InputError, match=r"two files of one name in a/anti\.xyz, b/anti\.xyz"):
        geometry_names(config)


def test_seeds_differ_between_stages_and_not_between_calls():
    seeds = [stage_seed(1, "dynamics", k) for k in range(100)]
    assert len(set(seeds)) == 100
    assert seeds[3] == stage_seed(1, "dynamics", 3)
    assert seeds[3] != stage_seed(2, "dynamics", 3)
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(("n_frames", "size"), [(60, 25), (50, 25), (1, 40), (7000, 40)])
def test_shards_cover_every_frame_once(n_frames, size):
    ranges = [shard_range(s, n_frames, size) for s in shards(n_frames, size)]
    covered = [k for first, last in ranges for k in range(first, last)]
    assert covered == list(range(n_frames))


def labelled_files(config, path):
    config = changed(config, "labels/source", "files")
    return changed(config, "labels/files", {"frames": path, "test_set": path, "level": None})


@pytest.mark.parametrize("packed", [False, True])
def test_a_split_larger_than_the_file_is_refused(default, schema, tmp_path, packed):
    text = 7 * Path(default["molecule"]["geometries"][0]).read_text()
    path = tmp_path / ("mine.extxyz.gz" if packed else "mine.extxyz")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with pytest.raises(InputError, match=r"= 400, but .*mine.* has 7 frames"):
        check(labelled_files(default, str(path)), schema)
    path.write_text("no frames")
    assert count_frames(path) is None


def test_a_dihedral_over_atoms_without_bonds_is_refused_for_files(default, schema, tmp_path):
    path = tmp_path / "mine.extxyz"
    path.write_text(400 * Path(default["molecule"]["geometries"][0]).read_text())
    config = changed(labelled_files(default, str(path)), "molecule/dihedral", [0, 1, 3, 2])
    with pytest.raises(InputError, match=r"molecule/dihedral: its atoms 1 and 3 are not bonded"):
        check(config, schema)


def test_without_dynamics_every_trajectory_is_a_frame(default, schema):
    config = changed(default, "md/n_steps", 0)
    config = changed(config, "initial_conditions/n_trajectories", 500)
    plan = make_plan(with_defaults(config, schema))
    assert plan.pool_size == 500
    assert not plan.with_dynamics


def test_every_second_trajectory_is_a_run_that_is_completed_later(default, schema):
    config = changed(default, "initial_conditions/every", 2)
    plan = make_plan(with_defaults(config, schema))
    assert list(plan.trajectories[:3]) == [0, 2, 4]
    assert plan.pool_size == 18 * 20
    with pytest.raises(InputError, match="labels/n_frames: found 450, but the dynamics makes 360"):
        check(config, schema)
    config = changed(changed(config, "initial_conditions/n_trajectories", 1000), "md/n_steps", 0)
    with pytest.raises(InputError, match="initial_conditions/every: found 2, expected 1 without"):
        check(config, schema)


def test_no_more_test_frames_have_derivatives_than_there_are(default, schema):
    config = changed(default, "fewer_labels/n_frames", 10)
    config = changed(config, "fewer_labels/n_test_frames", 10_000)
    with pytest.raises(InputError, match="fewer_labels/n_test_frames: found 10000, more than the"):
        check(config, schema)
    check(changed(config, "fewer_labels/n_frames", 0), schema)


def test_thermal_frames_are_computed_or_those_of_the_deposit(root, default, schema):
    assert make_plan(with_defaults(default, schema)).thermal_source is None
    wanted = changed(default, "thermal/n_frames", 30)
    assert make_plan(with_defaults(wanted, schema)).thermal_source == "compute"
    labels = {
        "source": "deposit",
        "deposit": str(root / "resources/deposit/manifest.json"),
        "method": {**default["labels"]["method"], "basis": "aug-cc-pvtz"},
    }
    deposited = {**wanted, "labels": {**wanted["labels"], **labels, "n_frames": 600}}
    plan = make_plan(with_defaults(deposited, schema))
    if "thermal" in plan.deposited:
        assert plan.thermal_source == "deposit"
    else:
        with pytest.raises(InputError, match="thermal/n_frames: found 30, but labels/source"):
            check(deposited, schema)
