"""Run one trajectory, labelled if its level is right; a killed job goes on from its last step."""

from ase.units import fs

from rpr.data.extxyz import write_frames
from rpr.dynamics.andersen import run_trajectory
from rpr.files import read_arrays
from rpr.labels.calculator import LabelCalculator
from rpr.labels.method import Method
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.run.jobs import free_megabytes

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
start = read_arrays(snakemake.input.initial_conditions)
number, md = int(snakemake.wildcards.trajectory), snakemake.params.md
properties = snakemake.params.properties
atoms = molecule.to_atoms(start["positions"][number])
atoms.set_velocities(start["velocities"][number] / fs)
frames = run_trajectory(
    atoms,
    LabelCalculator(
        Method.from_config(md["method"], molecule.symbols),
        properties=properties,
        check_states=True,
        charge=snakemake.params.charge,
        max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
    ),
    **{key: md[key] for key in ("dt_fs", "n_steps", "temperature_K", "andersen_probability")},
    seed=snakemake.params.seed,
    trajectory=number,
    molecule=molecule,
    properties=properties,
    failures_path=snakemake.output.get("failures"),
    checkpoint_path=snakemake.params.checkpoint,
)
write_frames(snakemake.output.frames, frames)
