"""Kernels between descriptors, and the distances they are functions of.

A kernel here is a function of one distance divided by one length scale sigma, so that the
distances of a set of frames are computed once and serve every sigma.

========== ========================================================= =============
name       k(x, x')                                                  distance d
========== ========================================================= =============
gaussian   exp(-d^2 / (2 sigma^2))                                   Euclidean
laplacian  exp(-d / sigma)                                           L1
matern<n>  exp(-d/sigma) n!/(2n)! sum_{k=0..n} (n+k)!/(k! (n-k)!)    Euclidean
           (2d/sigma)^(n-k),  n = 1, 2, 3, 4
========== ========================================================= =============

The Matern kernels have smoothness nu = n + 1/2 and no factor sqrt(2 nu) in the argument, so that
k = 1 - (d/sigma)^2 / (2 (2n - 1)) + ... : the same width needs a smaller sigma as n grows, and
sigma sqrt(2n - 1) held fixed gives the Gaussian for large n.  All are one at zero distance.

A family is a set of kernels of one distance, of which validation chooses one for each component:
``matern`` has n = 1 to 4, and ``matern-gaussian`` also their limit.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eq. (1) and the kernels compared there.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cdist

from rpr.errors import InputError

#: Elements handled at once, so that intermediate results stay in the processor's cache.
_BLOCK = 1 << 15


def metric(name: str) -> str:
    """Distance that a kernel, or all kernels of a family, are functions of: ``"l1"`` or ``"l2"``.

    Raises
    ------
    InputError
        If there is no such kernel.
    """
    return _DEFINITIONS[members(name)[0]][0]


def members(name: str) -> tuple[str, ...]:
    """Kernels of the family `name`, or the kernel of that name alone.

    Raises
    ------
    InputError
        If there is no such kernel or family.

    Examples
    --------
    >>> members("matern")
    ('matern1', 'matern2', 'matern3', 'matern4')
    >>> members("gaussian")
    ('gaussian',)
    """
    if name in FAMILIES:
        return FAMILIES[name]
    if name not in _DEFINITIONS:
        raise InputError(
            f"kernel: found {name!r}, expected one of {', '.join((*KERNELS, *FAMILIES))}"
        )
    return (name,)


def distance(name: str, X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """Distances that kernel `name` needs between the rows of `X` and of `Y`.

    Parameters
    ----------
    name
        One of `KERNELS` or `FAMILIES`.
    X : array, [n, n_features]
    Y : array, [m, n_features]
        Default: `X`, with a diagonal of exact zeros.

    Returns
    -------
    array, [n, m]

    Raises
    ------
    InputError
        If there is no such kernel or the numbers of features differ.
    """
    X = np.asarray(X, dtype=float)
    other = X if Y is None else np.asarray(Y, dtype=float)
    if X.ndim != 2 or other.ndim != 2 or X.shape[1] != other.shape[1]:
        raise InputError(
            f"descriptors: found shapes {X.shape} and {other.shape}, "
            "expected two matrices with the same number of columns"
        )
    d = cdist(X, other, "cityblock") if metric(name) == "l1" else _euclidean(X, other)
    if Y is None:
        np.fill_diagonal(d, 0.0)
    return d


def _euclidean(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    # |x|^2 + |y|^2 - 2 x.y runs at the speed of a matrix product; the common shift keeps the
    # cancellation at the scale of the data's spread instead of its size.
    centre = Y.mean(axis=0)
    X, Y = X - centre, Y - centre
    d = X @ (-2.0 * Y.T)  # -> [n, m]
    d += np.einsum("ij,ij->i", X, X)[:, None]
    d += np.einsum("ij,ij->i", Y, Y)
    np.maximum(d, 0.0, out=d)
    return np.sqrt(d, out=d)


def kernel_from_distance(
    name: str, d: np.ndarray, sigma: float, out: np.ndarray | None = None
) -> np.ndarray:
    """Kernel at distances `d`.

    Parameters
    ----------
    name
        One of `KERNELS`.
    d : array
        Distances as `distance` gives them.
    sigma
        Length scale, in the unit of `d`.
    out : array, C-contiguous
        Where to write; may be `d` itself.

    Returns
    -------
    array, of the shape of `d`

    Raises
    ------
    InputError
        If there is no such kernel or sigma is not positive.
    """
    if members(name) != (name,):
        raise InputError(f"kernel: found the family {name!r}, expected one of {', '.join(KERNELS)}")
    if not sigma > 0.0:
        raise InputError(f"sigma: found {sigma}, expected a positive number")
    d = np.ascontiguousarray(d, dtype=float)
    out = np.empty_like(d) if out is None else out
    _, evaluate, coefficients = _DEFINITIONS[name]
    source, target = d.reshape(-1), out.reshape(-1)
    for start in range(0, source.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        evaluate(source[block], sigma, coefficients, target[block])
    return out


def matern_coefficients(n: int) -> tuple[float, ...]:
    """Polynomial of the Matern kernel of order n: coefficients c_p of sum_p c_p (d/sigma)^p.

    c_{n-k} = n!/(2n)! (n+k)!/(k! (n-k)!) 2^(n-k), for k = n down to 0; c_0 = 1.
    """
    # one division of integers, so that c_0 is exactly 1
    factorial = math.factorial
    return tuple(
        (factorial(n) * factorial(2 * n - p) * 2**p)
        / (factorial(2 * n) * factorial(n - p) * factorial(p))
        for p in range(n + 1)
    )


def _gaussian(d: np.ndarray, sigma: float, _: tuple[float, ...], out: np.ndarray) -> None:
    np.multiply(d, d, out=out)
    out *= -0.5 / sigma**2
    np.exp(out, out=out)


def _exponential(
    d: np.ndarray, sigma: float, coefficients: tuple[float, ...], out: np.ndarray
) -> None:
    x = d * (1.0 / sigma)
    polynomial = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        polynomial *= x
        polynomial += c
    np.negative(x, out=x)
    np.exp(x, out=x)
    np.multiply(x, polynomial, out=out)


#: Name -> metric, formula, coefficients of its polynomial.
_DEFINITIONS = {
    "gaussian": ("l2", _gaussian, (1.0,)),
    "laplacian": ("l1", _exponential, (1.0,)),
    **{f"matern{n}": ("l2", _exponential, matern_coefficients(n)) for n in (1, 2, 3, 4)},
}
KERNELS = tuple(_DEFINITIONS)
_MATERN = ("matern1", "matern2", "matern3", "matern4")
#: Family -> kernels of the same distance, the smoother ones later.
FAMILIES = {"matern": _MATERN, "matern-gaussian": (*_MATERN, "gaussian")}
