"""Pack the labelled frames of this run as a deposit."""

from pathlib import Path

from rpr.data.extxyz import read_frames
from rpr.labels.method import Method
from rpr.run import logs
from rpr.run.config import make_plan
from rpr.run.deposit import level, origin
from rpr.run.deposit_files import carry_over, write_deposit
from rpr.run.manifest import ROLES
from rpr.run.provenance import provenance, software

logs.start(snakemake.log[0])
config = snakemake.params.config
about = provenance(config, make_plan(config), software=software())
method = Method.from_config(config["labels"]["method"]).as_dict()
extended = snakemake.input.extended
if extended:
    about["extends"] = origin(extended)
    method = level(extended)
paths = {role: snakemake.input.get(role) for role in ROLES}
manifest = write_deposit(
    Path(snakemake.output.manifest).parent,
    {role: read_frames(path) for role, path in paths.items() if path},
    method=method,
    about=about,
    documents=snakemake.input.documents,
)
if extended:
    carry_over(manifest, extended)
