"""Minima of the KREG potential, their modes, and their harmonic lines."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_geometry, read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.conformers import find_minima
from rpr.studies.harmonic_lines import lines_table, model_lines
from rpr.studies.minima_file import write_minima

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
if snakemake.input.found:
    frames = read_frames(snakemake.input.found, symbols=molecule.symbols)
    geometries = {f"minimum {k}": frames.atoms(k) for k in range(len(frames))}
else:
    geometries = {
        name: read_geometry(path, symbols=molecule.symbols)
        for name, path in zip(snakemake.params.names, snakemake.input.geometries, strict=True)
    }
minima = find_minima(
    rpr.load(snakemake.input.potential),
    molecule,
    geometries,
    strict=not snakemake.input.found,
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
