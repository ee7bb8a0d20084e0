"""KREG: a potential learnt from energies and gradients, in closed form.

Kernel ridge regression with the relative-distance (RE) descriptor and a Gaussian kernel.  Outsiders
take :class:`~rpr.models.kreg.potential.KREG` from here and nothing else; dynamics on the potential
are in :mod:`rpr.dynamics`.
"""
