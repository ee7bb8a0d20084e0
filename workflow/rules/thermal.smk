# Stage 9: the thermal test set. Its distribution is checked by the target `thermal` alone.

THERMAL = "<results>/thermal/frames.extxyz" if PLAN.thermal_source else []
THERMAL_SHARDS = jobs.shards(config["thermal"]["n_frames"], SHARD_SIZE)


rule sample_thermal_frames:
    input:
        model="<results>/models/kreg.npz",
        molecule=MOLECULE,
    output:
        frames="<results>/thermal/unlabelled.extxyz",
    log:
        "<logs>/sample_thermal_frames.log",
    benchmark:
        "<benchmarks>/sample_thermal_frames.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        thermal=config["thermal"],
        seed=seed("thermal"),
        code=code("sample_thermal_frames", KREG),
    message:
        "Sample thermal frames on the KREG potential"
    script:
        "../scripts/sample_thermal_frames.py"


use rule label_frames as label_thermal_frames with:
    input:
        frames="<results>/thermal/unlabelled.extxyz",
    output:
        frames="<results>/thermal/shards/{shard}.extxyz",
        failures="<results>/thermal/shards/{shard}_failures.csv",
    log:
        "<logs>/label_thermal_frames/{shard}.log",
    benchmark:
        "<benchmarks>/label_thermal_frames/{shard}.tsv"
    message:
        "Label thermal frames, shard {wildcards.shard}"


use rule assemble_test_set as assemble_thermal with:
    input:
        frames=branch(
            PLAN.thermal_source == "deposit",
            then=["<results>/labels/deposit/thermal.extxyz"],
            otherwise=expand("<results>/thermal/shards/{shard}.extxyz", shard=THERMAL_SHARDS),
        ),
        failures=branch(
            PLAN.thermal_source == "deposit",
            then=[],
            otherwise=expand(
                "<results>/thermal/shards/{shard}_failures.csv", shard=THERMAL_SHARDS
            ),
        ),
        geometry=GEOMETRIES[REFERENCE],
    output:
        frames="<results>/thermal/frames.extxyz",
        failures="<results>/thermal/failures.csv",
    log:
        "<logs>/assemble_thermal.log",
    message:
        "Assemble the thermal test set"


rule compare_thermal_distribution:
    input:
        model="<results>/models/kreg.npz",
        molecule=MOLECULE,
    output:
        multiext("<results>/thermal/distribution", md=".md", tex=".tex"),
        table="<results>/thermal/distribution.csv",
    log:
        "<logs>/compare_thermal_distribution.log",
    benchmark:
        "<benchmarks>/compare_thermal_distribution.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        thermal=config["thermal"],
        seeds={"sample": seed("thermal", "long"), "torque": seed("thermal", "torque")},
        code=code("compare_thermal_distribution", KREG),
    message:
        "Compare sampled dihedrals with their Boltzmann weights"
    script:
        "../scripts/compare_thermal_distribution.py"


rule draw_thermal:
    input:
        distribution=["<results>/thermal/distribution.csv"],
    output:
        multiext("<results>/thermal/dihedrals", pdf=".pdf", svg=".svg", csv=".csv", png=".png"),
    log:
        "<logs>/draw_thermal.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        figures=[
            {"module": "thermal", "arguments": {"distribution": "distribution"}, "options": {}}
        ],
        code=code("draw_figures", "rpr.report.figures.thermal"),
    message:
        "Draw the dihedrals of thermal frames"
    script:
        "../scripts/draw_figures.py"
