"""Learn dipoles from an extended XYZ file and predict the one of a molecule that was turned.

Needs reference.xyz (the geometry whose distances are r_eq) and frames.extxyz (positions and
dipoles) in the current folder; writes dipole.npz.
"""

from ase.io import read

import rpr

molecule = rpr.Molecule.from_atoms(read("reference.xyz"), marked=(0, 3), dihedral=(0, 1, 2, 3))
frames = rpr.read_frames("frames.extxyz")  # Angstrom; dipoles in e Angstrom
model = rpr.RotatePredictRotate(molecule=molecule, property="dipole").fit(frames)
rotated = read("frames.extxyz", index=0)
rotated.rotate(90, "z")
print(model.predict(rotated))  # turned with the molecule
model.save("dipole.npz")
print(rpr.load("dipole.npz").predict(rotated))
