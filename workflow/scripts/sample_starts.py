"""Starts of the trajectories: thermal Wigner distribution, then the dihedral scan."""

from rpr import logs, wigner
from rpr.dihedral_scan import scan_angles, scan_dihedral
from rpr.molecule import read_geometry
from rpr.stage_files import read_arrays, read_molecule, write_arrays

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
write_arrays(snakemake.output.starts, positions=positions, velocities=velocities)
