"""Thermal trajectories on the KREG potential, with dipole and polarizability along them."""

import rpr
from rpr.dynamics.thermal import ThermalSettings, run_thermal
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.run.jobs import shard_range
from rpr.studies.conformers import starts
from rpr.studies.minima_file import read_minima
from rpr.studies.spectra import predictor

logs.start(snakemake.log[0])
settings = snakemake.params.spectra
first, last = shard_range(
    snakemake.wildcards.batch, settings["n_trajectories"], settings["batch_size"]
)
models = {name: rpr.load(snakemake.input[name]) for name in ("potential", *snakemake.params.of)}
run_thermal(
    snakemake.output.segments,
    models["potential"],
    starts(read_minima(snakemake.input.minima)),
    read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    ThermalSettings.from_mapping(settings, seed=snakemake.params.seed),
    trajectories=range(first, last),
    observables={name: predictor(models[name]) for name in snakemake.params.of},
    label=" ".join(model.training_checksum_ for model in models.values()),
)
