"""Train one model of one property, on the random split and with trajectories held out."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.models.registry import fit_model
from rpr.molecule.molecule import read_molecule
from rpr.run import logs

log = logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
for split in ("random", "held_out"):
    model = fit_model(
        snakemake.wildcards.model,
        frames,
        read_split(snakemake.input[split])["train"],
        property=snakemake.wildcards.property,
        molecule=molecule,
        seed=snakemake.params.seed,
        **snakemake.params.fitting,
    )
    log.info("trained on the split %s", split)
    model.save(snakemake.output[split])
