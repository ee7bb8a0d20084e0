"""What each step from the published to the covariant model is worth, as a table and in words."""

from rpr.files import atomic_path
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.ablation_steps import sentences, steps

logs.start(snakemake.log[0])
table = steps(tables.concat(tables.read(path) for path in snakemake.input.ablation))
stem = snakemake.output.table.removesuffix(".csv")
tables.write(table, stem, caption="Steps from the published model to the covariant one.")
with atomic_path(snakemake.output.sentences) as temporary:
    temporary.write_text(sentences(table), encoding="utf-8")
