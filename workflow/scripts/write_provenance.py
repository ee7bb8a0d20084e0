"""What decided the results of this run."""

from rpr import logs
from rpr.files import write_json
from rpr.provenance import provenance

logs.start(snakemake.log[0])
data = [snakemake.input.frames, snakemake.input.test_set]
write_json(snakemake.output.provenance, provenance(snakemake.params.config, data))
