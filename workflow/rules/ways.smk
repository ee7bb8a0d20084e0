# The target `ways`: ways to equivariance compared on the same frames. It is no part of a run.

WAYS = config["ways"]
WAYS_REPEATS = range(WAYS["n_repeats"])
WAYS_MODELS = {registry.REGISTRY[name].module for name in registry.MODELS}
WAYS_FRAMES = {
    "frames": "<results>/dataset/frames.extxyz",
    "test_set": "<results>/test_set/frames.extxyz",
    "molecule": MOLECULE,
}


rule write_ways_split:
    input:
        **WAYS_FRAMES,
    output:
        folder=directory("<results>/ways/split_{repeat}"),
    log:
        "<logs>/write_ways_split/{repeat}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        sizes=WAYS["sizes"],
        n_test=WAYS["n_test"],
        n_applied=WAYS["n_applied"],
        code=code("write_ways_split"),
    message:
        "Write split {wildcards.repeat} for other programs"
    script:
        "../scripts/write_ways_split.py"


rule measure_ways:
    input:
        **WAYS_FRAMES,
        predictions=WAYS["predictions"],
    output:
        table="<results>/ways/measured/{repeat}.csv",
    log:
        "<logs>/measure_ways/{repeat}.log",
    benchmark:
        "<benchmarks>/measure_ways/{repeat}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        sizes=WAYS["sizes"],
        n_test=WAYS["n_test"],
        n_applied=WAYS["n_applied"],
        code=code("measure_ways", *WAYS_MODELS),
    message:
        "Ways to equivariance, split {wildcards.repeat}"
    script:
        "../scripts/measure_ways.py"


rule tabulate_ways:
    input:
        parts=expand("<results>/ways/measured/{repeat}.csv", repeat=WAYS_REPEATS),
    output:
        multiext("<results>/ways/ways", md=".md", tex=".tex"),
        table="<results>/ways/ways.csv",
    log:
        "<logs>/tabulate_ways.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        n_reference=WAYS["n_reference"],
        target=WAYS["target"],
        code=code("tabulate_ways"),
    message:
        "Tabulate the ways to equivariance"
    script:
        "../scripts/tabulate_ways.py"


rule draw_ways:
    input:
        ways=["<results>/ways/ways.csv"],
    output:
        multiext("<results>/ways/figure", pdf=".pdf", svg=".svg", csv=".csv", png=".png"),
    log:
        "<logs>/draw_ways.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        figures=[{"module": "ways", "arguments": {"ways": "ways"}, "options": {}}],
        code=code("draw_figures", "rpr.report.figures.ways"),
    message:
        "Draw the ways to equivariance"
    script:
        "../scripts/draw_figures.py"


rule measure_axes_sensitivity:
    input:
        frames="<results>/dataset/frames.extxyz",
        molecule=MOLECULE,
    output:
        multiext("<results>/ways/axes_sensitivity", md=".md", tex=".tex"),
        table="<results>/ways/axes_sensitivity.csv",
    log:
        "<logs>/measure_axes_sensitivity.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(30),
    params:
        molecule=molecule(),
        code=code("measure_axes_sensitivity"),
    message:
        "Measure how far canonical axes turn when one atom moves"
    script:
        "../scripts/measure_axes_sensitivity.py"
