"""Errors of all models on all test sets, and against the dihedral."""

from rpr.report import summaries
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.comparison import compare_models
from rpr.studies.error_by_dihedral import error_by_dihedral
from rpr.studies.evaluation import errors
from rpr.studies.spherical import spherical_errors

logs.start(snakemake.log[0])
predictions = tables.concat(tables.read(path) for path in snakemake.input.predictions)
test_set = errors(predictions)
results = {
    "test_set": (test_set, "Errors of every model on every test set, by component."),
    "rmse": (summaries.rmse_table(test_set), "RMSE of the published model by component."),
    "models": (summaries.models_table(test_set), "Axes-independent RMSE of all models."),
    "comparison": (compare_models(predictions), "Ratios of the errors of two models."),
    "spherical": (spherical_errors(predictions), "Errors of the parts l = 0 and 2 of alpha."),
    "by_dihedral": (error_by_dihedral(predictions), "Axes-independent RMSE by dihedral."),
}
for name, (table, caption) in results.items():
    tables.write(table, snakemake.output[name].removesuffix(".csv"), caption=caption)
