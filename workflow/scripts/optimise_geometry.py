"""Optimise one minimum."""

import logging

from rpr.dynamics.optimise import optimise
from rpr.labels.calculator import LabelCalculator
from rpr.labels.journal import Journal
from rpr.labels.method import Method
from rpr.molecule.molecule import read_geometry, write_geometry
from rpr.run import logs
from rpr.run.jobs import free_megabytes

log = logs.start(snakemake.log[0])
start = read_geometry(snakemake.input.geometry)
journal = Journal(snakemake.params.journal, log.info)
atoms = optimise(
    start,
    LabelCalculator(
        Method.from_config(snakemake.params.method, start.get_chemical_symbols()),
        charge=snakemake.params.charge,
        max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
        journal=journal,
    ),
    force_tolerance=snakemake.params.optimisation["fmax"],
    max_steps=snakemake.params.optimisation["max_steps"],
    name=snakemake.wildcards.conformer,
    log_level=logging.INFO,
)
write_geometry(snakemake.output.geometry, atoms)
journal.close()
