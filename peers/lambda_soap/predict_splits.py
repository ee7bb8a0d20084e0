"""Predictions of lambda-SOAP models for many splits of the same frames.

    python predict_splits.py folder [--properties dipole polarizability]

The folder has ``frames.extxyz``, ``splits.csv`` (repeat, set, frame) and further test sets,
``<name>.extxyz`` (`evidence.py`).  Predictions go to ``<property>_<repeat>_<test set>.npy``, in the
unit of the labels.  The models are those of `lambda_soap.py`.  Each split has the cutoff and the
ridges that predict a fifth of its training frames best; its number is the seed of that fifth.
"""

import argparse
import csv
import time
from pathlib import Path

import ase.io
import numpy as np
from lambda_soap import EXPANSION, Model

CUTOFFS = 3.5, 5.5, 7.5  #: Angstrom


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--properties", nargs="+", default=["dipole", "polarizability"])
    parser.add_argument("--cutoffs", type=float, nargs="+", default=CUTOFFS)
    options = parser.parse_args()
    frames = ase.io.read(options.folder / "frames.extxyz", ":")
    further = {
        path.stem: ase.io.read(path, ":")
        for path in sorted(options.folder.glob("*.extxyz"))
        if path.stem != "frames"
    }
    for name in options.properties:
        start = time.process_time()
        for repeat, sets in read_splits(options.folder / "splits.csv").items():
            chosen = {test: [frames[k] for k in places] for test, places in sets.items()}
            train = chosen.pop("train")
            cutoff, model = best_model(train, name, repeat, options.cutoffs)
            ridges = ", ".join(f"{ridge:.0e}" for ridge in model.ridges)
            print(f"{name}, split {repeat}: cutoff {cutoff:g}, ridges {ridges}", flush=True)
            for test, images in {**chosen, **further}.items():
                np.save(options.folder / f"{name}_{repeat}_{test}.npy", model.predict(images))
        print(f"{name}: {time.process_time() - start:.0f} s of processor time", flush=True)


def read_splits(path):
    """Frames of each set of each split."""
    splits = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            sets = splits.setdefault(int(row["repeat"]), {})
            sets.setdefault(row["set"], []).append(int(row["frame"]))
    return splits


def best_model(train, name, seed, cutoffs):
    """The cutoff with the lowest validation error, and its model; it stays set."""
    models = {}
    for cutoff in cutoffs:
        EXPANSION["cutoff"]["radius"] = cutoff
        models[cutoff] = Model(train, name, seed)
    best = min(models, key=lambda cutoff: np.linalg.norm(models[cutoff].errors))
    EXPANSION["cutoff"]["radius"] = best
    return best, models[best]


if __name__ == "__main__":
    main()
