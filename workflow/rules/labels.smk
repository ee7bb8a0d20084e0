# Stage 4: labels of the MD frames in random order. If md/method equals labels/method, the rule
# run_trajectory has labelled them and take_labels selects; else shards, or a deposit.

POOL = branch(
    "md" in DEPOSITED,
    then="<results>/labels/deposit/md.extxyz",
    otherwise="<results>/md/frames.extxyz",
)
KNOWN = branch(
    SOURCE == "compute" and "frames" in DEPOSITED,
    then="<results>/labels/deposit/frames.extxyz",
    otherwise=[],
)
if WITH_DYNAMICS:
    LABELLED = ["<results>/labels/frames.extxyz"]
    UNLABELLED = ["<results>/md/frames_failures.csv"]
else:
    LABELLED = expand("<results>/labels/shards/{shard}.extxyz", shard=SHARDS)
    UNLABELLED = expand("<results>/labels/shards/{shard}_failures.csv", shard=SHARDS)


rule order_pool:
    input:
        frames=POOL,
        known=KNOWN,
    output:
        order="<results>/labels/order.csv",
    log:
        "<logs>/order_pool.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        n_frames=PLAN.n_labelled,
        seed=seed("pool"),
        code=code("order_pool"),
    message:
        "Put the frames into the order in which they are labelled"
    script:
        "../scripts/order_pool.py"


rule label_frames:
    input:
        frames=POOL,
        known=KNOWN,
        order="<results>/labels/order.csv",
    output:
        frames="<results>/labels/shards/{shard}.extxyz",
        failures="<results>/labels/shards/{shard}_failures.csv",
    log:
        "<logs>/label_frames/{shard}.log",
    benchmark:
        "<benchmarks>/label_frames/{shard}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("label_mem_mb"),
        runtime=minutes(SHARD_SIZE * config["resources"]["label_seconds_per_frame"]),
    params:
        **({"properties": LABELS} if WITH_DERIVATIVES else {}),
        method=config["labels"]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        shard_size=SHARD_SIZE,
        plain=False,
        partial=lambda wildcards, output: f"{output.frames}.partial",
    message:
        "Label frames, shard {wildcards.shard}"
    script:
        "../scripts/label_frames.py"


rule take_labels:
    input:
        frames=POOL,
        order="<results>/labels/order.csv",
    output:
        frames="<results>/labels/frames.extxyz",
    log:
        "<logs>/take_labels.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        properties=LABELS,
        code=code("take_labels"),
    message:
        "Take the labels of the dynamics"
    script:
        "../scripts/take_labels.py"


rule read_deposit:
    input:
        manifest=lookup("labels/deposit", within=config) or [],
    output:
        frames="<results>/labels/deposit/{role}.extxyz",
    log:
        "<logs>/read_deposit/{role}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        method=config["labels"]["method"],
        geometry=GEOMETRIES[REFERENCE],
        n_frames=config["labels"]["n_frames"] if SOURCE == "deposit" else None,
        extends=SOURCE == "compute",
        code=code("read_deposit"),
    message:
        "Read {wildcards.role} from the deposit"
    script:
        "../scripts/read_deposit.py"
