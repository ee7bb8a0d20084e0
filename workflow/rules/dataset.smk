# Stage 5: the labelled frames as one file, and the splits.

MD_FRAMES = branch(
    lookup("labels/source", within=config),
    cases={
        "compute": POOL,
        "deposit": f"<results>/labels/deposit/{'md' if 'md' in DEPOSITED else 'frames'}.extxyz",
        "files": "<results>/dataset/frames.extxyz",
    },
)

ONE_LEVEL = SOURCE == "compute" and PLAN.one_level

# The geometry that r_eq and the molecule come from, at the level of the labels.
MOLECULE = branch(
    SOURCE == "files" and TEST_SOURCE == "files",
    then=GEOMETRIES[REFERENCE],
    otherwise=branch(
        "reference" in DEPOSITED,
        then="<results>/labels/deposit/reference.extxyz",
        otherwise=f"<results>/geometries/{'md' if ONE_LEVEL else 'labels'}/{REFERENCE}.xyz",
    ),
)


rule assemble_dataset:
    input:
        frames=branch(
            lookup("labels/source", within=config),
            cases={
                "compute": LABELLED,
                "deposit": ["<results>/labels/deposit/frames.extxyz"],
                "files": [config["labels"]["files"]["frames"]],
            },
        ),
        failures=branch(
            lookup("labels/source", within=config),
            cases={
                "compute": UNLABELLED,
                "deposit": [],
                "files": [],
            },
        ),
        geometry=GEOMETRIES[REFERENCE],
    output:
        frames="<results>/dataset/frames.extxyz",
        failures="<results>/dataset/failures.csv",
    log:
        "<logs>/assemble_dataset.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        n_needed=config["split"]["n_train"] + config["split"]["n_test"],
        given=SOURCE == "files",
        code=code("assemble_frames"),
    message:
        "Assemble the data set"
    script:
        "../scripts/assemble_frames.py"


rule split_frames:
    input:
        frames="<results>/dataset/frames.extxyz",
    output:
        random="<results>/dataset/split_random.csv",
        held_out="<results>/dataset/split_held_out.csv",
    log:
        "<logs>/split_frames.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        n_train=config["split"]["n_train"],
        n_test=config["split"]["n_test"],
        seed=seed("split"),
        code=code("split_frames"),
    message:
        "Split the frames into training and test frames"
    script:
        "../scripts/split_frames.py"
