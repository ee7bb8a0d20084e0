"""Kernels and kernel ridge regression, on arrays.

Here live the descriptors, the kernels, the linear algebra of ridge regression, and the search for
hyper-parameters by validation.  Apart from the descriptors nothing here knows that its inputs are
molecules: dipoles, axes and symmetry are put together in :mod:`rpr.models`.
"""
