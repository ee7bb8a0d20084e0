"""Kernels and kernel ridge regression, on arrays.

Descriptors, kernels, the linear algebra of ridge regression, and the search for hyper-parameters by
validation live here.  Apart from the descriptors and the classes of atom pairs, nothing here knows
molecules; models put regression, axes and symmetry together in :mod:`rpr.models`.
"""
