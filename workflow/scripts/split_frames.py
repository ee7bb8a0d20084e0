"""Training and test frames: at random, and with whole trajectories held out."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import random_split, trajectory_split, write_split
from rpr.run import logs

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
sizes = {key: snakemake.params[key] for key in ("n_train", "n_test", "seed")}
write_split(snakemake.output.random, random_split(len(frames), **sizes))
write_split(snakemake.output.held_out, trajectory_split(frames.trajectory, **sizes))
