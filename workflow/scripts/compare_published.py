"""Published values beside those of this run."""

from rpr.data.extxyz import read_frames
from rpr.report.published import compare
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
rotated = read_frames(snakemake.input.rotated)
protocol = {
    **snakemake.params.protocol,
    "n_frames": len(read_frames(snakemake.input.frames)),
    "n_rotated_frames": len(rotated),
    "n_rotated_trajectories": len(set(rotated.trajectory.tolist())),
}
table = compare(
    [tables.read(path) for path in snakemake.input.published],
    test_set=tables.read(snakemake.input.test_set),
    predictions=tables.concat(tables.read(path) for path in snakemake.input.predictions),
    protocol=protocol,
)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(table, stem, caption="Published values beside those of this run.")
