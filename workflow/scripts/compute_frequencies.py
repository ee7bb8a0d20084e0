"""Hessian and harmonic frequencies of one minimum; an imaginary frequency is an error."""

import pandas as pd

from rpr.files import write_arrays
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.molecule.molecule import read_geometry
from rpr.molecule.normal_modes import frequencies
from rpr.run import logs
from rpr.run.jobs import free_megabytes
from rpr.studies import tables

logs.start(snakemake.log[0])
atoms = read_geometry(snakemake.input.geometry)
symbols = atoms.get_chemical_symbols()
matrix = hessian(
    Method.from_config(snakemake.params.method, symbols),
    symbols,
    atoms.positions,
    charge=snakemake.params.charge,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
)
modes = frequencies(atoms, matrix, name=snakemake.wildcards.conformer)
table = pd.DataFrame({"mode": range(len(modes.wavenumbers)), "wavenumber": modes.wavenumbers})
tables.write_csv(table.assign(unit="1/cm"), snakemake.output.frequencies)
write_arrays(snakemake.output.hessian, hessian=matrix)
