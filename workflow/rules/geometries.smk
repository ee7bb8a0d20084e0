# Stages 1 and 2: minima, their frequencies, and the initial conditions of the dynamics.


STAGE_MEGABYTES = {"md": megabytes("md_mem_mb"), "labels": megabytes("label_mem_mb")}
OPTIMISER_MINUTES = {
    stage: minutes(config["optimisation"]["max_steps"] * config["resources"][seconds])
    for stage, seconds in (("md", "md_seconds_per_step"), ("labels", "label_seconds_per_frame"))
}


rule optimise_geometry:
    input:
        geometry=lambda wildcards: STARTS[wildcards.conformer],
    output:
        geometry="<results>/geometries/{stage}/{conformer}.xyz",
    log:
        "<logs>/optimise_geometry/{stage}_{conformer}.log",
    benchmark:
        "<benchmarks>/optimise_geometry/{stage}_{conformer}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=of_stage(STAGE_MEGABYTES),
        runtime=of_stage(OPTIMISER_MINUTES),
    params:
        journal=lambda wildcards, output: f"{output.geometry}.partial",
        method=lambda wildcards: config[wildcards.stage]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        optimisation=config["optimisation"],
    message:
        "Optimize {wildcards.conformer}, level of theory of {wildcards.stage}"
    script:
        "../scripts/optimise_geometry.py"


rule compute_frequencies:
    input:
        geometry="<results>/geometries/md/{conformer}.xyz",
    output:
        hessian="<results>/geometries/md/{conformer}_hessian.npz",
        frequencies="<results>/geometries/md/{conformer}_frequencies.csv",
    log:
        "<logs>/compute_frequencies/{conformer}.log",
    benchmark:
        "<benchmarks>/compute_frequencies/{conformer}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("md_mem_mb"),
        runtime=lambda wildcards, attempt: max(
            240 * attempt, minutes(2 * HESSIAN_STEPS * MD_SECONDS)(wildcards, attempt)
        ),
    params:
        journal=lambda wildcards, output: f"{output.hessian}.partial",
        method=config["md"]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
    message:
        "Compute the frequencies of {wildcards.conformer}"
    script:
        "../scripts/compute_frequencies.py"


rule sample_initial_conditions:
    input:
        geometry=f"<results>/geometries/md/{REFERENCE}.xyz",
        hessian=f"<results>/geometries/md/{REFERENCE}_hessian.npz",
        minima=expand("<results>/geometries/md/{conformer}_frequencies.csv", conformer=CONFORMERS),
        found=FOUND_MINIMA,
    output:
        initial_conditions="<results>/md/initial_conditions.npz",
    log:
        "<logs>/sample_initial_conditions.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        temperature_K=config["initial_conditions"]["temperature_K"],
        n_trajectories=config["initial_conditions"]["n_trajectories"],
        scan=config["initial_conditions"]["scan"],
        dihedral=config["initial_conditions"]["dihedral"],
        rotors=config["initial_conditions"]["rotors"],
        seed=seed("wigner"),
        code=code("sample_initial_conditions"),
    message:
        "Sample initial conditions"
    script:
        "../scripts/sample_initial_conditions.py"
