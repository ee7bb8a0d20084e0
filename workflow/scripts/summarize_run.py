"""The main results of this run on one page."""

import json
from pathlib import Path

from rpr.files import atomic_path
from rpr.report.summary import summary
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
texts = summary(
    tables.read(snakemake.input.test_set),
    tables.read(snakemake.input.claims),
    json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8")),
    folder=str(Path(snakemake.output.md).parent),
)
for form, text in texts.items():
    with atomic_path(snakemake.output[form]) as temporary:
        temporary.write_text(text, encoding="utf-8")
