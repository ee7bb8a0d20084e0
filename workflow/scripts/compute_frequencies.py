"""Hessian, harmonic frequencies, infrared intensities and Raman activities of one minimum.

An imaginary frequency is an error.
"""

import pandas as pd

from rpr.errors import ConvergenceError
from rpr.files import write_arrays
from rpr.labels.engine import make_engine
from rpr.labels.hessian import hessian
from rpr.labels.journal import Journal
from rpr.labels.method import Method
from rpr.molecule.molecule import read_geometry
from rpr.molecule.normal_modes import frequencies
from rpr.run import logs
from rpr.run.jobs import free_megabytes
from rpr.spectra.harmonic import harmonic_spectrum
from rpr.studies import tables

log = logs.start(snakemake.log[0])
atoms = read_geometry(snakemake.input.geometry)
symbols = atoms.get_chemical_symbols()
method = Method.from_config(snakemake.params.method, symbols)
journal = Journal(snakemake.params.journal, log.info)
settings = {
    "charge": snakemake.params.charge,
    "max_memory_mb": free_megabytes(snakemake.resources.mem_mb),
    "journal": journal,
}
matrix = hessian(method, symbols, atoms.positions, **settings, log=log.info)
modes = frequencies(atoms, matrix, name=snakemake.wildcards.conformer)
engine = make_engine(method, symbols, **settings)
labels = engine.compute(atoms.positions, ["dipole_derivatives", "polarizability_derivatives"])
if labels.dipole_derivatives is None or labels.polarizability_derivatives is None:
    raise ConvergenceError(f"{snakemake.wildcards.conformer}: {'; '.join(labels.flags)}")
table = pd.DataFrame({"mode": range(len(modes.wavenumbers)), "wavenumber": modes.wavenumbers})
lines = harmonic_spectrum(modes, labels.dipole_derivatives, labels.polarizability_derivatives)
table = table.assign(
    unit="1/cm",
    ir_km_per_mol=lines.infrared,
    raman_A4_per_amu=lines.activity,
    depolarisation_ratio=lines.depolarization,
)
tables.write_csv(table, snakemake.output.frequencies)
write_arrays(snakemake.output.hessian, hessian=matrix)
journal.close()
