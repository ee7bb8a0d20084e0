"""Learn the dipole of a molecule and predict it for a molecule that has been turned.

Usage: python examples/library.py FRAMES.extxyz REFERENCE.xyz MODEL.npz
"""

import sys

from ase.io import read

import rpr

frames_path, reference_path, model_path = sys.argv[1:]
molecule = rpr.Molecule.from_atoms(read(reference_path), marked=(0, 3), dihedral=(0, 1, 2, 3))
frames = rpr.read_frames(frames_path)  # positions in Angstrom, dipoles in e Angstrom
model = rpr.RotatePredictRotate(molecule=molecule, property="dipole", kernel="matern2").fit(frames)
rotated = read(frames_path, index=0)
rotated.rotate(90, "z")
model.save(model_path)
print("before:", model.predict(read(frames_path, index=0)))
print("turned:", rpr.load(model_path).predict(rotated))
