"""The claims of the paper beside what this run measured."""

from rpr.report.claims import claims_table
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
sources = {name: path for name, path in snakemake.input.items() if name != "code"}
claims = claims_table(**{name: tables.read(path) for name, path in sources.items()})
tables.write(
    claims, snakemake.output.claims.removesuffix(".csv"), caption="Claims beside measured values."
)
