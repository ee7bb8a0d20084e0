"""Units, expressed in those that frames are stored in.

Frames are stored in ASE units (Angstrom, eV, e Angstrom; polarizability as a volume in
Angstrom^3).  Dividing a stored value by a constant below expresses it in that unit::

    dipole_in_debye = dipole / DEBYE

Values are those of :mod:`ase.units` (CODATA 2014).
"""

from __future__ import annotations

import ase.units

BOHR = ase.units.Bohr  #: Angstrom
HARTREE = ase.units.Hartree  #: eV
KCAL_MOL = ase.units.kcal / ase.units.mol  #: eV
DEBYE = ase.units.Debye  #: e Angstrom
AU_DIPOLE = BOHR  #: one e bohr in e Angstrom
BOHR3 = BOHR**3  #: Angstrom^3
FS = ase.units.fs  #: one femtosecond in ASE's unit of time, Angstrom sqrt(u/eV)
KB = ase.units.kB  #: eV / K
HBAR = ase.units._hbar * ase.units.J * ase.units.s  #: eV times ASE's unit of time
INVERSE_CM = ase.units.invcm  #: eV
#: N_A e^2 / (12 eps_0 c^2 u) in km/mol: infrared intensity of a mode of |d mu / d Q|^2 = 1 e^2/u
INFRARED = ase.units._Nav * ase.units._e**2 * 1e-3
INFRARED /= 12 * ase.units._eps0 * ase.units._c**2 * ase.units._amu

#: Unit of each property in tables and figures, and its size in stored units.
REPORTED = {
    "dipole": ("D", DEBYE),
    "polarizability": ("bohr^3", BOHR3),
    "energy": ("kcal/mol", KCAL_MOL),
    "forces": ("kcal/mol/Angstrom", KCAL_MOL),
}

#: Units that files of frames may use for each quantity, and their size in stored units; the first
#: of each is the stored one.
ACCEPTED: dict[str, dict[str, float]] = {
    "energy": {"eV": 1.0, "hartree": HARTREE, "kcal/mol": KCAL_MOL, "kJ/mol": KCAL_MOL / 4.184},
    "forces": {
        "eV/Angstrom": 1.0,
        "hartree/bohr": HARTREE / BOHR,
        "kcal/mol/Angstrom": KCAL_MOL,
        "kJ/mol/Angstrom": KCAL_MOL / 4.184,
    },
    "dipole": {"e*Angstrom": 1.0, "debye": DEBYE, "e*bohr": BOHR},
    "polarizability": {
        "Angstrom^3": 1.0,
        "bohr^3": BOHR3,
        "e^2*Angstrom^2/eV": ase.units.Hartree * ase.units.Bohr,
    },
    "dipole_derivatives": {"e": 1.0, "debye/Angstrom": DEBYE},
    "polarizability_derivatives": {"Angstrom^2": 1.0, "bohr^2": BOHR**2},
}
