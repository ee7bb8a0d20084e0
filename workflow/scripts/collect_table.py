"""Parts of a table as one CSV, Markdown and LaTeX table."""

from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
table = tables.concat(tables.read(path) for path in snakemake.input.parts)
tables.write(table, snakemake.output.csv.removesuffix(".csv"), caption=snakemake.params.caption)
