"""What decided the results of this run."""

from rpr.files import write_json
from rpr.run import logs
from rpr.run.config import make_plan
from rpr.run.provenance import provenance

logs.start(snakemake.log[0])
config = snakemake.params.config
data = {role: snakemake.input[role] for role in ("frames", "test_set")}
write_json(snakemake.output.provenance, provenance(config, make_plan(config), data))
