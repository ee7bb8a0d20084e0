"""Derivatives of dipole and polarizability of labels at a minimum, for comparison with models.

Used for ``spectra/reference``: 48 labels for eight atoms, by central differences, and the
analytic derivatives of the dipole. At B3LYP/aug-cc-pVTZ it took 8 minutes of one core for
1,2-dichloroethane.

    python benchmarks/harmonic_reference.py minimum.xyz minimum_derivatives.npz --basis aug-cc-pvtz
"""

import argparse

import numpy as np

from rpr.files import write_arrays
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.molecule.molecule import read_geometry

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("geometry")
parser.add_argument("output")
parser.add_argument("--functional", default="b3lyp5")
parser.add_argument("--basis", default="aug-cc-pvtz")
parser.add_argument("--step", type=float, default=0.01, help="Angstrom")
args = parser.parse_args()

atoms = read_geometry(args.geometry)
method = Method(functional=args.functional, basis=args.basis)
engine = make_engine(method, atoms.get_chemical_symbols(), max_memory_mb=2500)
centre = engine.compute(atoms.positions, ["dipole", "polarizability", "dipole_derivatives"])
dipoles, polarizabilities = [], []
for displacement in args.step * np.eye(atoms.positions.size):
    moved = displacement.reshape(-1, 3)
    pair = [
        engine.compute(atoms.positions + sign * moved, ["dipole", "polarizability"])
        for sign in (1.0, -1.0)
    ]
    dipoles.append((pair[0].dipole - pair[1].dipole) / (2.0 * args.step))
    difference = pair[0].polarizability - pair[1].polarizability
    polarizabilities.append(difference / (2.0 * args.step))
write_arrays(
    args.output,
    positions=atoms.positions,
    dipole=centre.dipole,
    polarizability=centre.polarizability,
    dipole_derivatives=centre.dipole_derivatives,
    dipole_derivatives_by_differences=np.reshape(dipoles, (-1, 3, 3)),
    polarizability_derivatives=np.reshape(polarizabilities, (-1, 3, 3, 3)),
    step_angstrom=args.step,
)
