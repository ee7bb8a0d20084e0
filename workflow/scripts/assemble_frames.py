"""Labelled frames as one checked file, and the list of those without labels."""

from rpr import logs, tables
from rpr.datasets import write_frames
from rpr.stage_files import assemble, read_failures, read_molecule

log = logs.start(snakemake.log[0])
failures = read_failures(snakemake.input.failures)
frames = assemble(
    snakemake.input.frames,
    molecule=read_molecule(snakemake.input.geometry, **snakemake.params.molecule),
    n_needed=snakemake.params.n_needed,
    n_failed=len(failures),
)
log.info("%d frames have labels, %d could not be labelled", len(frames), len(failures))
tables.write_csv(failures, snakemake.output.failures)
write_frames(snakemake.output.frames, frames)
