# Stage 10: figures, each as PDF, SVG and PNG with the CSV that it draws.

TABLES = "<results>/tables"
MAIN, OF_THE_PAPER, FURTHER = "1 Main results", "2 Figures of the paper", "3 Further figures"
FIGURES = {
    "fig1": {
        "title": "Figure 1: rotate, predict, rotate",
        "category": OF_THE_PAPER,
        "module": "fig1_scheme",
        "tables": {"scheme": [f"{TABLES}/scheme.csv"]},
    },
    "fig2": {
        "title": "Figure 2: learning curves of the published model",
        "category": OF_THE_PAPER,
        "module": "fig2_learning_curves",
        "tables": {"learning_curve": [f"{TABLES}/learning_curve.csv"]},
    },
    "fig3": {
        "title": "Figure 3: the KREG potential",
        "category": OF_THE_PAPER,
        "module": "fig3_kreg",
        "tables": {"kreg": [f"{TABLES}/kreg.csv"], "scatter": [f"{TABLES}/kreg_scatter.csv"]},
    },
    "fig4": {
        "title": "Figure 4: trajectories of the rotated test set",
        "category": OF_THE_PAPER,
        "module": "fig4_dihedral",
        "tables": {"trajectories": ["<results>/test_set/dihedrals.csv"]},
    },
    "fig5": {
        "title": "Figure 5: predictions of the published model on the rotated test set",
        "category": OF_THE_PAPER,
        "module": "fig5_scatter",
        "tables": {
            "predictions": expand(
                f"{TABLES}/predictions/rotate-predict-rotate_{{p}}.csv", p=PROPERTIES
            )
        },
    },
    "models_rotated": {
        "title": "Errors of every model on every test set",
        "category": MAIN,
        "module": "models_rotated",
        "tables": {"test_set": [f"{TABLES}/test_set.csv"]},
    },
    "model_learning_curves": {
        "title": "Learning curves of every model on the rotated test set",
        "category": MAIN,
        "module": "model_learning_curves",
        "tables": {"learning_curve": [f"{TABLES}/learning_curve.csv"]},
    },
    "best_model": {
        "title": "Predictions of the most accurate model on the rotated test set",
        "category": MAIN,
        "module": "best_model",
        "tables": {"predictions": PREDICTIONS},
    },
    "spherical": {
        "title": "Isotropic and anisotropic polarizability of the published and of the best model",
        "category": FURTHER,
        "module": "spherical",
        "tables": {"predictions": PREDICTIONS},
    },
    "error_by_dihedral": {
        "title": "Errors of the models along the dihedral",
        "category": MAIN,
        "module": "error_by_dihedral",
        "tables": {
            "table": [f"{TABLES}/error_by_dihedral.csv"],
            "gaps": [f"{TABLES}/axes_gaps.csv"],
        },
    },
    "benchmark": {
        "title": "Benchmark of descriptors and kernels",
        "category": FURTHER,
        "module": "benchmark_heatmap",
        "tables": {"benchmark": [f"{TABLES}/benchmark.csv"]},
    },
    "canonical_axes": {
        "title": "Canonical axes compared",
        "category": FURTHER,
        "module": "canonical_axes",
        "tables": {
            "flips": [f"{TABLES}/axes_flips.csv"],
            "gaps": [f"{TABLES}/axes_gaps.csv"],
            "accuracy": [f"{TABLES}/axes_accuracy.csv"],
        },
    },
    "equivariance": {
        "title": "Do predictions turn with the molecule?",
        "category": FURTHER,
        "module": "equivariance",
        "tables": {"equivariance": [f"{TABLES}/equivariance.csv"]},
    },
    "data_distributions": {
        "title": "Distributions of training and test frames",
        "category": FURTHER,
        "module": "data_distributions",
        "tables": {
            "frames_table": [f"{TABLES}/distributions_frames.csv"],
            "rotated_table": [f"{TABLES}/distributions_rotated.csv"],
        },
    },
    "label_distributions": {
        "title": "Distributions of labelled frames and of the dynamics",
        "category": FURTHER,
        "module": "data_distributions",
        "tables": {
            "frames_table": [f"{TABLES}/distributions_frames.csv"],
            "md_table": [f"{TABLES}/distributions_md.csv"],
        },
    },
}
for hands in ("one-hand", "both-hands"):
    if (model := f"rotate-predict-rotate-{hands}") in MODELS:
        FIGURES[f"fig5_{hands.replace('-', '_')}"] = {
            "title": f"Figure 5 for training frames of {hands.replace('-', ' ')}",
            "category": OF_THE_PAPER,
            "module": "fig5_scatter",
            "options": {"model": model},
            "caption": "fig5_hands",
            "tables": {
                "predictions": expand(f"{TABLES}/predictions/{model}_{{p}}.csv", p=PROPERTIES)
            },
        }
if FEWER_LABELS:
    FIGURES["fewer_labels"] = {
        "title": "Fewer labels: what derivatives of the dipole save",
        "category": MAIN,
        "module": "fewer_labels",
        "tables": {"fewer_labels": FEWER_LABELS},
    }
OF_SPECTRA = {
    "spectra": {
        "title": "Infrared and Raman spectra",
        "category": MAIN,
        "module": "spectra",
        "tables": {
            "infrared": [f"{SPECTRA_TABLES}/infrared.csv"],
            "raman": [f"{SPECTRA_TABLES}/raman.csv"],
            "lines": [f"{SPECTRA_TABLES}/harmonic.csv"],
            "conformers": [f"{SPECTRA_TABLES}/conformers.csv"],
        },
    },
    "spectra_of_models": {
        "title": "Spectra of all models, and where their dipoles jump",
        "category": FURTHER,
        "module": "spectra_of_models",
        "tables": {
            "spectra": [f"{SPECTRA_TABLES}/models_infrared.csv"],
            "jumps": [f"{SPECTRA_TABLES}/models_jumps.csv"],
        },
    },
}
if SPECTRA_BATCHES:
    FIGURES |= {name: OF_SPECTRA[name] for name in SPECTRA_FIGURES}
if PROBABILISTIC:
    FIGURES["calibration"] = {
        "title": "Are predicted errors as large as errors?",
        "category": MAIN,
        "module": "calibration",
        "tables": {
            "calibration": [f"{TABLES}/calibration.csv"],
            "by_size": [f"{TABLES}/calibration_by_size.csv"],
        },
    }
if not WITH_PUBLISHED:
    for name in ("fig1", "fig2", "fig5", "benchmark", "canonical_axes"):
        del FIGURES[name]
    del FIGURES["error_by_dihedral"]["tables"]["gaps"]
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
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        code=code("tabulate_scheme", PUBLISHED_MODEL),
    message:
        "Follow one frame through rotate, predict, rotate"
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
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        code=code("tabulate_distributions"),
    message:
        "Tabulate distributions of {wildcards.sample} frames"
    script:
        "../scripts/tabulate_distributions.py"


# One job for all figures of a part, as each takes less time to draw than to import what draws it.
PARTS_OF_FIGURES = {"paper": OF_THE_PAPER, "main": MAIN, "further": FURTHER}
# A deposit contains this one, and needs no model for it.
OF_LABELS = ["label_distributions"]
DRAWN = {
    part: [
        f
        for f in FIGURES
        if f not in OF_SPECTRA and f not in OF_LABELS and FIGURES[f]["category"] == category
    ]
    for part, category in PARTS_OF_FIGURES.items()
}
DRAWN["labels"] = OF_LABELS
DRAWN["spectra"] = [figure for figure in OF_SPECTRA if figure in FIGURES]

for part, drawn in DRAWN.items():
    if not drawn:
        continue

    rule:
        name:
            f"draw_{part}"
        input:
            **{
                f"{figure}_{table}": paths
                for figure in drawn
                for table, paths in FIGURES[figure]["tables"].items()
            },
        output:
            expand("<results>/figures/{figure}.{form}", figure=drawn, form=["pdf", "svg", "csv"]),
            png=[
                report(
                    f"<results>/figures/{figure}.png",
                    caption=f"../report/{FIGURES[figure].get('caption', figure)}.rst",
                    category=FIGURES[figure]["category"],
                    labels={"figure": FIGURES[figure]["title"]},
                )
                for figure in drawn
            ],
        log:
            f"<logs>/draw_{part}.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=at_most(2000),
            runtime=at_most(10),
        params:
            figures=[
                {
                    "module": FIGURES[figure]["module"],
                    "arguments": {
                        table: f"{figure}_{table}" for table in FIGURES[figure]["tables"]
                    },
                    "options": FIGURES[figure].get("options", {}),
                }
                for figure in drawn
            ],
            code=code(
                "draw_figures",
                *[f"rpr.report.figures.{FIGURES[figure]['module']}" for figure in drawn],
            ),
        message:
            f"Draw {', '.join(drawn)}"
        script:
            "../scripts/draw_figures.py"


rule figures:
    input:
        expand("<results>/figures/{figure}.png", figure=FIGURES),
    message:
        "All figures are there"
