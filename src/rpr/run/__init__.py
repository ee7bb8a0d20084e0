"""Runs: the configuration, its checks, and the records of a run.

Here live the schema of the configuration, the checks made before anything is computed, deposits,
provenance, logs, and what decides whether a job runs again.  It imports no Snakemake, and computes
no number of a study.
"""
