# Canonical axes compared: flips between steps, gap along the dihedral, accuracy.


rule analyse_axes:
    input:
        frames=MD_FRAMES,
        molecule=MOLECULE,
    output:
        flips="<results>/tables/canonical_axes/flips.csv",
        gaps="<results>/tables/canonical_axes/gaps.csv",
    log:
        "<logs>/analyse_axes.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(30),
    params:
        molecule=molecule(),
        axes=config["models"]["axes"],
        seed=config["seed"],
        code=code("analyse_axes"),
    message:
        "Count flips of canonical axes"
    script:
        "../scripts/analyse_axes.py"


rule learn_rank_three:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        test_set="<results>/test_set/frames.extxyz",
        molecule=MOLECULE,
    output:
        multiext("<results>/tables/rank_three", md=".md", tex=".tex"),
        table="<results>/tables/rank_three.csv",
    log:
        "<logs>/learn_rank_three.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        fitting=FITTING,
        seed=config["seed"],
        code=code("learn_rank_three"),
    message:
        "Learn a tensor of rank 3"
    script:
        "../scripts/learn_rank_three.py"


rule compare_axes:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        test_set="<results>/test_set/frames.extxyz",
        molecule=MOLECULE,
    output:
        table="<results>/tables/canonical_axes/accuracy_{property}.csv",
    log:
        "<logs>/compare_axes/{property}.log",
    benchmark:
        "<benchmarks>/compare_axes/{property}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        axes=config["models"]["axes"],
        descriptors=config["models"]["axes_descriptors"],
        fitting=FITTING,
        seed=config["seed"],
        code=code("compare_axes", PUBLISHED_MODEL),
    message:
        "Compare canonical axes, {wildcards.property}"
    script:
        "../scripts/compare_axes.py"
