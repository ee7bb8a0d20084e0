"""Trajectory, step, dihedral and splits of each labelled frame."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.frame_list import frame_list

logs.start(snakemake.log[0])
splits = {name: read_split(snakemake.input[name]) for name in ("random", "held_out")}
tables.write_csv(frame_list(read_frames(snakemake.input.frames), splits), snakemake.output.table)
