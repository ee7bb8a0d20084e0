# Stage 3: molecular dynamics, one job a trajectory.


rule run_trajectory:
    input:
        initial_conditions="<results>/md/initial_conditions.npz",
        geometry=f"<results>/geometries/md/{REFERENCE}.xyz",
    output:
        frames="<results>/md/trajectories/{trajectory}.extxyz",
    log:
        "<logs>/run_trajectory/{trajectory}.log",
    benchmark:
        "<benchmarks>/run_trajectory/{trajectory}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("md_mem_mb"),
        runtime=minutes(config["md"]["n_steps"] * config["resources"]["md_seconds_per_step"]),
    params:
        molecule=molecule(),
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        md=config["md"],
        seed=lambda wildcards: seed("dynamics", int(wildcards.trajectory)),
        checkpoint=lambda wildcards, output: f"{output.frames}.partial",
    script:
        "../scripts/run_trajectory.py"


rule collect_trajectories:
    input:
        frames=expand("<results>/md/trajectories/{trajectory}.extxyz", trajectory=TRAJECTORIES),
    output:
        frames="<results>/md/frames.extxyz",
    log:
        "<logs>/collect_trajectories.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("collect_trajectories"),
    script:
        "../scripts/collect_trajectories.py"
