"""Predictions of one model on its test sets."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.models.registry import find
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.evaluation import predictions
from rpr.studies.test_sets import model_test_sets

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = find(snakemake.wildcards.model).frames(read_frames(snakemake.input.frames), molecule)
splits = {name: read_split(snakemake.input[f"{name}_split"]) for name in ("random", "held_out")}
thermal = snakemake.input.thermal
cases = model_test_sets(
    frames,
    splits,
    read_frames(snakemake.input.test_set),
    read_frames(thermal) if thermal else None,
)
parts = [
    predictions(
        rpr.load(snakemake.input[split]),
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
tables.write_csv(tables.concat(parts), snakemake.output.table)
