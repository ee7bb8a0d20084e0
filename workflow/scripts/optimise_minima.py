"""Minima of the molecule at the level of the dynamics, with their Hessians."""

from functools import partial

from ase.units import kJ, mol

from rpr.data.extxyz import read_frames, write_frames
from rpr.dynamics.minima import find_minima, minima_frames, minima_table
from rpr.files import write_arrays
from rpr.labels.calculator import LabelCalculator
from rpr.labels.hessian import hessian
from rpr.labels.journal import Journal
from rpr.labels.method import Method
from rpr.molecule.molecule import read_molecule, write_geometry
from rpr.run import logs
from rpr.run.jobs import free_megabytes
from rpr.studies import tables

log = logs.start(snakemake.log[0])
molecule = read_molecule(
    snakemake.input.geometry, anchors=(), dihedral=None, **snakemake.params.molecule
)
method = Method.from_config(snakemake.params.method, molecule.symbols)
journal = Journal(snakemake.params.journal, log.info)
settings = {
    "charge": snakemake.params.charge,
    "max_memory_mb": free_megabytes(snakemake.resources.mem_mb),
    "journal": journal,
}
minima = find_minima(
    read_frames(snakemake.input.candidates),
    molecule,
    LabelCalculator(method, **settings),
    partial(hessian, method, molecule.symbols, **settings, log=log.info),
    window=snakemake.params.conformers["window_kJ_per_mol"] * kJ / mol,
    most=snakemake.params.conformers["most"],
    force_tolerance=snakemake.params.optimisation["fmax"],
    max_steps=snakemake.params.optimisation["max_steps"],
)
write_geometry(snakemake.output.reference, molecule.to_atoms(minima.positions[0]))
write_arrays(snakemake.output.minima, positions=minima.positions, hessians=minima.hessians)
write_frames(snakemake.output.frames, minima_frames(minima, molecule))
tables.write_csv(minima_table(minima, molecule), snakemake.output.table)
journal.close()
