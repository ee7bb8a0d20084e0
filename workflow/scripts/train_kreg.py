"""Train the KREG potential; its hyper-parameters are searched on training frames."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.models.kreg.potential import KREG
from rpr.molecule.molecule import read_molecule
from rpr.molecule.permutation_inversion import find_group, permutations_of
from rpr.run import logs
from rpr.run.jobs import free_megabytes

log = logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
train = read_split(snakemake.input.split)["train"][: snakemake.params.n_train]
frames = read_frames(snakemake.input.frames).subset(train)
model = KREG(
    molecule=molecule,
    permutations=permutations_of(find_group(molecule)) if snakemake.params.symmetric else None,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
    validation=snakemake.params.validation,
    seed=snakemake.params.seed,
)
model.fit(frames)
log.info("sigma %g, lambdas %g %g", model.sigma_, model.lambda_energy_, model.lambda_forces_)
model.save(snakemake.output.model)
