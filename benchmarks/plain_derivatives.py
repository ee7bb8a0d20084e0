"""Check deposited derivatives of the dipole against plain PySCF; prints a table as CSV.

    python benchmarks/plain_derivatives.py > resources/one_hand/derivative_check.csv

Dipoles of plain PySCF, at positions displaced by ``+h u`` and ``-h u``, give the derivative along a
random direction u of unit length in all coordinates together,

    [mu(R + h u) - mu(R - h u)] / 2h = sum_Ax u_Ax d mu / d R_Ax,

so that each direction tests all elements of the label at once.  One direction takes 90 s of
processor time at B3LYP/aug-cc-pVTZ.
"""

from __future__ import annotations

import argparse
import csv
import sys

import numpy as np

from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.run.deposit import read_deposit

COLUMNS = ("frame", "direction", "step_A", "component", "plain_e", "label_e", "deviation_e")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", default="resources/one_hand/manifest.json")
    parser.add_argument("--frame", type=int, default=0)
    parser.add_argument("--directions", type=int, default=6)
    parser.add_argument("--step", type=float, default=0.01, help="Angstrom")
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()
    frames = read_deposit(options.manifest, "derivatives")
    positions = frames.positions[options.frame]
    derivatives = frames.dipole_derivatives[options.frame]
    engine = make_engine(Method(basis="aug-cc-pvtz"), frames.symbols, plain=True)
    rng = np.random.default_rng(options.seed)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number in range(options.directions):
        direction = rng.normal(size=positions.shape)
        direction /= np.linalg.norm(direction)
        forward, backward = (
            engine.compute(positions + sign * options.step * direction, ("energy", "dipole")).dipole
            for sign in (1, -1)
        )
        plain = (forward - backward) / (2 * options.step)
        label = np.einsum("ax,axk->k", direction, derivatives)
        for component, a, b in zip("xyz", plain, label, strict=True):
            row = (f"{a:.6f}", f"{b:.6f}", f"{a - b:.1e}")
            writer.writerow((options.frame, number, options.step, component, *row))


if __name__ == "__main__":
    main()
