"""Kernel matrices made at once, for tests of what makes them in parts."""

import numpy as np

from rpr.regression.kernels import distance, kernel_from_distance


def kernel(name: str, X: np.ndarray, Y: np.ndarray | None, sigma: float) -> np.ndarray:
    """Kernel between the rows of `X` [n, D] and `Y` [m, D] (None: of `X`), [n, m]."""
    return kernel_from_distance(name, distance(name, X, Y), sigma)
