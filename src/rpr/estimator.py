"""What all estimators share: parameters by name, the score, and checks of what they are given."""

from __future__ import annotations

import hashlib
import inspect

import numpy as np

from rpr.components import RANK, component_names
from rpr.datasets import FrameSet, as_positions
from rpr.errors import InputError
from rpr.molecule import Molecule

UNITS = {"positions": "Angstrom", "dipole": "e Angstrom", "polarizability": "Angstrom^3"}
#: Bond lengths that a reference geometry can have, Angstrom.
_BOND_RANGE = (0.3, 3.0)
#: Bond lengths that a frame can have, relative to the reference.  Vibrations stay within 0.75..1.5;
#: positions in bohr are at 1.89, a hydrogen in the place of a chlorine is at 0.6.
_STRETCH_RANGE = (0.65, 1.6)


class Estimator:
    """Base of estimators: the constructor stores its keyword arguments under their names.

    A subclass has ``property``, and ``predict(frames)`` in the laboratory.
    """

    def get_params(self, deep: bool = True) -> dict:
        """Arguments of the constructor by name (`deep` is there for scikit-learn)."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params) -> Estimator:
        """Change arguments of the constructor; takes effect at the next fit.

        Raises
        ------
        InputError
            If there is no parameter of that name.
        """
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                raise InputError(f"set_params: found {name!r}, expected one of {', '.join(known)}")
            setattr(self, name, value)
        return self

    def score(self, frames, values: np.ndarray | None = None) -> float:
        """Coefficient of determination over all elements, in the laboratory.

        1 - sum |prediction - value|^2 / sum |value - mean value|^2; 1 is perfect.  If no value
        differs from the mean, 1 for exact predictions and minus infinity otherwise.

        Parameters
        ----------
        frames
            As for `predict`.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Default: the property that a `FrameSet` holds.
        """
        predicted = self.predict(frames)
        values = checked_values(self.property, values, frames, len(predicted))
        residual = float(np.sum((predicted - values) ** 2))
        spread = float(np.sum((values - values.mean(axis=0)) ** 2))
        if spread == 0.0:
            return 1.0 if residual == 0.0 else -np.inf
        return 1.0 - residual / spread

    @classmethod
    def _parameter_names(cls) -> list[str]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def _require_fitted(self, attribute: str) -> None:
        if not hasattr(self, attribute):
            raise InputError(
                f"{type(self).__name__}: not fitted; call fit(frames, values) or load a saved model"
            )


def checked_positions(frames, molecule: Molecule) -> np.ndarray:
    """Positions of frames of `molecule`, in Angstrom, checked.

    Parameters
    ----------
    frames
        A `FrameSet`, ASE atoms (one or a sequence), or an array [n_frames, n_atoms, 3].
    molecule
        Whose atoms, in its order, the frames must have.

    Returns
    -------
    array, [n_frames, n_atoms, 3]

    Raises
    ------
    InputError
        If atoms, their order or the shape differ, a number is not finite, or bonds are so long or
        short that the positions cannot be in Angstrom.
    """
    positions = as_positions(frames, molecule.symbols)
    if not len(positions):
        raise InputError("frames: found none, expected at least one")
    _check_reference(molecule)
    i, j = np.array(molecule.bonds, dtype=int).reshape(-1, 2).T
    if not i.size:
        return positions
    expected = np.linalg.norm(molecule.reference[i] - molecule.reference[j], axis=1)
    stretch = np.linalg.norm(positions[:, i] - positions[:, j], axis=2) / expected
    low, high = _STRETCH_RANGE
    wrong = (stretch < low) | (stretch > high)
    if wrong.any():
        frame, bond = (int(k) for k in np.argwhere(wrong)[0])
        raise InputError(
            f"frames: bond {i[bond]}-{j[bond]} of frame {frame} is "
            f"{stretch[frame, bond] * expected[bond]:.3g} long, in the reference "
            f"{expected[bond]:.3g} Angstrom; {_remedy(float(np.median(stretch)))}"
        )
    return positions


def checked_values(property: str, values, frames, n_frames: int) -> np.ndarray:
    """Dipoles [n_frames, 3] or polarizabilities [n_frames, 3, 3] for frames, checked.

    Parameters
    ----------
    property
        ``"dipole"`` or ``"polarizability"``.
    values
        None: those that `frames`, a `FrameSet`, holds.
    frames
        What the user gave as frames.
    n_frames
        Their number.

    Raises
    ------
    InputError
        If there are none, the shape is wrong, or a number is not finite.
    """
    component_names(property)
    if values is None and isinstance(frames, FrameSet):
        values = getattr(frames, property)
    if values is None:
        raise InputError(f"values: found none; give the {property} of each frame")
    values = np.asarray(values, dtype=float)
    expected = (n_frames, *(3,) * RANK[property])
    if values.shape != expected:
        raise InputError(
            f"values: found shape {values.shape}, expected {expected}: one {property} per frame"
        )
    bad = ~np.isfinite(values.reshape(n_frames, -1)).all(axis=1)
    if bad.any():
        raise InputError(f"values: {property} of frame {int(np.argmax(bad))} is not finite")
    return values


def training_checksum(positions: np.ndarray, values: np.ndarray) -> str:
    """SHA-256 over the training frames, so that a model says what it was trained on."""
    digest = hashlib.sha256(np.ascontiguousarray(positions).tobytes())
    digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _check_reference(molecule: Molecule) -> None:
    reference = np.asarray(molecule.reference, dtype=float)
    if reference.shape != (molecule.n_atoms, 3) or not np.isfinite(reference).all():
        raise InputError(
            f"molecule: reference geometry of shape {reference.shape}, expected finite numbers "
            f"[{molecule.n_atoms}, 3]"
        )
    low, high = _BOND_RANGE
    lengths = [float(np.linalg.norm(reference[i] - reference[j])) for i, j in molecule.bonds]
    if molecule.n_atoms > 1 and not (lengths and low <= min(lengths) and max(lengths) <= high):
        found = f"bonds of {min(lengths):.3g} to {max(lengths):.3g}" if lengths else "no bonds"
        raise InputError(
            f"molecule: found {found} in the reference geometry, expected {low:g} to {high:g} "
            "Angstrom; convert it to Angstrom"
        )


def _remedy(stretch: float) -> str:
    if 1.6 < stretch < 2.2:
        return "positions look like bohr: multiply by rpr.units.BOHR to get Angstrom"
    if 0.07 < stretch < 0.14:
        return "positions look like nanometres: multiply by 10 to get Angstrom"
    if 70.0 < stretch < 140.0:
        return "positions look like picometres: divide by 100 to get Angstrom"
    return "expected an intact molecule in Angstrom; check the order of atoms, or drop the frame"
