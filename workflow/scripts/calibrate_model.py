"""Scores of the predicted covariances of one model on its three test sets."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.calibration import calibration

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
splits = {name: read_split(snakemake.input[f"{name}_split"]) for name in ("random", "held_out")}
models = {name: rpr.load(snakemake.input[name]) for name in splits}
cases = {
    "in_distribution": ("random", frames.subset(splits["random"]["test"])),
    "held_out_trajectories": ("held_out", frames.subset(splits["held_out"]["test"])),
    "rotated": ("random", read_frames(snakemake.input.test_set)),
}
parts = [
    calibration(
        models[split],
        test_frames,
        model_name=snakemake.wildcards.model,
        property=snakemake.wildcards.property,
        test_set=name,
        molecule=molecule,
        n_train=len(splits[split]["train"]),
        seed=snakemake.params.seed,
    )
    for name, (split, test_frames) in cases.items()
]
for path, part in zip(snakemake.output, zip(*parts, strict=True), strict=True):
    tables.write_csv(tables.concat(part), path)
