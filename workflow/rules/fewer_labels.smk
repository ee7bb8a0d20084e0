# Dipole derivatives as labels: how many frames, and how much label time, they save.

DERIVATIVES = "<results>/derivatives"
N_WITH_DERIVATIVES = config["fewer_labels"]["n_frames"]
if N_WITH_DERIVATIVES:
    N_WITH_DERIVATIVES += config["fewer_labels"]["n_test_frames"]
DERIVATIVE_SHARDS = jobs.shards(N_WITH_DERIVATIVES, SHARD_SIZE)
# Frames with derivatives: of the deposit, those chosen if all labels have them, or labelled again.
WITH_THEM = branch(
    SOURCE == "deposit",
    then="deposited",
    otherwise=branch(
        WITH_DERIVATIVES and TEST_SOURCE == "compute", then="chosen", otherwise="frames"
    ),
)
FEWER_LABELS = ["<results>/tables/fewer_labels.csv"] if N_WITH_DERIVATIVES else []


rule choose_with_derivatives:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
    output:
        frames=f"{DERIVATIVES}/chosen.extxyz",
    log:
        "<logs>/choose_with_derivatives.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        n_frames=config["fewer_labels"]["n_frames"],
        n_test_frames=config["fewer_labels"]["n_test_frames"],
        code=code("choose_with_derivatives"),
    message:
        "Choose the frames whose dipole derivatives are labelled"
    script:
        "../scripts/choose_with_derivatives.py"


use rule label_frames as label_derivatives with:
    input:
        frames=f"{DERIVATIVES}/chosen.extxyz",
        known=branch(
            SOURCE == "compute" and "derivatives" in DEPOSITED,
            then="<results>/labels/deposit/derivatives.extxyz",
            otherwise=[],
        ),
    output:
        frames=f"{DERIVATIVES}/shards/{{shard}}.extxyz",
        failures=f"{DERIVATIVES}/shards/{{shard}}_failures.csv",
    log:
        "<logs>/label_derivatives/{shard}.log",
    benchmark:
        "<benchmarks>/label_derivatives/{shard}.tsv"
    params:
        method=config["labels"]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        shard_size=SHARD_SIZE,
        plain=False,
        properties=["energy", "forces", *PROPERTIES, "dipole_derivatives"],
        partial=lambda wildcards, output: f"{output.frames}.partial",
    message:
        "Label dipole derivatives, shard {wildcards.shard}"


rule assemble_derivatives:
    input:
        frames=expand(f"{DERIVATIVES}/shards/{{shard}}.extxyz", shard=DERIVATIVE_SHARDS),
        failures=expand(f"{DERIVATIVES}/shards/{{shard}}_failures.csv", shard=DERIVATIVE_SHARDS),
        geometry=GEOMETRIES[REFERENCE],
    output:
        frames=f"{DERIVATIVES}/frames.extxyz",
        failures=f"{DERIVATIVES}/failures.csv",
    log:
        "<logs>/assemble_derivatives.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        n_needed=1,
        code=code("assemble_frames"),
    message:
        "Assemble the frames with dipole derivatives"
    script:
        "../scripts/assemble_frames.py"


rule take_derivatives:
    input:
        derivatives="<results>/labels/deposit/derivatives.extxyz",
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
    output:
        frames=f"{DERIVATIVES}/deposited.extxyz",
    log:
        "<logs>/take_derivatives.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        n_frames=config["fewer_labels"]["n_frames"],
        n_test_frames=config["fewer_labels"]["n_test_frames"],
        code=code("take_derivatives"),
    message:
        "Take the frames with dipole derivatives from the deposit"
    script:
        "../scripts/take_derivatives.py"


rule time_labels:
    input:
        frames="<results>/dataset/frames.extxyz",
    output:
        table=f"{DERIVATIVES}/label_seconds.csv",
    log:
        "<logs>/time_labels.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("label_mem_mb"),
        runtime=minutes(
            6 * config["fewer_labels"]["n_timed"] * config["resources"]["label_seconds_per_frame"]
        ),
    params:
        method=config["labels"]["method"],
        charge=config["molecule"]["charge"],
        n_timed=config["fewer_labels"]["n_timed"],
        label_version=LABEL_VERSION,
    message:
        "Measure the processor time of labels"
    script:
        "../scripts/time_labels.py"


rule read_label_seconds:
    input:
        manifest=lookup("labels/deposit", within=config) or [],
    output:
        table="<results>/labels/deposit/label_seconds.csv",
    log:
        "<logs>/read_label_seconds.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        code=code("read_label_seconds"),
    message:
        "Read the processor time of labels from the deposit"
    script:
        "../scripts/read_label_seconds.py"


rule fewer_labels:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_held_out.csv",
        test_set="<results>/test_set/frames.extxyz",
        derivatives=f"{DERIVATIVES}/{WITH_THEM}.extxyz",
        seconds=branch(
            SOURCE == "deposit",
            then="<results>/labels/deposit/label_seconds.csv",
            otherwise=f"{DERIVATIVES}/label_seconds.csv",
        ),
        peers=config["fewer_labels"]["peers"] or [],
        molecule=MOLECULE,
    output:
        table="<results>/tables/fewer_labels.csv",
    log:
        "<logs>/fewer_labels.log",
    benchmark:
        "<benchmarks>/fewer_labels.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        sizes=config["fewer_labels"]["sizes"],
        value_sizes=config["fewer_labels"]["value_sizes"],
        n_repeats=config["fewer_labels"]["n_repeats"],
        code=code("fewer_labels", registry.REGISTRY["covariant"].module),
    message:
        "Learn from values, and from values and derivatives"
    script:
        "../scripts/fewer_labels.py"
