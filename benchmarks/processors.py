"""How far results agree between processors, played on one machine by OpenBLAS.

    python benchmarks/processors.py

``OPENBLAS_CORETYPE`` makes OpenBLAS use the kernels of another processor.  For each type the same
models are fitted to 100 frames of the older deposit of 1,2-dichloroethane.  Types whose
instructions this processor lacks are left out.  A line has the result, the core
type, and the largest difference from the first type, relative to the largest element.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

CORES = ("Haswell", "Zen", "SkylakeX", "Sandybridge", "Nehalem")
MANIFEST = Path(__file__).parents[1] / "resources" / "one_hand" / "manifest.json"


def results() -> dict[str, np.ndarray]:
    """Everything that is compared, computed by this process."""
    import rpr
    from rpr.run.deposit import read_deposit

    frames = read_deposit(MANIFEST, "frames")
    atoms = read_deposit(MANIFEST, "reference").atoms(0)
    molecule = rpr.Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))
    train, test = frames[:100], frames[100:200]
    searched = rpr.CovariantRegression(molecule=molecule, n_search=60, max_iterations=20)
    searched.fit(train)
    theta = np.round(searched.hyperparameters_["theta"], 3)
    given = {"theta": theta.tolist(), "lambda": float(np.exp(theta[-1]))}
    fixed = rpr.CovariantRegression(molecule=molecule, hyperparameters=given).fit(train)
    alone = np.concatenate([fixed.predict(test.positions[[k]]) for k in range(len(test))])
    found = {
        "covariant: kernel matrix": fixed._description.kernel(train.positions).matrix(theta),
        "covariant: coefficients": fixed.coefficients_,
        "covariant: prediction": fixed.predict(test),
        "covariant: frames one by one": alone,
        "covariant: prediction after its own search": searched.predict(test),
    }
    for name in ("SymmetrizedRPR", "RotatePredictRotate"):
        model = getattr(rpr, name)(molecule=molecule).fit(train)
        found[f"{name}: prediction after its own search"] = model.predict(test)
    return found


def main() -> None:
    """Run one process for each core type, and compare."""
    reference: dict[str, np.ndarray] = {}
    for core in CORES:
        environment = os.environ | {"OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, __file__, "--results"]
        done = subprocess.run(command, env=environment, capture_output=True)
        if done.returncode == -signal.SIGILL:
            print(f"{core}: this processor lacks its instructions")
            continue
        done.check_returncode()
        with np.load(io.BytesIO(done.stdout)) as file:
            found = {name: file[name] for name in file.files}
        reference = reference or found
        for name, expected in reference.items():
            error = np.abs(found[name] - expected).max() / np.abs(expected).max()
            print(f"{name:50s} {core:10s} {error:.1e}", flush=True)
        one = np.abs(found["covariant: frames one by one"] - found["covariant: prediction"]).max()
        scale = np.abs(found["covariant: prediction"]).max()
        print(f"{'covariant: one by one against together':50s} {core:10s} {one / scale:.1e}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--results"]:
        np.savez(sys.stdout.buffer, **results())
    else:
        main()
