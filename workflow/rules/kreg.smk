# Stage 8: the KREG potential on energies and forces.

TRAINED_POTENTIAL = "symmetric" if config["kreg"]["symmetric"] else "plain"


rule train_kreg:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        molecule=MOLECULE,
    output:
        model="<results>/models/kreg.npz",
    log:
        "<logs>/train_kreg.log",
    benchmark:
        "<benchmarks>/train_kreg.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("kreg_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        n_train=config["kreg"]["n_train"],
        symmetric=config["kreg"]["symmetric"],
        validation=FITTING["validation"],
        seed=config["seed"],
        code=code("train_kreg"),
    message:
        "Train the KREG potential"
    script:
        "../scripts/train_kreg.py"


rule kreg_learning_curve:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        model=lambda wildcards: (
            "<results>/models/kreg.npz" if wildcards.potential == TRAINED_POTENTIAL else []
        ),
        molecule=MOLECULE,
    output:
        table="<results>/tables/kreg/{potential}.csv",
    log:
        "<logs>/kreg_learning_curve/{potential}.log",
    benchmark:
        "<benchmarks>/kreg_learning_curve/{potential}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("kreg_mem_mb"),
        runtime=at_most(120),
    params:
        molecule=molecule(),
        sizes=config["kreg"]["sizes"],
        n_train=config["kreg"]["n_train"],
        n_repeats=config["kreg"]["n_repeats"],
        validation=FITTING["validation"],
        code=code("kreg_learning_curve"),
    message:
        "Learning curve of the {wildcards.potential} KREG potential"
    script:
        "../scripts/kreg_learning_curve.py"


rule scatter_kreg:
    input:
        frames="<results>/dataset/frames.extxyz",
        test_set="<results>/test_set/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        model="<results>/models/kreg.npz",
    output:
        table="<results>/tables/kreg_scatter.csv",
    log:
        "<logs>/scatter_kreg.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(30),
    params:
        n_train=config["kreg"]["n_train"],
        seed=config["seed"],
        code=code("scatter_kreg", KREG),
    message:
        "Predict energies and gradients with the KREG potential"
    script:
        "../scripts/scatter_kreg.py"
