import re
from glob import glob

from rpr.run import config as run_config, jobs, one_geometry, provenance, schema as config_schema
from rpr.labels.version import label_version
from rpr.models import registry
from rpr.run.dependencies import code_digest
from snakemake.common.configfile import load_configfile
from snakemake.utils import validate

SCHEMA = load_configfile(workflow.source_path("../schemas/config.schema.yaml"))
config.update(one_geometry.expanded(config))
config_schema.check_schema(config, SCHEMA)
config.update(config_schema.with_defaults(config, SCHEMA))
validate(config, "../schemas/config.schema.yaml")
config.update(one_geometry.completed(config, SCHEMA))
PLAN = run_config.make_plan(config)
if workflow.is_main_process:
    from rpr.run import (
        checks as config_checks,
    )  # only here: every job on a cluster would wait for its imports

    config_checks.check_consistency(config, PLAN)

ENVIRONMENT = "../../envs/environment.yaml"  # used with --sdm conda only
SCRIPTS = f"{workflow.current_basedir}/../scripts"
PROPERTIES = ["dipole", "polarizability"]

# The configuration enumerates every file, so that the workflow needs no checkpoints.
SOURCE = PLAN.source
TEST_SOURCE = PLAN.test_source
DEPOSITED = PLAN.deposited
WITH_DYNAMICS = PLAN.with_dynamics
WITH_DERIVATIVES = SOURCE == "compute" and config["labels"]["dipole_derivatives"]
LABELS = ["energy", "forces", *PROPERTIES, *(["dipole_derivatives"] if WITH_DERIVATIVES else [])]
GEOMETRIES = run_config.geometry_names(config)
CONFORMERS = list(GEOMETRIES)
REFERENCE = CONFORMERS[0]
TRAJECTORIES = [f"{k:03d}" for k in PLAN.trajectories]
FITTING = {
    "coordinate_weight": config["benchmark"]["coordinate_weight"],
    **{key: config["split"][key] for key in ("validation_fraction", "validation")},
}
SHARD_SIZE = config["labels"]["shard_size"]
LABEL_VERSION = label_version(config["molecule"]["charge"])
SHARDS = jobs.shards(PLAN.n_labelled, SHARD_SIZE)
TEST_SHARDS = jobs.shards(PLAN.n_test_frames, SHARD_SIZE)
CHECKS = list(PLAN.checks)
CHECK_SHARD_SIZE = 5
CHECK_SHARDS = jobs.shards(config["deposit"]["n_checked"], CHECK_SHARD_SIZE)
PUBLISHED = sorted(glob("resources/published/*.csv"))
MODELS = config["models"]["names"] + config["models"]["ablations"]
WITH_PUBLISHED = "rotate-predict-rotate" in MODELS  # else no figures of the paper
MODEL_STEMS = [f"{m}_{p}_{s}" for m in MODELS for p in PROPERTIES for s in ("random", "held_out")]


wildcard_constraints:
    axes="[a-z0-9-]+",
    stage="md|labels",
    conformer="|".join(map(re.escape, CONFORMERS)),
    potential="plain|symmetric",
    repeat=r"\d+",
    trajectory=r"\d+",
    shard=r"\d+",
    role="frames|test_set|thermal|md|reference|derivatives",
    sample="frames|rotated|md",
    check="plain|reoriented",
    split="random|held_out",
    property="|".join(PROPERTIES),
    descriptor="[A-Za-z]+",
    model="[a-z0-9-]+",


def code(script, *modules):
    """Digest of the code that a script depends on, and of modules that it loads by name.

    It is computed for the jobs that need it: each job on a cluster parses these rules.
    """
    return lambda wildcards: code_digest(f"{SCRIPTS}/{script}.py", *modules)


def model_code(script):
    """The same for a script that loads the model in the wildcards by name."""
    return lambda wildcards: code(script, registry.REGISTRY[wildcards.model].module)(wildcards)


def seed(*stage):
    """Seed of a stage."""
    return jobs.stage_seed(config["seed"], *stage)


def molecule():
    """What scripts need, beside the reference geometry, to build the molecule."""
    return {key: config["molecule"][key] for key in run_config.MOLECULE_KEYS}


def software(wildcards):
    """Versions and commit of this checkout; the record of a run is written again with them."""
    return provenance.software()


def minutes(seconds):
    """Requested run time: three times the expected one, more with each attempt."""
    return lambda wildcards, attempt: attempt * (5 + int(3 * seconds / 60))


def at_most(minutes_or_megabytes):
    """Request of a job that takes far less; more with each attempt."""
    return lambda wildcards, attempt: attempt * minutes_or_megabytes


def megabytes(key):
    """Requested memory, more with each attempt."""
    return lambda wildcards, attempt: attempt * config["resources"][key]


def of_stage(resources):
    """Resource of a job that computes at the level of theory of the stage in the wildcards."""
    return lambda wildcards, attempt: resources[wildcards.stage](wildcards, attempt)


# Modules of models that scripts load by name.
PUBLISHED_MODEL = registry.REGISTRY["rotate-predict-rotate"].module
KREG = registry.REGISTRY["kreg"].module
