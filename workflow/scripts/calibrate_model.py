"""Scores of the predicted covariances of one model on its test sets."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.calibration import calibration
from rpr.studies.test_sets import model_test_sets

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
splits = {name: read_split(snakemake.input[f"{name}_split"]) for name in ("random", "held_out")}
models = {name: rpr.load(snakemake.input[name]) for name in splits}
thermal = snakemake.input.thermal
cases = model_test_sets(
    frames,
    splits,
    read_frames(snakemake.input.test_set),
    read_frames(thermal) if thermal else None,
)
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
