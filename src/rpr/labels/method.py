"""The level of theory at which frames are labelled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from typing import Any

import rpr.labels.dft  # noqa: F401  (sets PySCF's configuration file before PySCF is imported)
from rpr.errors import InputError, require_package

CODES = ("pyscf", "tblite")
TBLITE_METHODS = {"gfn2-xtb": "GFN2-xTB", "gfn1-xtb": "GFN1-xTB"}


@dataclass(frozen=True)
class Method:
    """A level of theory with its numerical settings.

    Grid levels are those of PySCF (0 to 9, 3 by default).  The self-consistent field is
    converged on `coarse_grid_level` and then corrected to self-consistency on `grid_level`,
    which determines energy and dipole.

    Parameters
    ----------
    code
        ``pyscf`` (density functional theory, Hartree-Fock) or ``tblite`` (extended tight binding).
    functional
        A name that libxc knows (``b3lyp5``, ``blyp``, ``pbe0``), ``hf``, or for tblite
        ``gfn2-xtb``.  Turbomole's b3-lyp is ``b3lyp5`` here.
    basis
        Orbital basis; empty for tblite.
    density_fitting
        Whether Coulomb and exchange integrals are density-fitted.
    auxiliary_basis
        Fitting basis; empty for PySCF's choice for `basis`.
    grid_level, coarse_grid_level, response_grid_level, gradient_grid_level
        Integration grids of the result, of the first SCF cycles, of the response equations and of
        the gradient.
    scf_gradient_tolerance
        Largest norm of the virtual-occupied block of the Fock matrix of a converged SCF, hartree.
    response_tolerance
        Largest norm of the residual of a response equation relative to its right-hand side.
    max_cycles
        SCF cycles before another solver is tried.
    canonical_orientation
        Whether to compute in an orientation fixed to the molecule and rotate the labels back, so
        that labels of a rotated molecule are exactly the rotated labels.
    """

    code: str = "pyscf"
    functional: str = "b3lyp5"
    basis: str = "def2-svp"
    density_fitting: bool = True
    auxiliary_basis: str = ""
    grid_level: int = 3
    coarse_grid_level: int = 0
    response_grid_level: int = 1
    gradient_grid_level: int = 3
    scf_gradient_tolerance: float = 1e-6
    response_tolerance: float = 1e-3
    max_cycles: int = 50
    canonical_orientation: bool = True

    @classmethod
    def from_config(
        cls, config: Mapping[str, object], symbols: Sequence[str] = ("H", "C")
    ) -> Method:
        """Method from a mapping of its keys, checked for the elements `symbols`.

        Raises
        ------
        InputError
            If a key is unknown, the functional or the basis does not exist, the functional is of an
            unsupported kind, or a number has the wrong type or size.
        """
        known = {f.name: str(f.type) for f in fields(cls)}
        for key, value in config.items():
            if key not in known:
                raise InputError(
                    f"method: found the unknown key {key!r}, expected one of {', '.join(known)}"
                )
            _check_type(key, value, known[key])
        values: dict[str, Any] = dict(config)
        method = cls(**values)
        method.check(symbols)
        return method

    def check(self, symbols: Sequence[str] = ("H", "C")) -> None:
        """Refuse a method that cannot label molecules of the elements `symbols`.

        Raises
        ------
        InputError
            As for :meth:`from_config`.
        """
        if self.code not in CODES:
            raise InputError(f"code: found {self.code!r}, expected one of {', '.join(CODES)}")
        if self.code == "tblite":
            if self.functional not in TBLITE_METHODS:
                raise InputError(
                    f"functional: found {self.functional!r} for code tblite, "
                    f"expected one of {', '.join(TBLITE_METHODS)}"
                )
            return
        require_package("pyscf", extra="labels")
        _check_functional(self.functional)
        _check_basis("basis", self.basis, symbols)
        if self.auxiliary_basis:
            _check_basis("auxiliary_basis", self.auxiliary_basis, symbols)
        _check_numbers(self)

    def as_dict(self) -> dict[str, object]:
        """The method as plain builtins."""
        return asdict(self)

    def fingerprint(self) -> str:
        """Hexadecimal digest of every setting."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def cheap_method(method: Mapping[str, object]) -> dict[str, object]:
    """Level for searches whose results are computed again: GFN2-xTB if tblite is installed.

    Parameters
    ----------
    method
        Level of theory that is taken without tblite.
    """
    if find_spec("tblite") is None:
        return dict(method)
    return {"code": "tblite", "functional": "gfn2-xtb", "basis": ""}


def _check_type(key: str, value: object, expected: str) -> None:
    if expected == "float" and isinstance(value, int) and not isinstance(value, bool):
        return
    if type(value).__name__ != expected:
        hint = " (write 1.0e-8, not 1e-8, in YAML)" if expected == "float" else ""
        raise InputError(
            f"{key}: found {value!r} of type {type(value).__name__}, expected {expected}{hint}"
        )


def _check_functional(name: str) -> None:
    from pyscf.dft import libxc

    try:
        kind = libxc.xc_type(name)
        omega = libxc.rsh_coeff(name)[0]
        nonlocal_correlation = libxc.is_nlc(name)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"functional: found {name!r}, which libxc does not know; "
            "expected a name such as b3lyp5, blyp, pbe0 or hf"
        ) from error
    left_out = {
        "a meta-GGA": kind == "MGGA",
        "range-separated": omega != 0,
        "with nonlocal correlation": bool(nonlocal_correlation),
    }
    for reason, found in left_out.items():
        if found:
            raise InputError(
                f"functional: {name!r} is {reason}, which is not supported; "
                "expected an LDA, a GGA, a global hybrid of these, or hf"
            )


def _check_basis(key: str, name: str, symbols: Sequence[str]) -> None:
    from ase.data import atomic_numbers
    from pyscf import gto

    for symbol in dict.fromkeys(symbols):
        try:
            gto.basis.load(name, symbol)
        except Exception as error:  # PySCF raises several kinds
            raise InputError(
                f"{key}: PySCF has no basis {name!r} for {symbol}; "
                "expected a name such as def2-svp or aug-cc-pvtz"
            ) from error
        if atomic_numbers[symbol] > 36:
            raise InputError(
                f"{key}: {symbol} needs an effective core potential, which is not "
                "supported; expected elements up to Kr"
            )


def _check_numbers(method: Method) -> None:
    for key in ("grid_level", "coarse_grid_level", "response_grid_level", "gradient_grid_level"):
        if not 0 <= getattr(method, key) <= 9:
            raise InputError(f"{key}: found {getattr(method, key)}, expected 0 to 9")
    for key in ("scf_gradient_tolerance", "response_tolerance"):
        if not 0 < getattr(method, key) < 1:
            raise InputError(
                f"{key}: found {getattr(method, key)}, expected a number between 0 and 1"
            )
    if method.max_cycles < 1:
        raise InputError(f"max_cycles: found {method.max_cycles}, expected at least 1")
