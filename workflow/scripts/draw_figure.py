"""Draw one figure from its tables."""

from importlib import import_module

from rpr.report import style
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
sources = {
    name: tables.concat(tables.read(path) for path in snakemake.input[name])
    for name in snakemake.params.arguments
}
module = import_module(f"rpr.report.figures.{snakemake.params.module}")
stem = snakemake.output.png.removesuffix(".png")
arguments = {**sources, **snakemake.params.options}
style.save(module.draw(**arguments), stem, module.data(**arguments))
