# Stages 5, 7 and 9: models of dipole and polarizability, and their errors.


rule train_model:
    input:
        frames="<results>/dataset/frames.extxyz",
        random="<results>/dataset/split_random.csv",
        held_out="<results>/dataset/split_held_out.csv",
        molecule=MOLECULE,
    output:
        random="<results>/models/{model}_{property}_random.npz",
        held_out="<results>/models/{model}_{property}_held_out.npz",
    log:
        "<logs>/train_model/{model}_{property}.log",
    benchmark:
        "<benchmarks>/train_model/{model}_{property}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        fitting=FITTING,
        seed=config["seed"],
        code=model_code("train_model"),
    message:
        "Train {wildcards.model}, {wildcards.property}"
    script:
        "../scripts/train_model.py"


rule predict_model:
    input:
        random="<results>/models/{model}_{property}_random.npz",
        held_out="<results>/models/{model}_{property}_held_out.npz",
        frames="<results>/dataset/frames.extxyz",
        random_split="<results>/dataset/split_random.csv",
        held_out_split="<results>/dataset/split_held_out.csv",
        test_set="<results>/test_set/frames.extxyz",
        thermal=THERMAL,
        molecule=MOLECULE,
    output:
        table="<results>/tables/predictions/{model}_{property}.csv",
    log:
        "<logs>/predict_model/{model}_{property}.log",
    benchmark:
        "<benchmarks>/predict_model/{model}_{property}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(30),
    params:
        molecule=molecule(),
        seed=config["seed"],
        code=model_code("predict_model"),
    message:
        "Predict with {wildcards.model}, {wildcards.property}"
    script:
        "../scripts/predict_model.py"


rule calibrate_model:
    input:
        random="<results>/models/{model}_{property}_random.npz",
        held_out="<results>/models/{model}_{property}_held_out.npz",
        frames="<results>/dataset/frames.extxyz",
        random_split="<results>/dataset/split_random.csv",
        held_out_split="<results>/dataset/split_held_out.csv",
        test_set="<results>/test_set/frames.extxyz",
        thermal=THERMAL,
        molecule=MOLECULE,
    output:
        table="<results>/tables/calibration/{model}_{property}.csv",
        by_size="<results>/tables/calibration_by_size/{model}_{property}.csv",
    log:
        "<logs>/calibrate_model/{model}_{property}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        seed=config["seed"],
        code=model_code("calibrate_model"),
    message:
        "Score predicted errors of {wildcards.model}, {wildcards.property}"
    script:
        "../scripts/calibrate_model.py"


rule compute_learning_curve:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        test_set="<results>/test_set/frames.extxyz",
        model="<results>/models/{model}_{property}_random.npz",
        molecule=MOLECULE,
    output:
        table="<results>/tables/learning_curve/{model}_{property}.csv",
    log:
        "<logs>/compute_learning_curve/{model}_{property}.log",
    benchmark:
        "<benchmarks>/compute_learning_curve/{model}_{property}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(240),
    params:
        molecule=molecule(),
        sizes=config["learning_curve"]["sizes"],
        n_repeats=config["learning_curve"]["n_repeats"],
        fitting=FITTING,
        code=model_code("compute_learning_curve"),
    message:
        "Learning curve of {wildcards.model}, {wildcards.property}"
    script:
        "../scripts/compute_learning_curve.py"


rule measure_equivariance:
    input:
        model="<results>/models/{model}_{property}_random.npz",
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
    output:
        table="<results>/tables/equivariance/{model}_{property}.csv",
    log:
        "<logs>/measure_equivariance/{model}_{property}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        n_applied=config["models"]["n_rotations"],
        seed=config["seed"],
        code=model_code("measure_equivariance"),
    message:
        "Measure equivariance of {wildcards.model}, {wildcards.property}"
    script:
        "../scripts/measure_equivariance.py"
