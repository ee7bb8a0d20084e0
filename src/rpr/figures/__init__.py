"""Figures: one module each, DataFrames in, matplotlib Figure out.

module.draw(...)                         saved by figures.style.save(figure, stem, data)
fig1_scheme.draw(scheme)                 scheme = fig1_scheme.scheme(frameset, index, model, molecule)
fig2_learning_curves.draw(learning_curve)                     tables/learning_curve.csv (model 'paper')
fig3_kreg.draw(kreg, scatter)                                 tables/kreg.csv, kreg_study.kreg_scatter
fig4_dihedral.draw(trajectories)                              trajectory,time_ps,dihedral (degrees)
fig5_scatter.draw(predictions)                                paper model, rotated set, both properties
benchmark_heatmap.draw(benchmark)
frame_study.draw(flips, gaps, accuracy)
models_rotated.draw(test_set)
model_learning_curves.draw(learning_curve)                    all models, mu_inv / alpha_inv, rotated
error_by_dihedral.draw(table)                                 studies.error_by_dihedral table
covariance.draw(covariance)
data_distributions.draw(frames_table, rotated_table)          data_distributions.table(frameset, molecule)
"""

FIGURES = (
    "fig1_scheme", "fig2_learning_curves", "fig3_kreg", "fig4_dihedral", "fig5_scatter",
    "benchmark_heatmap", "frame_study", "models_rotated", "model_learning_curves",
    "error_by_dihedral", "covariance", "data_distributions",
)
"""Module names; files are results/<run>/figures/<stem>.{pdf,svg,png,csv}, stem fig1..fig5 for the paper's."""
