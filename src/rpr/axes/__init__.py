"""Canonical axes: orientations fixed to a molecule, and components of tensors in them.

Here live the definitions of the axes, the rules for their signs, rotation of positions and tensors
into them and back, and the characters with which components change sign.  Regression in these axes
is in :mod:`rpr.models`.  New axes are an entry of ``AXES`` in :mod:`rpr.axes.canonical`.
"""
