"""Infrared spectra of all models along the same trajectories, and where their dipoles jump.

The first segment of each trajectory is enough for that.
"""

import rpr
from rpr.data.segments import first_segments, join, read_segments
from rpr.dynamics.thermal import observe
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.spectra import SpectrumSettings, predictor
from rpr.studies.spectra_of_models import jumps_of_models, spectra_of_models

logs.start(snakemake.log[0])
segments = join([first_segments(read_segments(path)) for path in snakemake.input.segments])
given = snakemake.params.spectra
settings = SpectrumSettings.from_mapping(given)
reference = snakemake.params.reference
dipoles = {reference: segments.dipole}
for name, path in zip(snakemake.params.models, snakemake.input.models, strict=True):
    dipoles[name] = observe(predictor(rpr.load(path)), segments.positions)
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
jumps = jumps_of_models(dipoles, segments, molecule, reference=reference)
tables.write_csv(jumps, snakemake.output.jumps)
tables.write_csv(spectra_of_models(dipoles, segments, settings), snakemake.output.infrared)
