"""What decided the results of this run."""

from rpr.files import write_json
from rpr.run import logs
from rpr.run.provenance import provenance

logs.start(snakemake.log[0])
data = [snakemake.input.frames, snakemake.input.test_set]
write_json(snakemake.output.provenance, provenance(snakemake.params.config, data))
