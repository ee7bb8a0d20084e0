"""What decided the results of this run."""

from rpr.files import write_json
from rpr.run import logs
from rpr.run.config import make_plan
from rpr.run.provenance import provenance

logs.start(snakemake.log[0])
config = snakemake.params.config
data = {role: path for role, path in snakemake.input.items() if path}
record = provenance(config, make_plan(config), data, software=snakemake.params.software)
write_json(snakemake.output.provenance, record)
