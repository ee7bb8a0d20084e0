"""The molecule: what stays the same in all frames.

This package holds its atoms, bonds and reference geometry, its dihedral and how to turn it, its
permutation-inversion group, its normal modes, and the limits of a plausible geometry.  It knows
nothing of labels, kernels or files of frames.
"""
