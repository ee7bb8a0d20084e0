"""What density fitting costs: one deposited frame with exact integrals; prints a table as CSV.

    python benchmarks/exact_integrals.py > resources/deposit/exact_integrals.csv

Plain PySCF without density fitting, default grid and tight convergence, against the label of the
frame.  At B3LYP/aug-cc-pVTZ this takes nine minutes of processor time and 7.7 GB.
"""

from __future__ import annotations

import argparse
import csv
import sys

import numpy as np

from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.run.deposit import read_deposit
from rpr.units import BOHR, BOHR3, HARTREE

#: Atomic units of the quantities of a label.
UNITS = {
    "energy": ("hartree", HARTREE),
    "forces": ("hartree/bohr", HARTREE / BOHR),
    "dipole": ("e bohr", BOHR),
    "polarizability": ("bohr^3", BOHR3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--manifest", default="resources/deposit/manifest.json")
    parser.add_argument("--frame", type=int, default=0)
    parser.add_argument("--basis", default="aug-cc-pvtz")
    parser.add_argument("--memory", type=float, default=12000.0, help="MB")
    options = parser.parse_args()
    frames = read_deposit(options.manifest, "frames")
    method = Method(basis=options.basis, density_fitting=False)
    engine = make_engine(method, frames.symbols, plain=True, max_memory_mb=options.memory)
    exact = engine.compute(frames.positions[options.frame], tuple(UNITS))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("frame", "quantity", "largest_deviation", "unit"))
    for name, (unit, factor) in UNITS.items():
        label = getattr(frames, name)[options.frame]
        deviation = np.abs(getattr(exact, name) - label).max() / factor
        writer.writerow((options.frame, name, f"{deviation:.2g}", unit))


if __name__ == "__main__":
    main()
