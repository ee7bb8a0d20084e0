# Stage 3: molecular dynamics, one job a trajectory, which labels its steps if it has their level.

ALWAYS = ("energy", "forces", "dipole")  # come with every step
MADE = {"frames": "<results>/md/trajectories/{trajectory}.extxyz"}
if WITH_DYNAMICS:
    MADE["failures"] = "<results>/md/trajectories/{trajectory}_failures.csv"


rule run_trajectory:
    input:
        initial_conditions="<results>/md/initial_conditions.npz",
        geometry=f"<results>/geometries/md/{REFERENCE}.xyz",
    output:
        **MADE,
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
        properties=[n for n in LABELS if n not in ALWAYS] if WITH_DYNAMICS else [],
        seed=lambda wildcards: seed("dynamics", int(wildcards.trajectory)),
        checkpoint=lambda wildcards, output: f"{output.frames}.partial",
    message:
        "Run trajectory {wildcards.trajectory}"
    script:
        "../scripts/run_trajectory.py"


if config["md"]["n_steps"] == 0:

    rule take_initial_conditions:
        input:
            initial_conditions="<results>/md/initial_conditions.npz",
            geometry=f"<results>/geometries/md/{REFERENCE}.xyz",
        output:
            frames="<results>/md/frames.extxyz",
        log:
            "<logs>/take_initial_conditions.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=at_most(1000),
            runtime=at_most(10),
        params:
            molecule=molecule(),
            code=code("take_initial_conditions"),
        message:
            "Take the initial conditions as frames"
        script:
            "../scripts/take_initial_conditions.py"

else:

    rule collect_trajectories:
        input:
            **{name: expand(path, trajectory=TRAJECTORIES) for name, path in MADE.items()},
        output:
            **{
                name: path.replace("trajectories/{trajectory}", "frames")
                for name, path in MADE.items()
            },
        log:
            "<logs>/collect_trajectories.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=at_most(2000),
            runtime=at_most(10),
        params:
            code=code("collect_trajectories"),
        message:
            "Collect the trajectories"
        script:
            "../scripts/collect_trajectories.py"
