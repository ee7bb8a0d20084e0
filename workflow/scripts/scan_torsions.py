"""Candidates for minima: the torsions of one geometry scanned and optimised at a cheap level."""

from rpr.data.extxyz import write_frames
from rpr.dynamics.conformers import scan_torsions
from rpr.labels.calculator import LabelCalculator
from rpr.labels.journal import Journal
from rpr.labels.method import Method, cheap_method
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.run.jobs import free_megabytes

log = logs.start(snakemake.log[0])
molecule = read_molecule(
    snakemake.input.geometry, anchors=(), dihedral=None, **snakemake.params.molecule
)
method = Method.from_config(
    snakemake.params.method or cheap_method(snakemake.params.md_method), molecule.symbols
)
log.info("level of theory of the scan: %s %s", method.functional, method.basis)
journal = Journal(snakemake.params.journal, log.info)
candidates = scan_torsions(
    molecule,
    LabelCalculator(
        method,
        charge=snakemake.params.charge,
        max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
        journal=journal,
    ),
    seed=snakemake.params.seed,
)
write_frames(snakemake.output.candidates, candidates)
journal.close()
