"""What labels computed once more differ by."""

from rpr import logs, tables
from rpr.datasets import concatenate, read_frames
from rpr.studies.label_checks import deviations, frames_to_check, summary

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
by_frame = tables.concat(
    deviations(
        frames_to_check(
            frames, snakemake.params.n_checked, check=check, seed=snakemake.params.seed
        ),
        concatenate([read_frames(path) for path in snakemake.input[check]]),
        check=check,
    )
    for check in snakemake.params.checks
)
tables.write_csv(by_frame, snakemake.output.by_frame)
tables.write_csv(summary(by_frame), snakemake.output.summary)
