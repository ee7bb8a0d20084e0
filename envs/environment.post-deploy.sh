#!/bin/sh
# Run by Snakemake in the project's folder, inside the new environment. It makes the environment anew
# when this file changes, so `make lock` writes the checksum of the lock here.
# requirements.lock: 09565c72697ff2baa2ea49ef6730a38427f7f0fb64d69dbb824b01b7ff8da314
set -e
python -m pip install --no-deps --require-hashes -r envs/requirements.lock
python -m pip install --no-deps --no-build-isolation -e .
