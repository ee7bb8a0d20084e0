"""Canonical axes: orientations fixed to a molecule, and components of tensors in them.

This package holds the definitions of the axes, the rules for their signs, the rotation of frames
and tensors, and the characters with which components change sign.  Regression in these axes is in
:mod:`rpr.models`.  New axes are an entry of ``AXES`` in :mod:`rpr.axes.canonical`.
"""
