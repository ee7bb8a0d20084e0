"""Models of dipole and polarizability: estimators with `fit`, `predict`, `score` and `save`.

A model takes frames and gives vectors or tensors that turn with the molecule.  A new model derives
from :class:`~rpr.models.property_estimator.PropertyEstimator`, which says what a subclass provides,
and has one entry in :mod:`rpr.models.registry`, which also declares the symmetries that it breaks.
Kernels and linear algebra come from :mod:`rpr.regression`.
"""
