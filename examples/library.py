"""Learn dipoles from an extended XYZ file and predict the dipole of a rotated molecule.

Needs reference.xyz (a minimum of the molecule) and frames.extxyz (positions and dipoles) in the
current folder; writes dipole.npz.
"""

from ase.io import read

import rpr

molecule = rpr.Molecule.from_atoms(read("reference.xyz"))
frames = rpr.read_frames("frames.extxyz")  # Angstrom; dipoles in e Angstrom
model = rpr.CovariantRegression(molecule=molecule, property="dipole").fit(frames)
rotated = read("frames.extxyz", index=0)
rotated.rotate(90, "z")
print(model.predict(rotated))  # the dipole turns with the molecule
model.save("dipole.npz")
print(rpr.load("dipole.npz").predict(rotated))
