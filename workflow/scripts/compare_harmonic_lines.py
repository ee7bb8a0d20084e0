"""Harmonic lines of models beside those of the label engine, with the same modes."""

import rpr
from rpr.files import read_arrays
from rpr.molecule.molecule import read_geometry
from rpr.molecule.normal_modes import normal_modes
from rpr.run import logs
from rpr.spectra.harmonic import harmonic_spectrum
from rpr.studies import tables
from rpr.studies.harmonic_lines import comparison_table, model_lines

logs.start(snakemake.log[0])
names, given = snakemake.params.conformers, snakemake.input
geometries = {n: read_geometry(p) for n, p in zip(names, given.geometries, strict=True)}
modes, references, lines = {}, {}, {}
for name, hessian, path in zip(names, given.hessians, given.derivatives, strict=True):
    atoms, derivatives = geometries[name], read_arrays(path)
    modes[name] = normal_modes(atoms.positions, atoms.get_masses(), read_arrays(hessian)["hessian"])
    references[name] = harmonic_spectrum(
        modes[name], derivatives["dipole_derivatives"], derivatives["polarizability_derivatives"]
    )
pairs = zip(snakemake.params.models, given.dipoles, given.polarizabilities, strict=True)
for model, *paths in pairs:
    dipole, polarizability = (rpr.load(path) for path in paths)
    for name in names:
        lines[model, name] = model_lines(
            dipole, polarizability, geometries[name].positions, modes[name]
        )
table = comparison_table(references, lines)
tables.write(table, snakemake.output.csv.removesuffix(".csv"), caption=snakemake.params.caption)
