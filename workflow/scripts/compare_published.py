"""Published values beside those of this run."""

import json
from pathlib import Path

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.report.claims import PAPERS_LEVEL, level_of_labels
from rpr.report.published import compare, is_papers_molecule, readable
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
published = snakemake.input.published if is_papers_molecule(molecule) else []
frames, rotated = (read_frames(snakemake.input[name]) for name in ("frames", "rotated"))
split = read_split(snakemake.input.split)
record = json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8"))
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
    papers_level=level_of_labels(record) == PAPERS_LEVEL,
)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(readable(table), stem, caption="Published values beside those of this run.")
tables.write_csv(table, snakemake.output.table)  # with all columns
