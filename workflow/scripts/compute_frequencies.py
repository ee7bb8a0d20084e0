"""Hessian, harmonic frequencies and infrared intensities of one minimum.

An imaginary frequency is an error.
"""

import pandas as pd

from rpr import logs, tables
from rpr.config import free_megabytes
from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.molecule import read_geometry
from rpr.normal_modes import infrared_intensities
from rpr.reference_geometry import frequencies
from rpr.stage_files import write_arrays

logs.start(snakemake.log[0])
atoms = read_geometry(snakemake.input.geometry)
symbols = atoms.get_chemical_symbols()
method = Method.from_config(snakemake.params.method, symbols)
settings = {
    "charge": snakemake.params.charge,
    "max_memory_mb": free_megabytes(snakemake.resources.mem_mb),
}
matrix = hessian(method, symbols, atoms.positions, **settings)
modes = frequencies(atoms, matrix, name=snakemake.wildcards.conformer)
labels = make_engine(method, symbols, **settings).compute(atoms.positions, ["dipole_derivatives"])
table = pd.DataFrame({"mode": range(len(modes.wavenumbers)), "wavenumber": modes.wavenumbers})
table = table.assign(
    unit="1/cm", ir_km_per_mol=infrared_intensities(modes, labels.dipole_derivatives)
)
tables.write_csv(table, snakemake.output.frequencies)
write_arrays(snakemake.output.hessian, hessian=matrix)
