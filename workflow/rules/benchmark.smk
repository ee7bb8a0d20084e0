# Stage 6: descriptors x kernels, one job a descriptor.


rule benchmark_descriptor:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        molecule=MOLECULE,
    output:
        table="<results>/tables/benchmark/{axes}_{descriptor}.csv",
        errors="<results>/tables/benchmark_errors/{axes}_{descriptor}.csv",
    log:
        "<logs>/benchmark_descriptor/{axes}_{descriptor}.log",
    benchmark:
        "<benchmarks>/benchmark_descriptor/{axes}_{descriptor}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        kernels=config["benchmark"]["kernels"],
        fitting=FITTING,
        seed=config["seed"],
        code=code("benchmark_descriptor"),
    message:
        "Benchmark descriptor {wildcards.descriptor} in {wildcards.axes} axes"
    script:
        "../scripts/benchmark_descriptor.py"
