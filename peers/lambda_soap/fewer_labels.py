"""The curve of lambda-SOAP in the study of fewer labels, in two steps around `lambda_soap.py`.

    python fewer_labels.py write results/deposited folder     training and test frames
    python fewer_labels.py errors results/deposited folder    folder/errors.csv from predictions

It runs in the environment of `rpr`; `lambda_soap.py --write` predicts in between (README.md).
"""

import argparse
from pathlib import Path

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.studies import tables
from rpr.studies.exchange import read_predictions, write_sets
from rpr.studies.learning_curve import training_sets
from rpr.studies.peer_errors import errors_of_predictions, training_and_test_sets

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("step", choices=("write", "errors"))
parser.add_argument("results", type=Path, help="folder of a run of the study")
parser.add_argument("folder", type=Path, help="frames and predictions")
parser.add_argument("--sizes", type=int, nargs="+", default=[30, 100, 300, 1000])
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--geometry", default="resources/geometries/dichloroethane_anti.xyz")
options = parser.parse_args()
frames = read_frames(options.results / "dataset" / "frames.extxyz")
split = read_split(options.results / "dataset" / "split_held_out.csv")
test_sets = {
    "held_out_trajectories": frames.subset(split["test"]),
    "rotated": read_frames(options.results / "test_set" / "frames.extxyz"),
}
sets = {"sizes": options.sizes, "repeats": range(options.repeats)}
if options.step == "write":
    write_sets(options.folder, training_and_test_sets(frames, split["train"], test_sets, **sets))
    for repeat, size, _ in training_sets(split["train"], **sets):
        print(repeat, size)
else:
    molecule = read_molecule(options.geometry, anchors=(0, 3), dihedral=(0, 1, 2, 3))
    table = errors_of_predictions(
        read_predictions(options.folder),
        "values, lambda-SOAP",
        frames,
        split["train"],
        test_sets,
        molecule=molecule,
        **sets,
    )
    tables.write_csv(table, options.folder / "errors.csv")
    print(table.drop(columns="training_checksum").to_string())
