"""Errors of spectra and harmonic lines that come from the models, by draws from their posterior."""

import numpy as np

import rpr
from rpr.data.segments import join, read_segments
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.conformers import conformer_of_segments
from rpr.studies.harmonic_lines import line_errors_table, lines_of_draws, model_lines
from rpr.studies.minima_file import read_minima
from rpr.studies.model_error import model_errors
from rpr.studies.spectra import SpectrumSettings

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
minima = read_minima(snakemake.input.minima)
segments = join([read_segments(path) for path in snakemake.input.segments])
given = snakemake.params.spectra
settings = SpectrumSettings.from_mapping(given)
models = [rpr.load(snakemake.input[name]) for name in ("dipole", "polarizability")]
known = [np.load(path) for path in snakemake.input.draws] or [None]
draws = [
    model.draw(given["n_draws"], snakemake.params.seed, coefficients)
    for model, coefficients in zip(models, [*known, None], strict=True)
]
conformers = conformer_of_segments(segments, minima, molecule)
groups = {name: conformers == name for name in minima}
errors = model_errors(*draws, segments, groups, settings, most=given["n_draw_segments"])
tables.write_csv(errors, snakemake.output.spectra)
lines = {name: model_lines(*models, m.positions, m.modes) for name, m in minima.items()}
drawn = {name: lines_of_draws(*draws, m.positions, m.modes) for name, m in minima.items()}
tables.write_csv(line_errors_table(lines, drawn), snakemake.output.lines)
