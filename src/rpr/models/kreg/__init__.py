"""KREG: a potential learnt from energies and gradients, in closed form.

KREG is kernel ridge regression with the relative-distance (RE) descriptor and a Gaussian kernel.
Other packages use :class:`~rpr.models.kreg.potential.KREG` and, to estimate memory, its solver.
Dynamics on the potential are in :mod:`rpr.dynamics`.
"""
