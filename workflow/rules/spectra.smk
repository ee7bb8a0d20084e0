# Stage 11: infrared and Raman spectra from dynamics on the KREG potential.

SPECTRA = config["spectra"]
SPECTRA_BATCHES = jobs.shards(SPECTRA["n_trajectories"], SPECTRA["batch_size"])
SPECTRA_MODEL = PLAN.spectra_model
SPECTRA_TABLES = "<results>/tables/spectra"
SPECTRA_POTENTIAL = {
    "potential": "<results>/models/kreg.npz",
    **{p: f"<results>/models/{SPECTRA_MODEL}_{p}_random.npz" for p in PROPERTIES},
}
SEGMENTS = expand("<results>/spectra/trajectories_{batch}.npz", batch=SPECTRA_BATCHES)
# Models whose dipoles are carried along the same trajectories: those with canonical axes.
CARRIED = [m for m in MODELS if m not in ("laboratory", "augmented", SPECTRA_MODEL)]
SPECTRA_OF = ["infrared", "raman", "harmonic", "conformers"]
if CARRIED:
    SPECTRA_OF += ["models_infrared", "models_jumps"]
if SPECTRA["reference"] is not None:
    SPECTRA_OF.append("harmonic_limit")
LINED = [SPECTRA_MODEL, *CARRIED]
SPECTRA_FIGURES = ["spectra", "spectra_of_models"] if CARRIED else ["spectra"]


wildcard_constraints:
    batch=r"\d+",


rule find_minima:
    input:
        **SPECTRA_POTENTIAL,
        molecule=MOLECULE,
        geometries=list(GEOMETRIES.values()),
        found=MINIMA_FRAMES,
    output:
        minima="<results>/spectra/minima.npz",
        lines="<results>/tables/spectra/harmonic.csv",
    log:
        "<logs>/find_minima.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        names=CONFORMERS,
        seed=seed("spectra", "draws"),
        spectra={key: SPECTRA[key] for key in ("laser_nm", "temperature_K", "n_draws")},
        code=code("find_minima", KREG, registry.REGISTRY[SPECTRA_MODEL].module),
    message:
        "Find the minima of the KREG potential and their harmonic lines"
    script:
        "../scripts/find_minima.py"


rule run_thermal_trajectories:
    input:
        **SPECTRA_POTENTIAL,
        minima="<results>/spectra/minima.npz",
        molecule=MOLECULE,
    output:
        segments="<results>/spectra/trajectories_{batch}.npz",
    log:
        "<logs>/run_thermal_trajectories/{batch}.log",
    benchmark:
        "<benchmarks>/run_thermal_trajectories/{batch}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        spectra={
            key: value
            for key, value in SPECTRA.items()
            if key.endswith(("_ps", "_fs", "_K")) or key in ("n_trajectories", "batch_size")
        },
        of=PROPERTIES,
        seed=seed("spectra"),
        code=code("run_thermal_trajectories", KREG, registry.REGISTRY[SPECTRA_MODEL].module),
    message:
        "Run thermal trajectories for the spectra, batch {wildcards.batch}"
    script:
        "../scripts/run_thermal_trajectories.py"


rule tabulate_spectra:
    input:
        segments=SEGMENTS,
        minima="<results>/spectra/minima.npz",
        molecule=MOLECULE,
    output:
        infrared="<results>/tables/spectra/infrared.csv",
        raman="<results>/tables/spectra/raman.csv",
        conformers="<results>/tables/spectra/conformers.csv",
    log:
        "<logs>/tabulate_spectra.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=10,
    params:
        molecule=molecule(),
        spectra=SPECTRA,
        code=code("tabulate_spectra"),
    message:
        "Tabulate infrared and Raman spectra"
    script:
        "../scripts/tabulate_spectra.py"


rule compare_model_spectra:
    input:
        segments=SEGMENTS,
        models=expand("<results>/models/{model}_dipole_random.npz", model=CARRIED),
        molecule=MOLECULE,
    output:
        infrared="<results>/tables/spectra/models_infrared.csv",
        jumps="<results>/tables/spectra/models_jumps.csv",
    log:
        "<logs>/compare_model_spectra.log",
    benchmark:
        "<benchmarks>/compare_model_spectra.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(30),
    params:
        molecule=molecule(),
        spectra=SPECTRA,
        reference=SPECTRA_MODEL,
        models=CARRIED,
        code=code("compare_model_spectra", *[registry.REGISTRY[m].module for m in CARRIED]),
    message:
        "Carry the dipoles of all models along the same trajectories"
    script:
        "../scripts/compare_model_spectra.py"


if SPECTRA["reference"] is not None:

    rule compare_harmonic_lines:
        input:
            geometries=expand("{folder}/{c}.xyz", folder=SPECTRA["reference"], c=CONFORMERS),
            hessians=expand("{folder}/{c}_hessian.npz", folder=SPECTRA["reference"], c=CONFORMERS),
            derivatives=expand(
                "{folder}/{c}_derivatives.npz", folder=SPECTRA["reference"], c=CONFORMERS
            ),
            dipoles=expand("<results>/models/{model}_dipole_random.npz", model=LINED),
            polarizabilities=expand(
                "<results>/models/{model}_polarizability_random.npz", model=LINED
            ),
        output:
            multiext("<results>/tables/spectra/harmonic_limit", csv=".csv", md=".md", tex=".tex"),
        log:
            "<logs>/compare_harmonic_lines.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=megabytes("learning_mem_mb"),
            runtime=10,
        params:
            conformers=CONFORMERS,
            models=LINED,
            caption="Harmonic lines of models beside those of labels, mode by mode.",
            code=code("compare_harmonic_lines", *[registry.REGISTRY[m].module for m in LINED]),
        message:
            "Compare harmonic lines of models and labels"
        script:
            "../scripts/compare_harmonic_lines.py"


rule spectra:
    input:
        expand("<results>/tables/spectra/{table}.csv", table=SPECTRA_OF),
        expand("<results>/figures/{figure}.png", figure=SPECTRA_FIGURES),
        branch(PLAN.searched, then=["<results>/tables/models.csv"], otherwise=[]),
    message:
        "All spectra are there"
