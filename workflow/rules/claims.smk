# Stage 11: claims and published values beside what the run measured.

# Tables that claims are measured from; some are about the published model only.
JUDGED = [
    *["learning_curve", "kreg", "test_set", "comparison", "equivariance", "spherical", "coverage"],
    *(["benchmark_pairs", "axes_accuracy", "cost", "rank_three"] if WITH_PUBLISHED else []),
    *(["fewer_labels"] if FEWER_LABELS else []),
]


rule compare_benchmark:
    input:
        benchmark="<results>/tables/benchmark.csv",
        errors=lambda wildcards: [
            path.replace("tables/benchmark/", "tables/benchmark_errors/")
            for path in PARTS["benchmark"]
        ],
    output:
        multiext("<results>/tables/benchmark_pairs", md=".md", tex=".tex", csv=".csv"),
    log:
        "<logs>/compare_benchmark.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        code=code("compare_benchmark"),
    message:
        "Compare descriptors and kernels in pairs"
    script:
        "../scripts/compare_benchmark.py"


rule measure_coverage:
    input:
        frames="<results>/test_set/frames.extxyz",
        dihedrals="<results>/test_set/dihedrals.csv",
        molecule=MOLECULE,
    output:
        multiext("<results>/tables/coverage", md=".md", tex=".tex", csv=".csv"),
    log:
        "<logs>/measure_coverage.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(2000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        seed=seed("coverage"),
        code=code("measure_coverage"),
    message:
        "Measure what the rotated test set covers"
    script:
        "../scripts/measure_coverage.py"


rule measure_cost:
    input:
        frames="<results>/dataset/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        molecule=MOLECULE,
    output:
        table="<results>/tables/cost/{property}.csv",
    log:
        "<logs>/measure_cost/{property}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=megabytes("learning_mem_mb"),
        runtime=at_most(60),
    params:
        molecule=molecule(),
        fitting=FITTING,
        seed=config["seed"],
        code=code("measure_cost", PUBLISHED_MODEL),
    message:
        "Measure what the published model costs, {wildcards.property}"
    script:
        "../scripts/measure_cost.py"


rule judge_claims:
    input:
        **{name: f"<results>/tables/{name}.csv" for name in JUDGED},
        geometry=GEOMETRIES[REFERENCE],
        provenance="<results>/provenance.json",
    output:
        multiext("<results>/tables/claims", md=".md", tex=".tex"),
        claims=report(
            "<results>/tables/claims.csv",
            caption="../report/claims.rst",
            category="4 Claims and published values",
            labels={"table": "Claims beside measured values"},
        ),
    log:
        "<logs>/judge_claims.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        tables=JUDGED,
        ways=lambda wildcards: jobs.made_before(f"results/{config['run']}/ways/ways.csv"),
        factor_span=lambda wildcards: jobs.made_before(
            f"results/{config['run']}/evidence/factor_span.csv"
        ),
        arbitrary_signs=lambda wildcards: jobs.made_before(
            f"results/{config['run']}/evidence/arbitrary_signs.csv"
        ),
        code=code("judge_claims"),
    message:
        "Judge the claims"
    script:
        "../scripts/judge_claims.py"


rule compare_published:
    input:
        published=PUBLISHED,
        test_set="<results>/tables/test_set.csv",
        predictions=expand(
            "<results>/tables/predictions/rotate-predict-rotate_{property}.csv",
            property=PROPERTIES,
        ),
        frames="<results>/dataset/frames.extxyz",
        rotated="<results>/test_set/frames.extxyz",
        split="<results>/dataset/split_random.csv",
        geometry=GEOMETRIES[REFERENCE],
        provenance="<results>/provenance.json",
    output:
        multiext("<results>/tables/published", md=".md", tex=".tex"),
        table=report(
            "<results>/tables/published.csv",
            caption="../report/published.rst",
            category="4 Claims and published values",
            labels={"table": "Published values beside those of this run"},
        ),
    log:
        "<logs>/compare_published.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=at_most(1000),
        runtime=at_most(10),
    params:
        molecule=molecule(),
        validation_fraction=config["split"]["validation_fraction"],
        code=code("compare_published"),
    message:
        "Compare with published values"
    script:
        "../scripts/compare_published.py"
