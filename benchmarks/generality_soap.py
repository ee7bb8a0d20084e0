"""Lambda-SOAP side of `generality.py`, run by the Python of its own environment.

    python generality_soap.py task.npz predicted.npz

The task holds symbols, training positions and values, and test positions.  Ridge and cutoff are
chosen on a fifth of the training frames.
"""

import contextlib
import io
import re
import sys
import time
from pathlib import Path

import numpy as np
from ase import Atoms

sys.path.insert(0, str(Path(__file__).parents[1] / "peers" / "lambda_soap"))
import lambda_soap

CUTOFFS = 3.5, 5.5, 7.5  #: Angstrom


def frames_of(symbols, positions, name, values):
    frames = []
    for x, value in zip(positions, values, strict=True):
        atoms = Atoms(symbols, x)
        atoms.info[name] = value
        frames.append(atoms)
    return frames


def main(task, target):
    data = np.load(task)
    name = str(data["property"])
    lambda_soap.values = lambda frames, _: np.array([atoms.info[name] for atoms in frames])
    symbols = data["symbols"].tolist()
    train = frames_of(symbols, data["train"], name, data["values"])
    test = [Atoms(symbols, x) for x in data["test"]]
    start = time.process_time()
    best, model = np.inf, None
    for cutoff in CUTOFFS:
        lambda_soap.EXPANSION["cutoff"]["radius"] = cutoff
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            fitted = lambda_soap.Model(train, name, 0)
        errors = [float(x) for x in re.findall(r"validation ([-+.\deinf]+)", printed.getvalue())]
        error = float(np.linalg.norm(errors))
        if error < best:
            best, model, radius = error, fitted, cutoff
    fit = (time.process_time() - start) / len(CUTOFFS)
    lambda_soap.EXPANSION["cutoff"]["radius"] = radius
    start = time.process_time()
    predicted = model.predict(test)
    seconds = (time.process_time() - start) / len(test)
    np.savez(target, predicted=predicted, fit=fit, predict=seconds, cutoff=radius)


if __name__ == "__main__":
    main(*sys.argv[1:])
