"""Every way to equivariance on one split."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.exchange import read_way
from rpr.studies.ways_measured import measured_ways

logs.start(snakemake.log[0])
params = snakemake.params
molecule = read_molecule(snakemake.input.molecule, **params.molecule)
table = measured_ways(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    molecule=molecule,
    predictions=[read_way(p, "dipole", molecule) for p in snakemake.input.predictions],
    sizes=params.sizes,
    n_test=params.n_test,
    n_applied=params.n_applied,
    repeat=int(snakemake.wildcards.repeat),
)
tables.write_csv(table, snakemake.output.table)
