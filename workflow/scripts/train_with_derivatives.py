"""Train the covariant dipole model on the values of all training frames and derivatives of some.

The draws of the model that the spectra take are prepared here, where its matrix is factorized.
"""

import numpy as np

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies.with_derivatives import fit_with_derivatives

log = logs.start(snakemake.log[0])
train = read_split(snakemake.input.split)["train"]
model = fit_with_derivatives(
    read_frames(snakemake.input.frames).subset(train),
    read_frames(snakemake.input.derivatives, require=["dipole_derivatives"]),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    most=snakemake.params.n_derivatives,
    seed=snakemake.params.seed,
)
log.info("%d frames, %d with derivatives", len(train), len(model.derivative_coefficients_))
model.save(snakemake.output.model)
n_draws = snakemake.params.n_draws
draws = (
    model.draw(n_draws, snakemake.params.draws_seed).coefficients if n_draws else np.empty((0, 0))
)
np.save(snakemake.output.draws, draws)
