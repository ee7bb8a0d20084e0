"""Figures: one module each, which takes tables and returns a matplotlib figure.

A figure has ``draw(<tables>) -> Figure`` and ``data(<the same tables>)``, the rows that are drawn;
``style.save(figure, stem, data)`` writes PDF, SVG, PNG and CSV.  ``drawing`` is what they share.
The arguments are

=====================  ====================================================================
module                 tables
=====================  ====================================================================
fig1_scheme            scheme: from :func:`rpr.studies.scheme.scheme`
fig2_learning_curves   learning_curve
fig3_kreg              kreg, scatter
fig4_dihedral          trajectories: ``trajectory,time_ps,dihedral``
fig5_scatter           predictions: of both properties
best_model             predictions: of all models and both properties
spherical              predictions: of all models and both properties
models_rotated         test_set
model_learning_curves  learning_curve
error_by_dihedral      table, gaps (optional)
benchmark_heatmap      benchmark
canonical_axes         flips, gaps, accuracy
equivariance           equivariance
calibration            calibration, by_size
data_distributions     frames_table, and rotated_table or md_table
spectra                infrared, raman, lines, conformers: all of ``spectra/``
ways                   ways: from :func:`rpr.studies.ways_summary.ways_table`
spectra_of_models      spectra, jumps: ``spectra/models_infrared.csv``, ``.../models_jumps.csv``
=====================  ====================================================================
"""

from rpr.errors import require_package

require_package("matplotlib", extra="plots")

FIGURES = (
    "fig1_scheme",
    "fig2_learning_curves",
    "fig3_kreg",
    "fig4_dihedral",
    "fig5_scatter",
    "best_model",
    "spherical",
    "models_rotated",
    "model_learning_curves",
    "fewer_labels",
    "ablation",
    "ways",
    "error_by_dihedral",
    "benchmark_heatmap",
    "canonical_axes",
    "equivariance",
    "calibration",
    "data_distributions",
    "spectra",
    "spectra_of_models",
)
"""Names of the modules."""
