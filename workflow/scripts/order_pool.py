"""The random order in which frames are labelled: a larger number keeps the frames of a smaller."""

import pandas as pd

from rpr.data.extxyz import read_frames
from rpr.data.splits import random_order
from rpr.run import logs
from rpr.run.deposit import check_extends
from rpr.studies import tables

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
order = random_order(len(frames), seed=snakemake.params.seed)[: snakemake.params.n_frames]
if snakemake.input.known:
    check_extends(frames.subset(order), read_frames(snakemake.input.known))
tables.write_csv(pd.DataFrame({"frame": order}), snakemake.output.order)
