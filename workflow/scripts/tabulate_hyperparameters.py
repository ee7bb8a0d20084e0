"""Hyper-parameters of all models whose components have regressions of their own."""

from rpr.models.model_file import load_model
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.hyperparameters import hyperparameters

logs.start(snakemake.log[0])
parts = [
    hyperparameters(load_model(path), model=model, split=split, n_train=snakemake.params.n_train)
    for path, (model, split) in zip(snakemake.input.models, snakemake.params.names, strict=True)
]
tables.write(
    tables.concat(parts),
    snakemake.output.table.removesuffix(".csv"),
    caption="Kernel, sigma and lambda of each component, chosen by validation.",
)
