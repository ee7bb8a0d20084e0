#!/bin/sh
# Run by Snakemake in the project's folder, inside the new environment.
set -e
python -m pip install --no-deps --require-hashes -r envs/requirements.lock
python -m pip install --no-deps --no-build-isolation -e .
