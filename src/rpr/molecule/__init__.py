"""The molecule: what stays the same in all frames.

Here live its atoms, bonds and reference geometry, the dihedral and how to turn it, the
permutation-inversion group, normal modes, and the limits of a plausible geometry.  Nothing here
knows of labels, kernels or files of frames.
"""
