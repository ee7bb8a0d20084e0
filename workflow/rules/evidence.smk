# The target `evidence`: what axes, descriptor and symmetry each are worth. It is no part of a run.

ABLATION = expand(
    "<results>/evidence/{part}_{property}_{repeat}.csv",
    part=["ablation", "torsion"] if config["molecule"]["dihedral"] else ["ablation"],
    property=PROPERTIES,
    repeat=range(config["evidence"]["n_repeats"]),
)
ABLATION_SIZES = {key: config["evidence"][key] for key in ("n_train", "n_test", "n_search")}
SPLIT_SIZES = {key: config["evidence"][key] for key in ("n_train", "n_test")}
PEERS = config["evidence"]["peers"]


rule ablation:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        thermal=THERMAL,
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
        sizes=ABLATION_SIZES,
        code=code("ablation", *{registry.REGISTRY[name].module for name in registry.MODELS}),
    message:
        "Ablation of axes, descriptor and symmetry, {wildcards.property}, split {wildcards.repeat}"
    script:
        "../scripts/ablation.py"


rule hold_out_torsion:
    input:
        frames="<results>/dataset/frames.extxyz",
        molecule=MOLECULE,
    output:
        table="<results>/evidence/torsion_{property}_{repeat}.csv",
    log:
        "<logs>/hold_out_torsion/{property}_{repeat}.log",
    benchmark:
        "<benchmarks>/hold_out_torsion/{property}_{repeat}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        sizes=ABLATION_SIZES,
        code=code("hold_out_torsion", registry.REGISTRY["covariant"].module),
    message:
        "Errors on dihedrals held out, {wildcards.property}, block {wildcards.repeat}"
    script:
        "../scripts/hold_out_torsion.py"


rule tabulate_ablation_steps:
    input:
        ablation=ABLATION,
    output:
        multiext("<results>/evidence/steps", md=".md", tex=".tex"),
        table="<results>/evidence/steps.csv",
        sentences="<results>/evidence/steps.txt",
    log:
        "<logs>/tabulate_ablation_steps.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        code=code("tabulate_ablation_steps"),
    message:
        "Tabulate what each step is worth"
    script:
        "../scripts/tabulate_ablation_steps.py"


rule compare_peers:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        thermal=THERMAL,
        peers=PEERS,
        molecule=MOLECULE,
    output:
        table="<results>/evidence/peers_{property}_{repeat}.csv",
    log:
        "<logs>/compare_peers/{property}_{repeat}.log",
    benchmark:
        "<benchmarks>/compare_peers/{property}_{repeat}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        sizes=SPLIT_SIZES,
        code=code("compare_peers", *{registry.REGISTRY[name].module for name in registry.MODELS}),
    message:
        "Compare with other programs, {wildcards.property}, split {wildcards.repeat}"
    script:
        "../scripts/compare_peers.py"


rule tabulate_peers:
    input:
        parts=expand(
            "<results>/evidence/peers_{property}_{repeat}.csv",
            property=PROPERTIES,
            repeat=range(config["evidence"]["n_repeats"]),
        ),
    output:
        multiext("<results>/evidence/peers", md=".md", tex=".tex"),
        table="<results>/evidence/peers.csv",
        by_set="<results>/evidence/peers_by_set.csv",
    log:
        "<logs>/tabulate_peers.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        code=code("tabulate_peers"),
    message:
        "Tabulate the comparison with other programs"
    script:
        "../scripts/tabulate_peers.py"


rule factor_span:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        molecule=MOLECULE,
    output:
        multiext("<results>/evidence/factor_span", md=".md", tex=".tex"),
        table="<results>/evidence/factor_span.csv",
        splits="<results>/evidence/factor_splits.csv",
    log:
        "<logs>/factor_span.log",
    benchmark:
        "<benchmarks>/factor_span.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        sizes=SPLIT_SIZES,
        n_repeats=config["evidence"]["n_repeats"],
        code=code("factor_span", PUBLISHED_MODEL),
    message:
        "The factor between rotated and random frames, over what the paper leaves open"
    script:
        "../scripts/factor_span.py"


rule compare_coordinate_weights:
    input:
        frames="<results>/dataset/frames.extxyz",
        molecule=MOLECULE,
    output:
        multiext("<results>/evidence/coordinate_weights", md=".md", tex=".tex"),
        table="<results>/evidence/coordinate_weights.csv",
        splits="<results>/evidence/coordinate_weight_splits.csv",
    log:
        "<logs>/compare_coordinate_weights.log",
    benchmark:
        "<benchmarks>/compare_coordinate_weights.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        sizes=SPLIT_SIZES,
        n_repeats=config["evidence"]["n_repeats"],
        code=code(
            "compare_coordinate_weights",
            PUBLISHED_MODEL,
            registry.REGISTRY["symmetrized"].module,
        ),
    message:
        "Validation errors by the weight of coordinates"
    script:
        "../scripts/compare_coordinate_weights.py"


rule compare_validations:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        thermal=THERMAL,
        molecule=MOLECULE,
    output:
        multiext("<results>/evidence/validation", md=".md", tex=".tex"),
        table="<results>/evidence/validation.csv",
        splits="<results>/evidence/validation_splits.csv",
    log:
        "<logs>/compare_validations.log",
    benchmark:
        "<benchmarks>/compare_validations.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        sizes=SPLIT_SIZES,
        n_repeats=config["evidence"]["n_repeats"],
        code=code(
            "compare_validations",
            *{
                registry.REGISTRY[name].module
                for name in ("rotate-predict-rotate", "folded", "symmetrized")
            },
        ),
    message:
        "Compare kernels, and validation on frames and on trajectories"
    script:
        "../scripts/compare_validations.py"


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
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        figures=[{"module": "ablation", "arguments": {"ablation": "ablation"}, "options": {}}],
        code=code("draw_figures", "rpr.report.figures.ablation"),
    message:
        "Draw the ablation"
    script:
        "../scripts/draw_figures.py"


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
        sizes=SPLIT_SIZES,
        n_repeats=config["evidence"]["n_repeats"],
        code=code(
            "arbitrary_signs",
            *(registry.REGISTRY[name].module for name in ("covariant", "arbitrary-sign")),
        ),
    message:
        "Learn dipoles of random sign"
    script:
        "../scripts/arbitrary_signs.py"
