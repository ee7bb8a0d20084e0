"""Pack the labelled frames of this run as a deposit."""

from pathlib import Path

from rpr import logs
from rpr.datasets import read_frames
from rpr.deposit import ROLES, origin, write_deposit
from rpr.labels.method import Method
from rpr.provenance import provenance

logs.start(snakemake.log[0])
config = snakemake.params.config
about = provenance(config)
if snakemake.input.extended:
    about["extends"] = origin(snakemake.input.extended)
paths = {role: snakemake.input.get(role) for role in ROLES}
write_deposit(
    Path(snakemake.output.manifest).parent,
    {role: read_frames(path) for role, path in paths.items() if path},
    method=Method.from_config(config["labels"]["method"]).as_dict(),
    about=about,
    documents=snakemake.input.documents,
)
