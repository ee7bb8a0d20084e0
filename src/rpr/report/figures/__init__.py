"""Figures: one module each, tables in, matplotlib figure out.

Every module has ``draw(<tables>) -> Figure`` and ``data(<the same tables>)``, the rows that are
drawn; ``style.save(figure, stem, data)`` writes PDF, SVG, PNG and CSV. The order of arguments:

=====================  ====================================================================
module                 tables
=====================  ====================================================================
fig1_scheme            scheme: from ``fig1_scheme.scheme(frames, index, model, molecule)``
fig2_learning_curves   learning_curve
fig3_kreg              kreg, scatter
fig4_dihedral          trajectories: ``trajectory,time_ps,dihedral``
fig5_scatter           predictions: of both properties
benchmark_heatmap      benchmark
canonical_axes            flips, gaps, accuracy
models_rotated         test_set
model_learning_curves  learning_curve
error_by_dihedral      table, gaps (optional)
equivariance           equivariance
data_distributions     frames_table, rotated_table, md_table: from ``data_distributions.table``
=====================  ====================================================================
"""

FIGURES = (
    "fig1_scheme",
    "fig2_learning_curves",
    "fig3_kreg",
    "fig4_dihedral",
    "fig5_scatter",
    "benchmark_heatmap",
    "canonical_axes",
    "models_rotated",
    "model_learning_curves",
    "error_by_dihedral",
    "equivariance",
    "data_distributions",
)
"""Names of the modules."""
