"""Labelled frames as one checked file, and the list of those without labels."""

from rpr.data.extxyz import write_frames
from rpr.data.failures import read_failures
from rpr.labels.assemble import assemble
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables

log = logs.start(snakemake.log[0])
failures = read_failures(snakemake.input.failures)
frames = assemble(
    snakemake.input.frames,
    molecule=read_molecule(snakemake.input.geometry, **snakemake.params.molecule),
    n_needed=snakemake.params.n_needed,
    n_failed=len(failures),
    given=snakemake.params.get("given", False),
)
log.info("%d frames have labels, %d could not be labelled", len(frames), len(failures))
tables.write_csv(failures, snakemake.output.failures)
write_frames(snakemake.output.frames, frames)
