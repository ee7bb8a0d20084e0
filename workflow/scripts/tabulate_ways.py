"""One row for each way to equivariance."""

from rpr.run import logs
from rpr.studies import tables
from rpr.studies.ways_summary import ways_table

logs.start(snakemake.log[0])
trials = tables.concat(tables.read(path) for path in snakemake.input.parts)
settings = {key: snakemake.params[key] for key in ("n_reference", "target")}
table = ways_table(trials, **settings)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(table, stem, caption="Ways to equivariance: errors, deviations, times (dipole).")
