"""A tensor of rank 3 in canonical axes: its errors, and how exactly it turns with the molecule."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.rank_three import RankThree, rank_three
from rpr.studies.test_sets import named_test_sets

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
options = {**snakemake.params.fitting, "seed": snakemake.params.seed}
model = RankThree(
    frames.subset(split["train"]),
    molecule,
    descriptor="RExyzCl" if molecule.anchors else "RExyz",
    **options,
)
tables.write(
    rank_three(
        model,
        named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
        n_train=len(split["train"]),
        seed=snakemake.params.seed,
    ),
    snakemake.output.table.removesuffix(".csv"),
    caption="The tensor mu_i alpha_jk of rank 3 by the published method.",
)
