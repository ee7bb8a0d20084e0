# Canonical frames compared: flips between steps, gap along the dihedral, accuracy.


rule count_flips:
    input:
        frames=MD_FRAMES,
        molecule=MOLECULE,
        code=library("studies/canonical_axes"),
    output:
        flips="<results>/tables/frame_study/flips.csv",
        gaps="<results>/tables/frame_study/gaps.csv",
    log:
        "<logs>/count_flips.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime=at_most(30),
    params:
        molecule=molecule(),
        frames=config["models"]["frames"],
        seed=config["seed"],
    script:
        "../scripts/count_flips.py"


rule compare_frames:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        test_set="<results>/test_set/frames.extxyz",
        molecule=MOLECULE,
        code=library("studies/canonical_axes"),
    output:
        table="<results>/tables/frame_study/accuracy_{property}.csv",
    log:
        "<logs>/compare_frames/{property}.log",
    benchmark:
        "<benchmarks>/compare_frames/{property}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        frames=config["models"]["frames"],
        descriptors=config["models"]["frame_descriptors"],
        validation_fraction=config["split"]["validation_fraction"],
        seed=config["seed"],
    script:
        "../scripts/compare_frames.py"
