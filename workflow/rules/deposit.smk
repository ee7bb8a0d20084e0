# A deposit of labelled frames: checks of its labels, and the files.

CHECKED = "<results>/label_checks"
# The page of a deposit that the run reads lies beside its frames, else beside those it makes.
DEPOSIT_FOLDER = (
    str(Path(config["labels"]["deposit"]).parent) if SOURCE == "deposit" else "<results>/deposit"
)


rule choose_checked:
    input:
        frames="<results>/dataset/frames.extxyz",
    output:
        frames=f"{CHECKED}/{{check}}/chosen.extxyz",
    log:
        "<logs>/choose_checked/{check}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        n_checked=config["deposit"]["n_checked"],
        seed=seed("label_checks"),
        code=code("choose_checked"),
    message:
        "Choose frames for the check {wildcards.check}"
    script:
        "../scripts/choose_checked.py"


use rule label_frames as relabel_frames with:
    input:
        frames=f"{CHECKED}/{{check}}/chosen.extxyz",
    output:
        frames=f"{CHECKED}/{{check}}/{{shard}}.extxyz",
        failures=f"{CHECKED}/{{check}}/{{shard}}_failures.csv",
    log:
        "<logs>/relabel_frames/{check}_{shard}.log",
    benchmark:
        "<benchmarks>/relabel_frames/{check}_{shard}.tsv"
    resources:
        mem_mb=megabytes("label_mem_mb"),
        runtime=minutes(CHECK_SHARD_SIZE * 25 * config["resources"]["label_seconds_per_frame"]),
    params:
        # Checks compare no derivatives, which plain PySCF computes by differences.
        **({"properties": ["energy", "forces", *PROPERTIES]} if WITH_DERIVATIVES else {}),
        method=config["labels"]["method"],
        charge=config["molecule"]["charge"],
        label_version=LABEL_VERSION,
        shard_size=CHECK_SHARD_SIZE,
        plain=lambda wildcards: wildcards.check == "plain",
        partial=lambda wildcards, output: f"{output.frames}.partial",
    message:
        "Label frames once more, check {wildcards.check}, shard {wildcards.shard}"


rule compare_labels:
    input:
        **{c: expand(f"{CHECKED}/{c}/{{shard}}.extxyz", shard=CHECK_SHARDS) for c in CHECKS},
        chosen=expand(rules.choose_checked.output.frames, check=CHECKS),
    output:
        summary=f"{CHECKED}/checks.csv",
        by_frame=f"{CHECKED}/checks_by_frame.csv",
    log:
        "<logs>/compare_labels.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        checks=CHECKS,
        code=code("compare_labels"),
    message:
        "Compare labels computed once more"
    script:
        "../scripts/compare_labels.py"


rule list_outliers:
    input:
        frames="<results>/dataset/frames.extxyz",
        molecule=MOLECULE,
    output:
        table=f"{CHECKED}/outliers.csv",
    log:
        "<logs>/list_outliers.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        code=code("list_outliers"),
    message:
        "List outliers among the labels"
    script:
        "../scripts/list_outliers.py"


rule list_frames:
    input:
        frames="<results>/dataset/frames.extxyz",
        random="<results>/dataset/split_random.csv",
        held_out="<results>/dataset/split_held_out.csv",
    output:
        table="<results>/dataset/frames.csv",
    log:
        "<logs>/list_frames.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        code=code("list_frames"),
    message:
        "List the labelled frames"
    script:
        "../scripts/list_frames.py"


rule write_deposit:
    input:
        frames="<results>/dataset/frames.extxyz",
        md=MD_FRAMES,
        reference=MOLECULE,
        test_set=branch(
            lookup("deposit/test_set", within=config), then="<results>/test_set/frames.extxyz"
        ),
        thermal=THERMAL,
        derivatives=rules.fewer_labels.input.derivatives if FEWER_LABELS else [],
        extended=config["labels"]["deposit"] if DEPOSITED else [],
        documents=[
            "<results>/dataset/failures.csv",
            rules.list_frames.output.table,
            "<results>/figures/label_distributions.png",
            "<results>/tables/distributions_frames.csv",
            "<results>/tables/distributions_md.csv",
            rules.list_outliers.output.table,
            *(rules.compare_labels.output if CHECKS else []),
            *([rules.fewer_labels.input.seconds] if FEWER_LABELS else []),
            *(["<results>/labels/order.csv"] if SOURCE == "compute" else []),
            *(["<results>/test_set/dihedrals.csv"] if config["deposit"]["test_set"] else []),
        ],
    output:
        manifest="<results>/deposit/manifest.json",
    log:
        "<logs>/write_deposit.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        config=config,
        code=code("write_deposit"),
    message:
        "Write the deposit"
    script:
        "../scripts/write_deposit.py"


rule write_deposit_tables:
    input:
        test_set="<results>/tables/test_set.csv",
        benchmark="<results>/tables/benchmark.csv" if WITH_PUBLISHED else [],
        kreg="<results>/tables/kreg.csv",
    output:
        page=f"{DEPOSIT_FOLDER}/models.md",
    log:
        "<logs>/write_deposit_tables.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        names={
            "molecule": config["molecule"]["name"],
            "level": "/".join(
                filter(None, (config["labels"]["method"][key] for key in ("functional", "basis")))
            ),
            "run": config["run"],
        },
        code=code("write_deposit_tables"),
    message:
        "Write what models reach on the deposit"
    script:
        "../scripts/write_deposit_tables.py"
