# The target `evidence`: what axes, descriptor and symmetry each are worth. It is no part of a run.

ABLATION = expand(
    "<results>/evidence/ablation_{property}_{repeat}.csv",
    property=PROPERTIES,
    repeat=range(config["evidence"]["n_repeats"]),
)


rule ablation:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        molecule=MOLECULE,
    output:
        table="<results>/evidence/ablation_{property}_{repeat}.csv",
    log:
        "<logs>/ablation/{property}_{repeat}.log",
    benchmark:
        "<benchmarks>/ablation/{property}_{repeat}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        sizes={key: config["evidence"][key] for key in ("n_train", "n_test")},
        code=code("ablation", *{registry.REGISTRY[name].module for name in registry.MODELS}),
    message:
        "Ablation of axes, descriptor and symmetry, {wildcards.property}, split {wildcards.repeat}"
    script:
        "../scripts/ablation.py"


rule draw_ablation:
    input:
        ablation=ABLATION,
    output:
        multiext("<results>/evidence/ablation", pdf=".pdf", svg=".svg", csv=".csv", png=".png"),
    log:
        "<logs>/draw_ablation.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        module="ablation",
        arguments=["ablation"],
        options={},
        code=code("draw_figure", "rpr.report.figures.ablation"),
    message:
        "Draw the ablation"
    script:
        "../scripts/draw_figure.py"


rule arbitrary_signs:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        molecule=MOLECULE,
    output:
        multiext("<results>/evidence/arbitrary_signs", md=".md", tex=".tex"),
        table="<results>/evidence/arbitrary_signs.csv",
    log:
        "<logs>/arbitrary_signs.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        sizes={key: config["evidence"][key] for key in ("n_train", "n_test")},
        n_repeats=config["evidence"]["n_repeats"],
        code=code(
            "arbitrary_signs",
            *(registry.REGISTRY[name].module for name in ("covariant", "arbitrary-sign")),
        ),
    message:
        "Learn dipoles of random sign"
    script:
        "../scripts/arbitrary_signs.py"
