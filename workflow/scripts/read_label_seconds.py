"""Take the processor time of labels from a deposit."""

from rpr.run import logs
from rpr.run.deposit import require_document
from rpr.studies import tables

logs.start(snakemake.log[0])
table = require_document(snakemake.input.manifest, "label_seconds.csv")
tables.write_csv(table, snakemake.output.table)
