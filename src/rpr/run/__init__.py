"""Runs: the configuration, its checks and its plan, and the records of a run.

Here live the schema of the configuration, the checks made before anything is computed, the plan of
where frames come from, deposits, provenance, logs, and what decides whether a job runs again.  The
package imports no Snakemake and computes no number of a study.
"""
