"""Predictions of one model on its three test sets."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.evaluation import predictions

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
random = read_split(snakemake.input.random_split)
held_out = read_split(snakemake.input.held_out_split)
cases = {
    "in_distribution": (snakemake.input.random, frames.subset(random["test"])),
    "held_out_trajectories": (snakemake.input.held_out, frames.subset(held_out["test"])),
    "rotated": (snakemake.input.random, read_frames(snakemake.input.test_set)),
}
parts = [
    predictions(
        rpr.load(path),
        test_frames,
        model_name=snakemake.wildcards.model,
        property=snakemake.wildcards.property,
        test_set=name,
        molecule=molecule,
        n_train=len(random["train"]),
        seed=snakemake.params.seed,
    )
    for name, (path, test_frames) in cases.items()
]
tables.write_csv(tables.concat(parts), snakemake.output.table)
