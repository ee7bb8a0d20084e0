# Tables, each as CSV, Markdown and LaTeX.

MODEL_PROPERTIES = expand("{model}_{property}", model=MODELS, property=PROPERTIES)
CURVE_STEMS = expand("{model}_{property}", model=config["models"]["names"], property=PROPERTIES)
BENCHMARKS = expand(
    "{axes}_{descriptor}",
    axes=config["benchmark"]["axes"],
    descriptor=config["benchmark"]["descriptors"],
) + expand("inertia-raw_{descriptor}", descriptor=["RE", "RExyzCl"])
PROBABILISTIC = [m for m in MODELS if registry.REGISTRY[m].covariances]
PROBABILISTIC_STEMS = expand("{model}_{property}", model=PROBABILISTIC, property=PROPERTIES)
PREDICTIONS = expand("<results>/tables/predictions/{stem}.csv", stem=MODEL_PROPERTIES)
PARTS = {
    "benchmark": expand("<results>/tables/benchmark/{stem}.csv", stem=BENCHMARKS),
    "learning_curve": expand("<results>/tables/learning_curve/{stem}.csv", stem=CURVE_STEMS),
    "kreg": expand("<results>/tables/kreg/{potential}.csv", potential=["plain", "symmetric"]),
    "cost": expand("<results>/tables/cost/{property}.csv", property=PROPERTIES),
    "equivariance": expand("<results>/tables/equivariance/{stem}.csv", stem=MODEL_PROPERTIES),
    "axes_flips": ["<results>/tables/canonical_axes/flips.csv"],
    "axes_gaps": ["<results>/tables/canonical_axes/gaps.csv"],
    "axes_accuracy": expand(
        "<results>/tables/canonical_axes/accuracy_{property}.csv", property=PROPERTIES
    ),
}
if PROBABILISTIC:
    PARTS |= {
        table: expand(f"<results>/tables/{table}/{{stem}}.csv", stem=PROBABILISTIC_STEMS)
        for table in ("calibration", "calibration_by_size")
    }
OF_THE_PUBLISHED = {"benchmark", "cost", "axes_flips", "axes_gaps", "axes_accuracy"}
if not WITH_PUBLISHED:
    PARTS = {name: parts for name, parts in PARTS.items() if name not in OF_THE_PUBLISHED}
CAPTIONS = {
    "benchmark": "Errors of every descriptor and kernel, by component.",
    "learning_curve": "Errors against the number of training frames.",
    "kreg": "Errors of the KREG potential against the number of training frames.",
    "cost": "Processor time of the published model on the machine of this run.",
    "equivariance": "Deviation from exact equivariance under every operation.",
    "calibration": "Scores of predicted covariances: how far predicted errors can be trusted.",
    "calibration_by_size": "Errors in bins of the predicted error.",
    "axes_flips": "Sign flips of canonical axes between molecular-dynamics steps.",
    "axes_gaps": "Gap between neighbouring moments of inertia along the dihedral.",
    "axes_accuracy": "Errors of the published model in different canonical axes.",
}


# Tables of errors of all models.
ERRORS = ["test_set", "rmse", "models", "comparison", "error_by_dihedral", "spherical"]


rule collect_table:
    input:
        parts=lambda wildcards: PARTS[wildcards.table],
    output:
        multiext("<results>/tables/{table}", csv=".csv", md=".md", tex=".tex"),
    log:
        "<logs>/collect_table/{table}.log",
    wildcard_constraints:
        table="|".join(PARTS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        caption=lambda wildcards: CAPTIONS[wildcards.table],
        code=code("collect_table"),
    message:
        "Collect the table {wildcards.table}"
    script:
        "../scripts/collect_table.py"


rule tabulate_errors:
    input:
        predictions=PREDICTIONS,
    output:
        expand(
            "<results>/tables/{table}.{form}",
            table=ERRORS,
            form=["md", "tex"],
        ),
        test_set="<results>/tables/test_set.csv",
        rmse="<results>/tables/rmse.csv",
        models="<results>/tables/models.csv",
        comparison="<results>/tables/comparison.csv",
        by_dihedral="<results>/tables/error_by_dihedral.csv",
        spherical="<results>/tables/spherical.csv",
    log:
        "<logs>/tabulate_errors.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(30),
    params:
        code=code("tabulate_errors"),
    message:
        "Tabulate the errors of all models"
    script:
        "../scripts/tabulate_errors.py"


rule tabulate_hyperparameters:
    input:
        models=expand("<results>/models/{stem}.npz", stem=MODEL_STEMS),
    output:
        multiext("<results>/tables/hyperparameters", md=".md", tex=".tex"),
        table="<results>/tables/hyperparameters.csv",
    log:
        "<logs>/tabulate_hyperparameters.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        names=[(m, s) for m in MODELS for p in PROPERTIES for s in ("random", "held_out")],
        n_train=config["split"]["n_train"],
        code=code("tabulate_hyperparameters"),
    message:
        "Tabulate the hyper-parameters of the models"
    script:
        "../scripts/tabulate_hyperparameters.py"


rule write_provenance:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        thermal=THERMAL,
    output:
        provenance="<results>/provenance.json",
    log:
        "<logs>/write_provenance.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        config=config,
        software=software,
        code=code("write_provenance"),
    message:
        "Write the provenance"
    script:
        "../scripts/write_provenance.py"


rule summarize_run:
    input:
        test_set="<results>/tables/test_set.csv",
        claims="<results>/tables/claims.csv",
        provenance="<results>/provenance.json",
    output:
        multiext("<results>/summary", md=".md", rst=".rst"),
    log:
        "<logs>/summarize_run.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        code=code("summarize_run"),
    message:
        "Summarize the run"
    script:
        "../scripts/summarize_run.py"


rule tables:
    input:
        expand("<results>/tables/{table}.csv", table=PARTS),
        rules.tabulate_errors.output,
        rules.tabulate_hyperparameters.output,
        "<results>/tables/coverage.csv",
        rules.judge_claims.output,
        branch(
            WITH_PUBLISHED,
            then=[
                *rules.compare_published.output,
                *rules.learn_rank_three.output,
                "<results>/tables/benchmark_pairs.csv",
            ],
            otherwise=[],
        ),
    message:
        "All tables are there"
