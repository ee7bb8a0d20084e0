"""Models of dipole and polarizability: estimators with `fit`, `predict`, `score` and `save`.

A model takes frames and gives vectors or tensors that turn with the molecule.  A new model derives
from :class:`~rpr.models.estimator.Estimator` (or ``PropertyEstimator``), declares its ``KIND``, and
has one entry in :mod:`rpr.models.registry`; kernels and linear algebra come from
:mod:`rpr.regression`.
"""
