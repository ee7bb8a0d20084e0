"""The claims of the paper beside what this run measured."""

import json
from pathlib import Path

from rpr.molecule.molecule import read_molecule
from rpr.report.claims import claims_table, level_of_labels, readable
from rpr.report.published import is_papers_molecule
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
record = json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8"))
measured = {name: tables.read(snakemake.input[name]) for name in snakemake.params.tables}
for name in ("ways", "factor_span", "arbitrary_signs"):  # of other targets, if these were made
    if made := snakemake.params[name]:
        measured[name] = tables.read(made[0])
claims = claims_table(
    measured,
    papers_molecule=is_papers_molecule(molecule),
    level_of_theory=level_of_labels(record),
)
stem = snakemake.output.claims.removesuffix(".csv")
tables.write(readable(claims), stem, caption="Claims beside measured values.")
tables.write_csv(claims, snakemake.output.claims)  # with all columns
