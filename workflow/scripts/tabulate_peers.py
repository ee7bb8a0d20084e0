"""Models of this project and of other programs, over training sets."""

from rpr.run import logs
from rpr.studies import tables
from rpr.studies.peer_comparison import over_sets

logs.start(snakemake.log[0])
pairs = tables.concat(tables.read(path) for path in snakemake.input.parts)
tables.write_csv(pairs, snakemake.output.by_set)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(over_sets(pairs), stem, caption="Other programs beside the covariant model.")
