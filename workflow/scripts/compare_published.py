"""Published values beside those of this run."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.report.published import compare, is_papers_molecule, readable
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
published = snakemake.input.published if is_papers_molecule(molecule) else []
frames, rotated = (read_frames(snakemake.input[name]) for name in ("frames", "rotated"))
split = read_split(snakemake.input.split)
protocol = {
    "validation_fraction": snakemake.params.validation_fraction,
    "n_train": len(split["train"]),
    "n_test": len(split["test"]),
    "n_frames": len(frames),
    "n_trajectories": len(set(frames.trajectory.tolist())),
    "n_rotated_frames": len(rotated),
    "n_rotated_trajectories": len(set(rotated.trajectory.tolist())),
}
table = compare(
    [tables.read(path) for path in published],
    test_set=tables.read(snakemake.input.test_set),
    predictions=tables.concat(tables.read(path) for path in snakemake.input.predictions),
    protocol=protocol,
)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(readable(table), stem, caption="Published values beside those of this run.")
tables.write_csv(table, snakemake.output.table)  # with all columns
