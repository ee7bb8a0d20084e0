"""Initial conditions of the trajectories: thermal Wigner distribution, then the dihedral scan."""

from rpr.dynamics import wigner
from rpr.files import read_arrays, write_arrays
from rpr.molecule.molecule import read_geometry, read_molecule
from rpr.molecule.torsion import scan_angles, scan_dihedral
from rpr.run import logs

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
positions, velocities = wigner.sample(
    read_geometry(snakemake.input.geometry),
    read_arrays(snakemake.input.hessian)["hessian"],
    temperature_K=snakemake.params.temperature_K,
    n=snakemake.params.n_trajectories,
    seed=snakemake.params.seed,
)
if molecule.dihedral is not None:
    angles = scan_angles(len(positions), scan=snakemake.params.scan)
    positions = scan_dihedral(positions, molecule, angles, dihedral=snakemake.params.dihedral)
write_arrays(snakemake.output.initial_conditions, positions=positions, velocities=velocities)
