"""Labels of one frame against a small calculation of the project's own, which settles units.

B3LYP/def2-SVP has dipoles within some 20 % of any better method and polarizabilities within 30 %,
close enough to tell e bohr from e Angstrom, a wrong sign, and tensors in other axes.  Total
energies of all electrons agree to 2 %.
"""

from __future__ import annotations

import numpy as np

from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED, NOTE, OK, Finding
from rpr.data.frame_set import FrameSet
from rpr.errors import ConvergenceError, InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import PROPERTIES, Labels
from rpr.units import ACCEPTED

METHOD = Method(functional="b3lyp5", basis="def2-svp")
_LEVEL = "B3LYP/def2-SVP"

#: Smallest cosine between values and the calculated ones.
ALIGNED = 0.8

#: Relative deviation of a total energy from the calculated one.
TOTAL_ENERGY = 0.02

#: Smallest values that are compared: eV/Angstrom, e Angstrom, Angstrom^3.
_SMALLEST = {"forces": 0.3, "dipole": 0.05, "polarizability": 0.3}


def check_calculated(frames: FrameSet, *, charge: int = 0, rough: bool = False) -> list[Finding]:
    """Compute one frame and compare its labels in size, sign and direction.

    Parameters
    ----------
    frames
        Frames with labels; one with a large dipole and large forces is computed.
    charge
        Total charge.
    rough
        Whether the labels are known to be of a rough method such as GFN2-xTB, whose dipoles and
        polarizabilities may be twice as large or half: their sizes then say nothing about units.

    Returns
    -------
    list of Finding
        One for each quantity that the frames carry; a single one if nothing could be computed.
    """
    known = [name for name in PROPERTIES if getattr(frames, name) is not None]
    k = _telling_frame(frames)
    try:
        engine = make_engine(METHOD, frames.symbols, charge=charge)
        labels = engine.compute(frames.positions[k], tuple(known) or ("energy",))
    except (InputError, ConvergenceError, ModuleNotFoundError) as error:
        return [Finding("calculated frame", NOT_TESTED, str(error))]
    return [_compare(name, getattr(frames, name)[k], labels, k, rough) for name in known]


def _telling_frame(frames: FrameSet) -> int:
    """Frame whose dipole and forces are both large, relative to the largest of all frames."""
    sizes = np.ones(len(frames))
    for values in (frames.dipole, frames.forces):
        if values is not None:
            norms = np.linalg.norm(values.reshape(len(frames), -1), axis=1)
            sizes = np.minimum(sizes, norms / max(norms.max(), 1e-12))
    return int(np.argmax(sizes))


def _compare(name: str, value: np.ndarray, labels: Labels, k: int, rough: bool) -> Finding:
    calculated = getattr(labels, name)
    check = f"{name} against {_LEVEL}"
    if calculated is None:
        return Finding(check, NOT_TESTED, "; ".join(labels.flags))
    if name == "energy":
        return _compare_energy(check, float(value), calculated, k)
    if np.linalg.norm(calculated) < _SMALLEST[name] or not np.any(value):
        return Finding(check, NOT_TESTED, f"nearly zero in frame {k}")
    ratio = float(np.sum(value * calculated) / np.sum(calculated**2))
    cosine = _cosine(_directed(name, value), _directed(name, calculated), _SMALLEST[name])
    text = f"frame {k}: {abs(ratio):.3g} times the calculated one, cosine {cosine:.2f}"
    if cosine < -ALIGNED:
        meaning = "these are gradients" if name == "forces" else "the sign is reversed"
        return Finding(check, IMPLAUSIBLE, f"{text}: {meaning}")
    if cosine < ALIGNED:
        return Finding(check, IMPLAUSIBLE, f"{text}: other axes, or labels of another frame")
    return _closest_unit(name, check, ratio, text, rough)


def _cosine(value: np.ndarray, calculated: np.ndarray, smallest: float) -> float:
    """Cosine of the angle between two values; 1 if the calculated one is too small to have any."""
    if np.linalg.norm(calculated) < smallest:
        return 1.0
    return float(np.sum(value * calculated) / np.linalg.norm(value) / np.linalg.norm(calculated))


def _closest_unit(name: str, check: str, ratio: float, text: str, rough: bool) -> Finding:
    sizes = ACCEPTED[name]
    unit = min(sizes, key=lambda unit: abs(np.log(ratio * sizes[unit])))
    if sizes[unit] == 1.0:
        return Finding(check, OK, text)
    if rough:
        return Finding(check, NOTE, f"{text}; rough methods deviate so much")
    return Finding(check, IMPLAUSIBLE, f"{text}; the values may be in {unit}")


def _compare_energy(check: str, value: float, calculated: float, k: int) -> Finding:
    ratio = value / calculated
    text = f"frame {k}: {ratio:.4g} times the calculated one"
    for unit, size in ACCEPTED["energy"].items():
        if abs(ratio * size - 1) < TOTAL_ENERGY:
            if size == 1.0:
                return Finding(check, OK, text)
            return Finding(check, IMPLAUSIBLE, f"{text}; the energies may be in {unit}")
    return Finding(check, NOT_TESTED, f"{text}: no total energy of all electrons")


def _directed(name: str, value: np.ndarray) -> np.ndarray:
    """What of a value has a direction: a polarizability without its isotropic part."""
    if name != "polarizability":
        return value
    return value - np.trace(value) / 3 * np.eye(3)
