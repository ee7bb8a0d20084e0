"""Infrared and Raman spectra of the conformers, and how much time went into them."""

from rpr.data.segments import join, read_segments
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.conformers import conformer_of_segments, conformer_table
from rpr.studies.minima_file import read_minima
from rpr.studies.model_error import with_model_error
from rpr.studies.spectra import SpectrumSettings, infrared_table, raman_table

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
minima = read_minima(snakemake.input.minima)
segments = join([read_segments(path) for path in snakemake.input.segments])
given = snakemake.params.spectra
settings = SpectrumSettings.from_mapping(given)
conformers = conformer_of_segments(segments, minima, molecule)
groups = {name: conformers == name for name in minima}
spectra = {
    "infrared": infrared_table(segments, groups, settings),
    "raman": raman_table(segments, groups, settings),
}
for name, table in spectra.items():
    if snakemake.input.errors:
        errors = tables.read(snakemake.input.errors)
        table = with_model_error(table, errors, name, n_draws=given["n_draws"])
    tables.write_csv(table, snakemake.output[name])
table = conformer_table(minima, segments, conformers, molecule, given["temperature_K"])
tables.write_csv(table, snakemake.output.conformers)
