"""Minima of the KREG potential, their modes, and their harmonic lines."""

import rpr
from rpr.molecule.molecule import read_geometry, read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.conformers import find_minima, write_minima
from rpr.studies.harmonic_lines import lines_table, model_lines

log = logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
minima = find_minima(
    rpr.load(snakemake.input.potential),
    molecule,
    {
        name: read_geometry(path, symbols=molecule.symbols)
        for name, path in zip(snakemake.params.names, snakemake.input.geometries, strict=True)
    },
    log=log.info,
)
models = [rpr.load(snakemake.input[name]) for name in ("dipole", "polarizability")]
lines = {name: model_lines(*models, m.positions, m.modes) for name, m in minima.items()}
table = lines_table(
    lines,
    laser_nm=snakemake.params.spectra["laser_nm"],
    temperature_K=snakemake.params.spectra["temperature_K"],
)
tables.write_csv(table, snakemake.output.lines)
write_minima(snakemake.output.minima, minima)
