"""Published values beside those of this run."""

from rpr import logs, tables
from rpr.datasets import read_frames
from rpr.published import compare

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
