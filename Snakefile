"""Rotate-predict-rotate for dipoles and polarizabilities, from quantum chemistry to figures."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


pathvars:
    results=f"results/{config['run']}",
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/minima.smk"
include: "workflow/rules/geometries.smk"
include: "workflow/rules/dynamics.smk"
include: "workflow/rules/labels.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/benchmark.smk"
include: "workflow/rules/kreg.smk"
include: "workflow/rules/test_set.smk"
include: "workflow/rules/thermal.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/canonical_axes.smk"
include: "workflow/rules/fewer_labels.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/deposit.smk"
include: "workflow/rules/evidence.smk"
include: "workflow/rules/ways.smk"


rule all:
    default_target: True
    input:
        rules.tables.input,
        rules.figures.input,
        rules.spectra.input if SPECTRA_BATCHES else [],
        expand("<results>/models/{stem}.npz", stem=["kreg", *MODEL_STEMS]),
        "<results>/provenance.json",
        "<results>/summary.md",
    message:
        "All results are there"


rule labels:
    input:
        "<results>/dataset/frames.extxyz",
    message:
        "All labels are there"


rule test_set:
    input:
        "<results>/test_set/frames.extxyz",
    message:
        "The rotated test set is there"


rule thermal:
    input:
        THERMAL,
        rules.draw_thermal.output if config["molecule"]["dihedral"] else [],
    message:
        "The thermal test set is there"


rule evidence:
    input:
        rules.draw_ablation.output,
        rules.tabulate_ablation_steps.output,
        rules.compare_coordinate_weights.output,
        [rules.factor_span.output, rules.compare_validations.output]
        if config["molecule"]["dihedral"]
        else [],
        rules.arbitrary_signs.output,
        rules.tabulate_peers.output if PEERS else [],
    message:
        "The ablation is there"


rule deposit_tables:
    input:
        rules.write_deposit_tables.output,
    message:
        "The page of the deposit's models is there"


rule ways:
    input:
        rules.tabulate_ways.output,
        rules.draw_ways.output,
        rules.measure_axes_sensitivity.output,
    message:
        "The comparison of ways to equivariance is there"


rule deposit:
    input:
        "<results>/deposit/manifest.json",
    message:
        "The deposit is there"


localrules:
    all,
    deposit,
    deposit_tables,
    evidence,
    figures,
    spectra,
    tables,
    ways,
    labels,
    test_set,
    thermal,


# A whole run ends with its main results; a part of it, or a job on a cluster, does not.
onsuccess:
    settings = workflow.dag_settings
    whole = set(settings.targets or ["all"]) == {"all"}
    if workflow.is_main_process and whole and not (settings.until or settings.omit_from):
        print(
            Path(f"results/{config['run']}/summary.md").read_text(encoding="utf-8"), flush=True
        )
