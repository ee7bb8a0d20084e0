"""Train the KREG potential; its hyper-parameters are searched on training frames."""

from rpr import logs
from rpr.config import free_megabytes
from rpr.datasets import read_frames
from rpr.permutation_inversion import find_group, permutations_of
from rpr.potential import KREG
from rpr.splits import read_split
from rpr.stage_files import read_molecule

log = logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
train = read_split(snakemake.input.split)["train"][: snakemake.params.n_train]
frames = read_frames(snakemake.input.frames).subset(train)
model = KREG(
    molecule=molecule,
    permutations=permutations_of(find_group(molecule)) if snakemake.params.symmetric else None,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
    seed=snakemake.params.seed,
)
model.fit(frames.positions, frames.energy, frames.forces)
log.info("sigma %g, lambdas %g %g", model.sigma_, model.lambda_energy_, model.lambda_forces_)
model.save(snakemake.output.model)
