"""What labels computed once more differ by."""

from rpr.data.extxyz import read_frames
from rpr.data.frame_set import concatenate
from rpr.labels.assemble import filled
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.label_checks import check_level_of_theory, deviations, summary

logs.start(snakemake.log[0])
by_frame = tables.concat(
    deviations(
        read_frames(chosen),
        concatenate([read_frames(path) for path in filled(snakemake.input[check])]),
        check=check,
    )
    for check, chosen in zip(snakemake.params.checks, snakemake.input.chosen, strict=True)
)
compared = summary(by_frame)
check_level_of_theory(compared)
tables.write_csv(by_frame, snakemake.output.by_frame)
tables.write_csv(compared, snakemake.output.summary)
