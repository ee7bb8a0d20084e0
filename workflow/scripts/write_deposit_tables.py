"""What models of this run reach, as a page beside the frames of its deposit."""

from rpr.files import atomic_path
from rpr.report.deposit_models import models_page
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
benchmark = snakemake.input.benchmark
page = models_page(
    tables.read(snakemake.input.test_set),
    tables.read(benchmark) if benchmark else None,
    tables.read(snakemake.input.kreg),
    **snakemake.params.names,
)
with atomic_path(snakemake.output.page) as temporary:
    temporary.write_text(page, encoding="utf-8")
