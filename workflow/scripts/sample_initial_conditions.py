"""Initial conditions of the trajectories: thermal Wigner distribution, then the dihedral scan."""

from rpr.dynamics.sampling import sample_minima
from rpr.files import read_arrays, write_arrays
from rpr.molecule.molecule import read_molecule
from rpr.run import logs

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
if snakemake.input.found:
    found = read_arrays(snakemake.input.found)
    minima, hessians = found["positions"], found["hessians"]
else:
    minima = molecule.reference[None]
    hessians = read_arrays(snakemake.input.hessian)["hessian"][None]
positions, velocities = sample_minima(
    molecule,
    minima,
    hessians,
    temperature_K=snakemake.params.temperature_K,
    n=snakemake.params.n_trajectories,
    seed=snakemake.params.seed,
    scan=snakemake.params.scan,
    dihedral=snakemake.params.dihedral,
    rotors=snakemake.params.rotors,
)
write_arrays(snakemake.output.initial_conditions, positions=positions, velocities=velocities)
