"""The claims of the paper beside what this run measured."""

from rpr import logs, tables
from rpr.claims import claims_table

logs.start(snakemake.log[0])
names = [name for name in snakemake.input.keys() if name != "code"]
claims = claims_table(**{name: tables.read(snakemake.input[name]) for name in names})
tables.write(
    claims, snakemake.output.claims.removesuffix(".csv"), caption="Claims beside measured values."
)
