"""Rotate-predict-rotate for dipoles and polarizabilities, from quantum chemistry to figures."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


pathvars:
    results=f"results/{config['run']}",
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/geometries.smk"
include: "workflow/rules/dynamics.smk"
include: "workflow/rules/labels.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/benchmark.smk"
include: "workflow/rules/kreg.smk"
include: "workflow/rules/test_set.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/canonical_axes.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/deposit.smk"


rule all:
    default_target: True
    input:
        rules.tables.input,
        rules.figures.input,
        expand("<results>/models/{stem}.npz", stem=["kreg", *MODEL_STEMS]),
        "<results>/provenance.json",


rule labels:
    input:
        "<results>/dataset/frames.extxyz",


rule test_set:
    input:
        "<results>/test_set/frames.extxyz",


rule deposit:
    input:
        "<results>/deposit/manifest.json",


localrules:
    all,
    deposit,
    figures,
    tables,
    labels,
    test_set,
