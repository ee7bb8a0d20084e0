"""Predictions of lambda-SOAP for the target `evidence`, in two steps around `predict_splits.py`.

    python evidence.py write results/deposited folder      frames and splits
    python evidence.py collect results/deposited folder    predictions.csv.gz beside this script

It runs in the environment of `rpr`; `predict_splits.py` predicts in between (README.md).
"""

import argparse
from pathlib import Path

from rpr.data.extxyz import read_frames
from rpr.studies.exchange import read_predictions, write_predictions, write_sets, write_splits
from rpr.studies.peer_predictions import collect_predictions, splits_table

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("step", choices=("write", "collect"))
parser.add_argument("results", type=Path, help="folder of a run")
parser.add_argument("folder", type=Path, help="frames and predictions")
parser.add_argument("--n-train", type=int, default=800)
parser.add_argument("--n-test", type=int, default=500)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--table", default=Path(__file__).with_name("predictions.csv.gz"))
options = parser.parse_args()
frames = read_frames(options.results / "dataset" / "frames.extxyz")
others = {"rotated": "test_set", "thermal": "thermal"}
others = {
    name: read_frames(path)
    for name, folder in others.items()
    if (path := options.results / folder / "frames.extxyz").exists()
}
sizes = {"n_train": options.n_train, "n_test": options.n_test, "repeats": range(options.repeats)}
if options.step == "write":
    splits = splits_table(frames, **sizes)
    write_sets(options.folder, {"frames": frames, **others})
    write_splits(options.folder, splits)
else:
    table = collect_predictions(
        read_predictions(options.folder), "lambda-SOAP", frames, others, **sizes
    )
    write_predictions(table, options.table)
    print(f"{len(table)} rows in {options.table}")
