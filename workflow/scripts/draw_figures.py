"""Draw figures from their tables, in one job, as the drawing takes less than its imports."""

from importlib import import_module

from rpr.report import style
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
png = snakemake.output.png
for figure, path in zip(
    snakemake.params.figures, [png] if isinstance(png, str) else png, strict=True
):
    sources = {
        argument: tables.concat(tables.read(part) for part in snakemake.input[name])
        for argument, name in figure["arguments"].items()
    }
    module = import_module(f"rpr.report.figures.{figure['module']}")
    arguments = {**sources, **figure["options"]}
    style.save(module.draw(**arguments), path.removesuffix(".png"), module.data(**arguments))
