"""Train one model of one property, on the random split and with trajectories held out."""

from rpr import logs
from rpr.datasets import read_frames
from rpr.splits import read_split
from rpr.stage_files import read_molecule
from rpr.studies.models import fit_model

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
        validation_fraction=snakemake.params.validation_fraction,
        seed=snakemake.params.seed,
    )
    log.info("trained on the split %s", split)
    model.save(snakemake.output[split])
