# Stage 11: infrared and Raman spectra from dynamics on the KREG potential.

SPECTRA = config["spectra"]
SPECTRA_BATCHES = jobs.shards(SPECTRA["n_trajectories"], SPECTRA["batch_size"])
SPECTRA_MODEL = PLAN.spectra_model
SPECTRA_TABLES = "<results>/tables/spectra"
# The dipole model of the spectra also learns derivatives, where labels have them.
SPECTRA_WITH_DERIVATIVES = (
    SPECTRA_MODEL == "covariant"
    and SPECTRA["n_derivatives"] > 0
    and ("derivatives" in DEPOSITED if SOURCE == "deposit" else config["fewer_labels"]["n_frames"])
)
OF_DERIVATIVES = "<results>/models/covariant_dipole_derivatives.npz"
DRAWS_OF_DERIVATIVES = "<results>/spectra/draws_dipole.npy"
SPECTRA_MODELS = {p: f"<results>/models/{SPECTRA_MODEL}_{p}_random.npz" for p in PROPERTIES}
if SPECTRA_WITH_DERIVATIVES:
    SPECTRA_MODELS["dipole"] = OF_DERIVATIVES
SPECTRA_POTENTIAL = {"potential": "<results>/models/kreg.npz", **SPECTRA_MODELS}
WITH_DRAWS = SPECTRA["n_draws"] > 0 and registry.REGISTRY[SPECTRA_MODEL].covariances
SEGMENTS = expand("<results>/spectra/trajectories_{batch}.npz", batch=SPECTRA_BATCHES)
# Models whose dipoles are carried along the same trajectories: those with canonical axes.
CARRIED = [m for m in MODELS if m not in ("laboratory", "augmented", SPECTRA_MODEL)]
SPECTRA_OF = ["infrared", "raman", "harmonic", "conformers"]
if CARRIED:
    SPECTRA_OF += ["models_infrared", "models_jumps"]
if SPECTRA["reference"] is not None:
    SPECTRA_OF.append("harmonic_limit")
LINED = {
    m: [f"<results>/models/{m}_{p}_random.npz" for p in PROPERTIES]
    for m in (SPECTRA_MODEL, *CARRIED)
}
LINED_CODE = [registry.REGISTRY[m].module for m in LINED]
if SPECTRA_WITH_DERIVATIVES:
    LINED = {"covariant, derivatives": list(SPECTRA_MODELS.values()), **LINED}
if WITH_DRAWS:
    SPECTRA_OF += ["model_error", "harmonic_error"]
SPECTRA_FIGURES = ["spectra", "spectra_of_models"] if CARRIED else ["spectra"]


wildcard_constraints:
    batch=r"\d+",


rule train_with_derivatives:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        derivatives=rules.fewer_labels.input.derivatives,
        molecule=MOLECULE,
    output:
        model=OF_DERIVATIVES,
        draws=DRAWS_OF_DERIVATIVES,
    log:
        "<logs>/train_with_derivatives.log",
    benchmark:
        "<benchmarks>/train_with_derivatives.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        n_derivatives=SPECTRA["n_derivatives"],
        n_draws=SPECTRA["n_draws"] if WITH_DRAWS else 0,
        draws_seed=seed("spectra", "draws"),
        seed=config["seed"],
        code=code("train_with_derivatives"),
    message:
        "Train the dipole model of the spectra on values and derivatives"
    script:
        "../scripts/train_with_derivatives.py"


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
        spectra={key: SPECTRA[key] for key in ("laser_nm", "temperature_K")},
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


rule carry_draws:
    input:
        **SPECTRA_MODELS,
        draws=[DRAWS_OF_DERIVATIVES] if SPECTRA_WITH_DERIVATIVES else [],
        segments=SEGMENTS,
        minima="<results>/spectra/minima.npz",
        molecule=MOLECULE,
    output:
        spectra="<results>/tables/spectra/model_error.csv",
        lines="<results>/tables/spectra/harmonic_error.csv",
    log:
        "<logs>/carry_draws.log",
    benchmark:
        "<benchmarks>/carry_draws.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        spectra=SPECTRA,
        seed=seed("spectra", "draws"),
        code=code("carry_draws", registry.REGISTRY[SPECTRA_MODEL].module),
    message:
        "Carry draws of the models along trajectories"
    script:
        "../scripts/carry_draws.py"


rule tabulate_spectra:
    input:
        segments=SEGMENTS,
        minima="<results>/spectra/minima.npz",
        errors=rules.carry_draws.output.spectra if WITH_DRAWS else [],
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
        runtime=at_most(10),
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
            dipoles=[dipole for dipole, _ in LINED.values()],
            polarizabilities=[polarizability for _, polarizability in LINED.values()],
        output:
            multiext("<results>/tables/spectra/harmonic_limit", csv=".csv", md=".md", tex=".tex"),
        log:
            "<logs>/compare_harmonic_lines.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=megabytes("learning_mem_mb"),
            runtime=at_most(10),
        params:
            conformers=CONFORMERS,
            models=list(LINED),
            caption="Harmonic lines of models beside those of labels, mode by mode.",
            code=code("compare_harmonic_lines", *LINED_CODE),
        message:
            "Compare harmonic lines of models and labels"
        script:
            "../scripts/compare_harmonic_lines.py"


rule spectra:
    input:
        expand("<results>/tables/spectra/{table}.csv", table=SPECTRA_OF if SPECTRA_BATCHES else []),
        expand("<results>/figures/{figure}.png", figure=SPECTRA_FIGURES if SPECTRA_BATCHES else []),
        branch(PLAN.searched, then=["<results>/tables/models.csv"], otherwise=[]),
    message:
        "All spectra are there"
