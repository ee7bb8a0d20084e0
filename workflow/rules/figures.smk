# Stage 10: figures, each as PDF, SVG and PNG with the CSV that it draws.

TABLES = "<results>/tables"
FIGURES = {
    "fig1": {"module": "fig1_scheme", "scheme": [f"{TABLES}/scheme.csv"]},
    "fig2": {"module": "fig2_learning_curves", "learning_curve": [f"{TABLES}/learning_curve.csv"]},
    "fig3": {
        "module": "fig3_kreg",
        "kreg": [f"{TABLES}/kreg.csv"],
        "scatter": [f"{TABLES}/kreg_scatter.csv"],
    },
    "fig4": {"module": "fig4_dihedral", "trajectories": ["<results>/test_set/dihedrals.csv"]},
    "fig5": {
        "module": "fig5_scatter",
        "predictions": expand(
            f"{TABLES}/predictions/rotate-predict-rotate_{{p}}.csv", p=PROPERTIES
        ),
    },
    "benchmark": {"module": "benchmark_heatmap", "benchmark": [f"{TABLES}/benchmark.csv"]},
    "canonical_axes": {
        "module": "canonical_axes",
        "flips": [f"{TABLES}/axes_flips.csv"],
        "gaps": [f"{TABLES}/axes_gaps.csv"],
        "accuracy": [f"{TABLES}/axes_accuracy.csv"],
    },
    "models_rotated": {"module": "models_rotated", "test_set": [f"{TABLES}/test_set.csv"]},
    "model_learning_curves": {
        "module": "model_learning_curves",
        "learning_curve": [f"{TABLES}/learning_curve.csv"],
    },
    "error_by_dihedral": {
        "module": "error_by_dihedral",
        "table": [f"{TABLES}/error_by_dihedral.csv"],
        "gaps": [f"{TABLES}/axes_gaps.csv"],
    },
    "equivariance": {"module": "equivariance", "equivariance": [f"{TABLES}/equivariance.csv"]},
    "data_distributions": {
        "module": "data_distributions",
        "frames_table": [f"{TABLES}/distributions_frames.csv"],
        "rotated_table": [f"{TABLES}/distributions_rotated.csv"],
    },
    "label_distributions": {
        "module": "data_distributions",
        "frames_table": [f"{TABLES}/distributions_frames.csv"],
        "md_table": [f"{TABLES}/distributions_md.csv"],
    },
}


SAMPLES = {
    "frames": "<results>/dataset/frames.extxyz",
    "rotated": "<results>/test_set/frames.extxyz",
    "md": MD_FRAMES,
}


rule tabulate_scheme:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        model="<results>/models/rotate-predict-rotate_dipole_random.npz",
        molecule=MOLECULE,
    output:
        table="<results>/tables/scheme.csv",
    log:
        "<logs>/tabulate_scheme.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        molecule=molecule(),
        code=code("tabulate_scheme", PUBLISHED_MODEL),
    script:
        "../scripts/tabulate_scheme.py"


rule tabulate_distributions:
    input:
        frames=lambda wildcards: SAMPLES[wildcards.sample],
        molecule=MOLECULE,
    output:
        table="<results>/tables/distributions_{sample}.csv",
    log:
        "<logs>/tabulate_distributions/{sample}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        molecule=molecule(),
        code=code("tabulate_distributions"),
    script:
        "../scripts/tabulate_distributions.py"


for figure, parts in FIGURES.items():

    rule:
        name:
            f"draw_{figure}"
        input:
            **{key: paths for key, paths in parts.items() if key != "module"},
        output:
            multiext(f"<results>/figures/{figure}", pdf=".pdf", svg=".svg", csv=".csv"),
            png=report(
                f"<results>/figures/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Figures of the paper" if figure[3:].isdigit() else "Further figures",
                labels={"figure": figure},
            ),
        log:
            f"<logs>/draw_{figure}.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            module=parts["module"],
            arguments=[key for key in parts if key != "module"],
            code=code("draw_figure", f"rpr.report.figures.{parts['module']}"),
        script:
            "../scripts/draw_figure.py"


rule figures:
    input:
        expand("<results>/figures/{figure}.png", figure=FIGURES),
