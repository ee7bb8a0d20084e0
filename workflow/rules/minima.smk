# Stage 1, if only one geometry is given: its minima, by a scan of its torsions.

MINIMA = "<results>/geometries/minima"
STARTS = {REFERENCE: f"{MINIMA}/reference.xyz"} if PLAN.searched else GEOMETRIES
MINIMA_FRAMES = f"{MINIMA}/minima.extxyz" if PLAN.searched else []
FOUND_MINIMA = f"{MINIMA}/minima.npz" if PLAN.searched else []

# Gradients of a Hessian of 20 atoms by differences, and steps of the search: most candidates are
# near a minimum already.
HESSIAN_STEPS = 120
MINIMA_STEPS = config["conformers"]["most"] * (config["optimisation"]["max_steps"] + HESSIAN_STEPS)
MD_SECONDS = config["resources"]["md_seconds_per_step"]
BONDED = {k: v for k, v in molecule().items() if k not in ("anchors", "dihedral")}


rule scan_torsions:
    input:
        geometry=GEOMETRIES[REFERENCE],
    output:
        candidates=f"{MINIMA}/candidates.extxyz",
    log:
        "<logs>/scan_torsions.log",
    benchmark:
        "<benchmarks>/scan_torsions.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("md_mem_mb"),
        runtime=at_most(240),
    params:
        journal=lambda wildcards, output: f"{output.candidates}.partial",
        molecule=BONDED,
        method=config["conformers"]["method"],
        md_method=config["md"]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        seed=seed("conformers"),
    message:
        "Scan the torsions"
    script:
        "../scripts/scan_torsions.py"


rule optimise_minima:
    input:
        geometry=GEOMETRIES[REFERENCE],
        candidates=f"{MINIMA}/candidates.extxyz",
    output:
        reference=f"{MINIMA}/reference.xyz",
        minima=f"{MINIMA}/minima.npz",
        frames=f"{MINIMA}/minima.extxyz",
        table=f"{MINIMA}/minima.csv",
    log:
        "<logs>/optimise_minima.log",
    benchmark:
        "<benchmarks>/optimise_minima.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("md_mem_mb"),
        runtime=lambda wildcards, attempt: max(
            240 * attempt, minutes(MINIMA_STEPS * MD_SECONDS)(wildcards, attempt)
        ),
    params:
        journal=lambda wildcards, output: f"{output.minima}.partial",
        molecule=BONDED,
        method=config["md"]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        conformers=config["conformers"],
        optimisation=config["optimisation"],
    message:
        "Optimize the minima"
    script:
        "../scripts/optimise_minima.py"
