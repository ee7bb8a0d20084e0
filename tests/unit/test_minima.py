"""Minima from one geometry: the torsional scan, and what the level of theory makes of it."""

from functools import partial

import numpy as np
import pytest
from ase.build import molecule as example
from ase.calculators.calculator import Calculator, all_changes
from scipy.interpolate import CubicHermiteSpline

from rpr.data.frame_set import FrameSet
from rpr.dynamics import conformers
from rpr.dynamics.conformers import scan_torsions, torsion_grid
from rpr.dynamics.minima import find_minima, minima_frames, minima_table
from rpr.errors import ConvergenceError, InputError
from rpr.labels.calculator import LabelCalculator
from rpr.labels.hessian import hessian
from rpr.labels.method import Method
from rpr.molecule.equivalence import distance
from rpr.molecule.molecule import Molecule, read_molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import find_rotors, rotor_dihedrals

XTB = Method(code="tblite", functional="gfn2-xtb", basis="")


def minima_of(molecule, candidates, **settings):
    settings = {"window": 0.3, "most": 8, **settings}
    level = partial(hessian, XTB, molecule.symbols)
    return find_minima(candidates, molecule, LabelCalculator(XTB), level, **settings)


def test_the_grid_has_each_geometry_once():
    assert len(torsion_grid(Molecule.from_atoms(example("H2O")))) == 1
    peroxide = Molecule.from_atoms(example("H2O2"))
    # 0, 60, ... from the reference; +angle and -angle are mirror images
    found = rotor_dihedrals(torsion_grid(peroxide), find_rotors(peroxide))
    assert 2 <= len(found) <= 6
    assert len(torsion_grid(Molecule.from_atoms(example("CH3OH")))) == 2  # within 120 degrees


def test_a_scan_of_too_many_points_is_refused(monkeypatch):
    chain = Molecule.from_atoms(example("trans-butane"))
    rotors = find_rotors(chain)
    monkeypatch.setattr(conformers, "find_rotors", lambda molecule: rotors[:1] * 6)
    with pytest.raises(InputError, match=r"6 bonds .* molecule/geometries"):
        torsion_grid(chain)


class Broken(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        raise ConvergenceError("does not converge")


def test_a_scan_that_fails_says_why():
    with pytest.raises(ConvergenceError, match=r"no point .* does not converge"):
        scan_torsions(Molecule.from_atoms(example("H2O")), Broken())


class Wells(Calculator):
    """Two atoms: a saddle at 2.0 Angstrom (0 eV) between deep wells, and a well at 2.3 (0.1 eV)."""

    implemented_properties = ("energy", "forces")
    distances = (1.7, 1.85, 2.0, 2.1, 2.2, 2.3, 2.4)
    curve = CubicHermiteSpline(
        distances, (1.0, -1.0, 0.0, -0.9, 0.3, 0.1, 2.0), (-30.0, 0, 0, 0, 0, 0, 40.0)
    )

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        arm = self.atoms.positions[1] - self.atoms.positions[0]
        r = np.linalg.norm(arm)
        forces = np.outer([1, -1], self.curve(r, 1) * arm / r)
        self.results = {"energy": float(self.curve(r)), "forces": forces}

    def hessian(self, positions):
        arm = positions[1] - positions[0]
        r = np.linalg.norm(arm)
        block = self.curve(r, 2) * np.outer(arm, arm) / r**2
        return np.block([[block, -block], [-block, block]])


def test_the_window_counts_from_the_minimum_below_a_saddle(caplog):
    molecule = Molecule.from_atoms(example("Cl2"))
    positions = np.array([[[0, 0, 0], [0, 0, r]] for r in (2.0, 2.3)])
    candidates = FrameSet(molecule.symbols, positions, energy=np.array([0.0, 0.1]))
    wells = Wells()
    caplog.set_level("INFO", "rpr.dynamics.minima")
    found = find_minima(candidates, molecule, wells, wells.hessian, window=0.2, most=8)
    assert found.energy < -0.8
    assert any(line.startswith("stationary point 0: mode 0") for line in caplog.messages)


def test_both_conformers_of_dichloroethane_from_either(root):
    """Independent reference: the two minima that come with the project, of the same level."""
    pytest.importorskip("tblite")
    known = {
        name: read_molecule(
            root / f"resources/geometries/dichloroethane_{name}.xyz",
            anchors=(0, 3),
            dihedral=(0, 1, 2, 3),
        )
        for name in ("anti", "gauche")
    }
    molecule = known["gauche"]
    candidates = scan_torsions(molecule, LabelCalculator(XTB))
    minima = minima_of(molecule, candidates)
    assert len(minima.energy) == 2
    group = find_group(molecule)
    for found, name in zip(minima.positions, ("anti", "gauche"), strict=True):
        assert distance(found, known[name].reference, group) < 0.01
    table = minima_table(minima, molecule)
    assert table["lowest_wavenumber"].min() > 50.0
    np.testing.assert_allclose(np.abs(table["dihedral_0_1_2_3"]), [180.0, 68.1], atol=1.0)
    assert table["energy_kJ_per_mol"][0] == 0.0
    assert 4.0 < table["energy_kJ_per_mol"][1] < 8.0
    assert len(minima_frames(minima, molecule)) == 2
    assert len(minima_of(molecule, candidates, window=0.03).energy) == 1


def test_a_saddle_point_is_left_downhill():
    """Planar ammonia is a saddle point; the pyramid is found from it."""
    pytest.importorskip("tblite")
    flat = Molecule.from_atoms(example("NH3"))
    positions = flat.reference.copy()
    positions[:, 2] = 0.0
    saddle = Molecule.from_atoms(flat.to_atoms(positions))
    grid = minima_frames(
        type("OneGeometry", (), {"positions": positions[None], "energy": np.zeros(1)}), saddle
    )
    minima = minima_of(saddle, grid)
    heights = np.linalg.svd(minima.positions[0] - minima.positions[0].mean(axis=0))[1]
    assert len(minima.energy) == 1
    assert heights[2] > 0.2  # not planar
