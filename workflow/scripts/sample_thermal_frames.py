"""Frames in thermal equilibrium on the KREG potential."""

import rpr
from rpr.data.extxyz import write_frames
from rpr.dynamics.thermal_frames import ThermalFramesSettings, sample_thermal_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs

logs.start(snakemake.log[0])
frames = sample_thermal_frames(
    rpr.load(snakemake.input.model),
    read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    ThermalFramesSettings(**snakemake.params.thermal, seed=snakemake.params.seed),
)
write_frames(snakemake.output.frames, frames)
