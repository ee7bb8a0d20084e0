"""Predictions of lambda-SOAP models for many splits of the same frames.

    python predict_splits.py folder [--properties dipole polarizability]

The folder has ``frames.extxyz``, ``splits.csv`` (repeat, set, frame) and further test sets,
``<name>.extxyz`` (`evidence.py`).  Predictions go to ``<property>_<repeat>_<test set>.npy``, in the
unit of the labels.  The models are those of `lambda_soap.py`, and the kernel between two frames is
computed once for all splits.  Each split has the cutoff and the ridges that predict a fifth of its
training frames best; its number is the seed of that fifth.
"""

import argparse
import csv
import time
from pathlib import Path

import ase.io
import numpy as np
from lambda_soap import (
    BLOCK,
    EXPANSION,
    cartesian,
    describe,
    kernel,
    ridge_of,
    solve_larger,
    spherical,
    values,
)

CUTOFFS = 3.5, 5.5, 7.5  #: Angstrom


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--properties", nargs="+", default=["dipole", "polarizability"])
    parser.add_argument("--cutoffs", type=float, nargs="+", default=CUTOFFS)
    options = parser.parse_args()
    frames = ase.io.read(options.folder / "frames.extxyz", ":")
    splits = read_splits(options.folder / "splits.csv")
    further = {
        path.stem: ase.io.read(path, ":")
        for path in sorted(options.folder.glob("*.extxyz"))
        if path.stem != "frames"
    }
    for name in options.properties:
        start = time.process_time()
        best = {}
        for cutoff in options.cutoffs:
            for repeat, fitted in fits(frames, splits, name, cutoff).items():
                print(f"{name}, split {repeat}, cutoff {cutoff:g}: {fitted['error']:.4g}")
                if repeat not in best or fitted["error"] < best[repeat]["error"]:
                    best[repeat] = fitted
        for repeat, fitted in best.items():
            ridges = ", ".join(f"{ridge:.0e}" for ridge in fitted["ridges"])
            print(f"{name}, split {repeat}: cutoff {fitted['cutoff']:g}, ridges {ridges}")
            save(options.folder, name, repeat, fitted["predicted"])
        for cutoff in sorted({fitted["cutoff"] for fitted in best.values()}):
            chosen = {r: fitted for r, fitted in best.items() if fitted["cutoff"] == cutoff}
            found = predictions(frames, further, splits, chosen, name, cutoff)
            for repeat, predicted in found.items():
                save(options.folder, name, repeat, predicted)
        print(f"{name}: {time.process_time() - start:.0f} s of processor time", flush=True)


def read_splits(path):
    """Frames of each set of each split."""
    splits = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            sets = splits.setdefault(int(row["repeat"]), {})
            sets.setdefault(row["set"], []).append(int(row["frame"]))
    return splits


def parts_of(name):
    """Ranks of the spherical parts of a property."""
    return (1,) if name == "dipole" else (0, 2)


def fits(frames, splits, name, cutoff):
    """Of each split: validation error, ridges, weights, and predictions for its own test sets."""
    EXPANSION["cutoff"]["radius"] = cutoff
    labels, found = values(frames, name), {}
    for rank in parts_of(name):
        K, d = kernel_of(frames, rank), 2 * rank + 1
        for repeat, sets in splits.items():
            train = sets["train"]
            y = spherical(labels[train], rank)
            mean = y.mean() if rank == 0 else 0.0
            own = K[train][:, :, train].reshape(len(train) * d, -1)
            ridge, error = ridge_of(own, (y - mean).ravel(), d, repeat)
            w = solve_larger(own, (y - mean).ravel(), ridge)
            fitted = found.setdefault(repeat, {"errors": [], "ridges": [], "weights": []})
            fitted["errors"].append(error)
            fitted["ridges"].append(ridge)
            fitted["weights"].append((w, mean))
            for test in sets.keys() - {"train"}:
                part = K[sets[test]][:, :, train].reshape(-1, len(train) * d) @ w
                fitted.setdefault(test, []).append(part.reshape(-1, d) + mean)
    for repeat, fitted in found.items():
        fitted["cutoff"], fitted["error"] = cutoff, np.linalg.norm(fitted["errors"])
        tests = splits[repeat].keys() - {"train"}
        fitted["predicted"] = {test: cartesian(fitted[test]) for test in tests}
    return found


def kernel_of(frames, rank):
    """Kernel between all frames [n, d, n, d], one triangle computed and one copied."""
    n, d = len(frames), 2 * rank + 1
    described = describe(frames, rank)
    K = np.empty((n, d, n, d))
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        part = kernel(between(described, start, end), between(described, 0, end))
        K[start:end, :, :end] = part.reshape(end - start, d, end, d)
        K[:end, :, start:end] = K[start:end, :, :end].transpose(2, 3, 0, 1)
    return K


def between(described, start, end):
    """Environments of the frames from `start` on, before `end`."""
    found = {}
    for element, (rows, scalar, tensor) in described.items():
        chosen = (rows >= start) & (rows < end)
        found[element] = rows[chosen] - start, scalar[chosen], tensor[chosen]
    return found


def predictions(frames, further, splits, chosen, name, cutoff):
    """Predictions of each fitted split for the further test sets."""
    EXPANSION["cutoff"]["radius"] = cutoff
    found = {repeat: {test: [] for test in further} for repeat in chosen}
    for k, rank in enumerate(parts_of(name)):
        described, d = describe(frames, rank), 2 * rank + 1
        for test, images in further.items():
            blocks = [images[start : start + BLOCK] for start in range(0, len(images), BLOCK)]
            K = np.concatenate([kernel(describe(block, rank), described) for block in blocks])
            K = K.reshape(len(K), len(frames), d)
            for repeat, fitted in chosen.items():
                w, mean = fitted["weights"][k]
                part = K[:, splits[repeat]["train"]].reshape(len(K), -1) @ w
                found[repeat][test].append(part.reshape(-1, d) + mean)
    return {r: {test: cartesian(x) for test, x in tests.items()} for r, tests in found.items()}


def save(folder, name, repeat, predicted):
    for test, array in predicted.items():
        np.save(folder / f"{name}_{repeat}_{test}.npy", array)


if __name__ == "__main__":
    main()
