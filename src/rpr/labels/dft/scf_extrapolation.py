"""Guesses of orbitals and induced densities from previous frames.

A geometry is fitted by earlier ones, x = sum_k c_k x_k with sum_k c_k = 1, and the same
coefficients combine what was computed there: projectors on the occupied space and induced
densities, all in the symmetrically orthogonalised basis, where they are smooth functions of the
geometry (E. Polack et al., J. Chem. Theory Comput. 17, 6965 (2021), fit in the same spirit).
Along a trajectory this is an extrapolation in time whose order grows with the history.  If the fit
misses the geometry by more than `LARGEST_MISFIT`, there is no guess.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

LENGTH = 8  #: frames remembered
REGULARISATION = 1e-4  #: bohr: geometries closer than this carry no new direction
LARGEST_MISFIT = 0.5  #: bohr: largest norm of a geometry's deviation from its fit


class History:
    """Occupied orbitals and induced densities of the last frames.

    Orbitals are in the orthogonalised basis, y = S^(1/2) C, so that y^T y = 1.
    """

    def __init__(self, length: int = LENGTH) -> None:
        self._frames: deque[dict[str, np.ndarray]] = deque(maxlen=length)

    def __len__(self) -> int:
        return len(self._frames)

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()

    def add(
        self,
        positions: np.ndarray,
        orbitals: np.ndarray,
        induced: np.ndarray | None = None,
        second: np.ndarray | None = None,
    ) -> None:
        """Remember a frame.

        Parameters
        ----------
        positions : array, [n_atoms, 3]
            Bohr.
        orbitals : array, [n_ao, n_occupied]
            y.
        induced : array, [3, n_ao, n_ao], optional
            Half of the density induced by each field, as virtual-occupied operators.
        second : array, [6, n_ao, n_ao], optional
            The same of second order, for each pair of fields.
        """
        frame = {"positions": positions.copy(), "orbitals": orbitals.copy()}
        if induced is not None:
            frame["induced"] = induced.astype(np.float32)
        if second is not None:
            frame["second"] = second.astype(np.float32)
        self._frames.append(frame)

    def orbitals(self, positions: np.ndarray) -> np.ndarray | None:
        """Orthonormal guess y at new positions, [n_ao, n_occupied]; None if no frame is near.

        ``y = orth(sum_k c_k y_k y_k^T y_last)``
        """
        coefficients = _fit(positions, list(self._frames))
        if coefficients is None:
            return None
        last = self._frames[-1]["orbitals"]
        guess = np.zeros_like(last)
        for c, frame in zip(coefficients, self._frames, strict=True):
            guess += c * (frame["orbitals"] @ (frame["orbitals"].T @ last))
        left, _, right = np.linalg.svd(guess, full_matrices=False)
        return left @ right

    def induced(self, positions: np.ndarray, name: str = "induced") -> np.ndarray | None:
        """Guess of the operators ``induced`` or ``second``; None if no near frame has any."""
        frames = [f for f in self._frames if name in f]
        coefficients = _fit(positions, frames)
        if coefficients is None:
            return None
        return sum(c * f[name] for c, f in zip(coefficients, frames, strict=True))

    def state(self) -> dict[str, np.ndarray]:
        """The history as arrays."""
        return {f"{k}.{name}": v for k, f in enumerate(self._frames) for name, v in f.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Replace the history by one that `state` returned."""
        frames: dict[int, dict] = {}
        for key, value in state.items():
            k, name = key.split(".")
            frames.setdefault(int(k), {})[name] = np.array(value)
        self._frames.clear()
        self._frames.extend(frames[k] for k in sorted(frames))


def _fit(positions: np.ndarray, frames: list[dict[str, np.ndarray]]) -> np.ndarray | None:
    """c_k that minimise |x - sum_k c_k x_k|^2 + r^2 |c|^2 under sum_k c_k = 1; None if far."""
    if not frames:
        return None
    differences = np.array([(f["positions"] - positions).ravel() for f in frames])
    gram = differences @ differences.T
    gram[np.diag_indices(len(frames))] += REGULARISATION**2
    c = np.linalg.solve(gram, np.ones(len(frames)))
    c /= c.sum()
    return c if np.linalg.norm(c @ differences) < LARGEST_MISFIT else None
