"""The models that the studies compare, by name."""

MODELS = ("paper", "cured", "symmetrized", "covariant", "laboratory", "augmented")
"""Models of the comparison on the rotated set."""

ABLATIONS = ("paper-raw-axes", "paper-RE", "paper-RE-raw-axes", "paper-kabsch", "paper-three-atom")
"""Variants of the paper's model with one choice changed."""


def make_model(name, *, property, molecule, seed=0, kernel=None, descriptor="RExyzCl",
               coordinate_weight=0.5, validation_fraction=0.2, sigmas=None, lambdas=None):
    """Unfitted estimator `name` (one of MODELS + ABLATIONS).

    kernel: None = the paper's choice (matern2 for the dipole, gaussian for the polarizability).
    descriptor, kernel, coordinate_weight apply to the RPR models (paper, cured, laboratory, ...).
    """
    raise NotImplementedError


def fit_model(name, frames, indices, *, property, molecule, seed=0, **settings):
    """make_model + fit on frames.subset(indices); returns the fitted estimator (has .save(path))."""
    raise NotImplementedError
