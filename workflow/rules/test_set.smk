# Stage 9: the independent, randomly rotated test set.


if TEST_SOURCE == "compute":

    rule run_kreg_dynamics:
        input:
            model="<results>/models/kreg.npz",
            molecule=MOLECULE,
            found=FOUND_MINIMA,
        output:
            frames="<results>/test_set/unlabelled.extxyz",
            dihedrals="<results>/test_set/dihedrals.csv",
        log:
            "<logs>/run_kreg_dynamics.log",
        benchmark:
            "<benchmarks>/run_kreg_dynamics.tsv"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=megabytes("learning_mem_mb"),
            runtime=at_most(60),
        params:
            molecule=molecule(),
            test_set=config["test_set"],
            seed=seed("test_set"),
            code=code("run_kreg_dynamics", KREG),
        message:
            "Run dynamics on the KREG potential for the rotated test set"
        script:
            "../scripts/run_kreg_dynamics.py"

else:

    rule tabulate_dihedrals:
        input:
            frames="<results>/test_set/frames.extxyz",
            manifest=config["labels"]["deposit"] if TEST_SOURCE == "deposit" else [],
        output:
            dihedrals="<results>/test_set/dihedrals.csv",
        log:
            "<logs>/tabulate_dihedrals.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=at_most(1000),
            runtime=at_most(10),
        params:
            dt_fs=config["test_set"]["dt_fs"],
            code=code("tabulate_dihedrals"),
        message:
            "Tabulate the dihedrals of the test set"
        script:
            "../scripts/tabulate_dihedrals.py"


use rule label_frames as label_test_frames with:
    input:
        frames="<results>/test_set/unlabelled.extxyz",
    output:
        frames="<results>/test_set/shards/{shard}.extxyz",
        failures="<results>/test_set/shards/{shard}_failures.csv",
    log:
        "<logs>/label_test_frames/{shard}.log",
    benchmark:
        "<benchmarks>/label_test_frames/{shard}.tsv"
    message:
        "Label test frames, shard {wildcards.shard}"


rule assemble_test_set:
    input:
        frames=branch(
            TEST_SOURCE,
            cases={
                "compute": expand("<results>/test_set/shards/{shard}.extxyz", shard=TEST_SHARDS),
                "deposit": ["<results>/labels/deposit/test_set.extxyz"],
                "files": [config["labels"]["files"]["test_set"]],
            },
        ),
        failures=branch(
            TEST_SOURCE,
            cases={
                "compute": expand(
                    "<results>/test_set/shards/{shard}_failures.csv", shard=TEST_SHARDS
                ),
                "deposit": [],
                "files": [],
            },
        ),
        geometry=GEOMETRIES[REFERENCE],
    output:
        frames="<results>/test_set/frames.extxyz",
        failures="<results>/test_set/failures.csv",
    log:
        "<logs>/assemble_test_set.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        n_needed=1,
        given=TEST_SOURCE == "files",
        code=code("assemble_frames"),
    message:
        "Assemble the rotated test set"
    script:
        "../scripts/assemble_frames.py"
