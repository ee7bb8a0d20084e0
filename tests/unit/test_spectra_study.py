"""Spectra of conformers: which segments are whose, versions, populations, tables, lines."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import molecule as build
from ase.io import read
from test_batch_dynamics import Springs, water
from test_spectra import T, classical

from rpr.data.segments import Segments
from rpr.errors import ConvergenceError, InputError
from rpr.models.kreg.potential import KREG
from rpr.molecule.molecule import Molecule
from rpr.molecule.normal_modes import NormalModes, normal_modes
from rpr.report.figures import trajectory_spectra
from rpr.report.figures.spectra import names, ranges
from rpr.spectra.harmonic import HarmonicSpectrum, harmonic_spectrum
from rpr.studies import conformers as study
from rpr.studies.harmonic_lines import (
    comparison_table,
    line_errors_table,
    lines_of_draws,
    lines_table,
    model_lines,
)
from rpr.studies.minima_file import read_minima, write_minima
from rpr.studies.model_error import chosen_segments, model_errors, with_model_error
from rpr.studies.spectra import (
    RAMAN,
    SpectrumSettings,
    bands,
    infrared_table,
    mean_of_segments,
    raman_table,
)
from rpr.studies.spectra_of_models import jumps_of_models, spectra_of_models
from rpr.units import DEBYE, KB


@pytest.fixture(scope="module")
def dichloroethane(request):
    root = request.config.rootpath / "resources/geometries"
    found = {k: read(root / f"dichloroethane_{k}.xyz") for k in ("anti", "gauche")}
    molecule = Molecule.from_atoms(found["anti"], anchors=(0, 3), dihedral=(0, 1, 2, 3))
    modes = NormalModes(np.linspace(100, 3000, 18), np.zeros((18, 8, 3)), molecule.masses)
    minima = {
        k: study.Minimum(a.positions, energy, modes, study.versions(molecule, a.positions))
        for (k, a), energy in zip(found.items(), (0.0, 0.05), strict=True)
    }
    return molecule, minima


def test_versions(dichloroethane):
    _, minima = dichloroethane
    assert [len(m.versions) for m in minima.values()] == [1, 2]
    assert len(study.starts(minima)) == 4
    water = Molecule.from_atoms(build("H2O"))
    assert len(study.versions(water, water.reference)) == 1


def test_populations_follow_energy_versions_and_inertia(dichloroethane):
    _, minima = dichloroethane
    anti, gauche = study.populations(minima, T)
    assert anti + gauche == pytest.approx(1.0)
    moments = []
    for minimum in minima.values():
        atoms = Atoms("ClC2ClH4", positions=minimum.positions)  # moments of inertia of ASE
        moments.append(np.sqrt(np.prod(atoms.get_moments_of_inertia())))
    expected = 2 * moments[1] / moments[0] * np.exp(-0.05 / (8.617333e-5 * T))
    assert gauche / anti == pytest.approx(expected, rel=1e-3)


def test_a_linear_molecule_has_two_moments_of_inertia():
    dioxide = Molecule.from_atoms(build("CO2"))
    modes = NormalModes(np.linspace(600, 2400, 4), np.zeros((4, 3, 3)), dioxide.masses)
    x = dioxide.reference
    long = x * np.array([1.0, 1.0, 1.1])  # along z
    minima = {
        name: study.Minimum(positions, 0.0, modes, positions[None])
        for name, positions in (("short", x), ("long", long))
    }
    short, long = study.populations(minima, T)
    assert long / short == pytest.approx(1.1**2)  # sqrt(I^2), I ~ d^2
    kinetic = np.full((1, 3), 2.0 * KB * T)
    segments = Segments(dioxide.symbols, np.array([[x] * 3]), np.arange(1), 2.0, kinetic=kinetic)
    table = study.conformer_table(minima, segments, np.array(["short"]), dioxide, T)
    assert table["kinetic_temperature_K"].iloc[0] == pytest.approx(T)


def test_segments_belong_to_the_nearest_minimum(dichloroethane):
    molecule, minima = dichloroethane
    rng = np.random.default_rng(0)
    anti, (plus, minus) = minima["anti"].positions, minima["gauche"].versions
    paths = [[anti] * 3, [plus] * 3, [minus] * 3, [anti, anti, plus]]
    positions = np.array(paths) + 0.05 * rng.standard_normal((4, 3, 8, 3))
    segments = Segments(molecule.symbols, positions, np.arange(4), 2.0)
    found = study.conformer_of_segments(segments, minima, molecule)
    assert found.tolist() == ["anti", "gauche", "gauche", study.MIXED]
    table = study.conformer_table(minima, segments, found, molecule, T)
    assert table["segments"].tolist() == [1, 2, 1]
    assert table["energy_kcal_per_mol"].iloc[1] == pytest.approx(0.05 * 23.06, rel=1e-3)


def test_minima_of_a_potential_are_found_and_stored(tmp_path):
    molecule = water()
    rng = np.random.default_rng(0)
    positions = molecule.reference + 0.08 * rng.standard_normal((60, 3, 3))
    model = KREG(molecule=molecule, sigma=0.8, lambda_energy=1e-8, lambda_forces=1e-8)
    model.fit(positions, *Springs(molecule).predict(positions))
    start = molecule.to_atoms(molecule.reference * 1.03)
    minima = study.find_minima(model, molecule, {"water": start}, force_tolerance=1e-4)
    distance = np.linalg.norm(minima["water"].positions[0] - minima["water"].positions[1])
    expected = np.linalg.norm(molecule.reference[0] - molecule.reference[1])
    assert distance == pytest.approx(expected, abs=1e-3)
    write_minima(tmp_path / "minima.npz", minima)
    back = read_minima(tmp_path / "minima.npz")["water"]
    assert np.array_equal(back.modes.vectors, minima["water"].modes.vectors)
    assert np.array_equal(back.versions, minima["water"].versions)

    class Saddle(KREG):
        def predict(self, frames):
            energy, forces = super().predict(frames)
            return -energy, -forces

    model.__class__ = Saddle
    with pytest.raises(ConvergenceError):
        study.find_minima(model, molecule, {"water": start})


@pytest.fixture(scope="module")
def vibrating():
    """Segments of a molecule with known modes and linear dipole and polarizability."""
    molecule = water()
    hessian = np.zeros((9, 9))
    springs = Springs(molecule)
    for k in range(9):
        step = 1e-4 * np.eye(9)[k].reshape(3, 3)
        pair = springs.predict(molecule.reference + np.array([step, -step]))[1]
        hessian[k] = -(pair[0] - pair[1]).ravel() / 2e-4
    modes = normal_modes(molecule.reference, molecule.masses, 0.5 * (hessian + hessian.T))
    rng = np.random.default_rng(2)
    moved = np.array([classical(modes, 2.0 * np.arange(2500), rng) for _ in range(6)])
    dipoles, alphas = rng.standard_normal((3, 3, 3)), rng.standard_normal((3, 3, 3, 3))
    alphas = alphas + np.swapaxes(alphas, 2, 3)
    segments = Segments(
        molecule.symbols,
        molecule.reference + moved,
        np.array([0, 0, 1, 1, 2, 2]),
        2.0,
        temperature_K=T,
        dipole=np.einsum("stax,axk->stk", moved, dipoles),
        polarizability=np.einsum("stax,axkl->stkl", moved, alphas),
    )

    class Linear:
        predicts_derivatives = False

        def __init__(self, derivatives, shift=0.0):
            self.derivatives = derivatives + shift

        def predict(self, positions):
            return np.tensordot(positions - molecule.reference, self.derivatives, 2)

    return molecule, modes, segments, dipoles, alphas, Linear


def test_tables_hold_the_harmonic_intensities(vibrating):
    _, modes, segments, dipoles, alphas, _ = vibrating
    settings = SpectrumSettings(resolution_per_cm=15.0, highest_per_cm=6000.0)
    lines = harmonic_spectrum(modes, dipoles, alphas)
    groups = {"all": np.ones(6, dtype=bool), "none": np.zeros(6, dtype=bool)}
    table = infrared_table(segments, groups, settings)
    assert set(table["conformer"]) == {"all"}
    assert table["integral_km_per_mol"].iloc[-1] == pytest.approx(lines.infrared.sum(), rel=0.02)
    found = bands(table)
    assert found["wavenumber"].to_numpy() == pytest.approx(modes.wavenumbers, abs=5.0)
    assert found["area"].to_numpy() == pytest.approx(lines.infrared, rel=0.03)
    raman = raman_table(segments, groups, settings)
    assert bands(raman)["area"].to_numpy() == pytest.approx(lines.activity, rel=0.03)
    figure = trajectory_spectra.draw(infrared=table, raman=raman)
    figure.draw_without_rendering()
    assert len(figure.axes) == 3
    with pytest.raises(InputError, match="found no dipole"):
        infrared_table(segments.replace(dipole=None), groups, settings)
    with pytest.raises(InputError, match="found no polarizability"):
        raman_table(segments.replace(polarizability=None), groups, settings)


def test_uncertainty_of_models_becomes_one_of_lines(vibrating):
    _, modes, _, dipoles, alphas, Linear = vibrating
    draws = [Linear(dipoles, shift) for shift in (-0.1, 0.0, 0.1)]

    class Draws:
        def __init__(self, members):
            self.members = members

        def predict(self, positions):
            return np.array([member.predict(positions) for member in self.members])

    alpha_draws = Draws([Linear(alphas, shift) for shift in (-0.1, 0.0, 0.1)])
    positions = water().reference
    drawn = lines_of_draws(Draws(draws), alpha_draws, positions, modes)
    exact_lines = model_lines(Linear(dipoles), Linear(alphas), positions, modes)
    assert drawn[1].infrared == pytest.approx(exact_lines.infrared, rel=1e-6)
    table = line_errors_table({"a": exact_lines}, {"a": drawn})
    squares = [(line.infrared - exact_lines.infrared) ** 2 for line in drawn]
    assert table["infrared_error_km_per_mol"].to_numpy() == pytest.approx(
        np.sqrt(np.mean(squares, axis=0))
    )
    assert len(lines_table({"a": exact_lines}, laser_nm=532.0, temperature_K=T)) == len(table)


def test_models_that_are_wrong_by_a_factor_have_that_error(vibrating):
    """A dipole or polarizability times 1 + d has an intensity times (1 + d)^2."""
    _, _, segments, dipoles, alphas, Linear = vibrating
    settings = SpectrumSettings(resolution_per_cm=40.0, highest_per_cm=6000.0)
    factors = np.array([0.98, 1.03])

    class Scaled:
        def __init__(self, derivatives):
            self.members = [Linear(factor * derivatives) for factor in factors]

        def predict(self, positions):
            return np.array([member.predict(positions) for member in self.members])

    groups = {
        "a": segments.trajectory < 2,
        "b": segments.trajectory == 2,
        "none": np.zeros(6, bool),
    }
    draws = Scaled(dipoles), Scaled(alphas)
    errors = model_errors(*draws, segments, groups, settings, most=2)
    assert set(errors["conformer"]) == {"a", "b"}
    expected = np.sqrt(np.mean((factors**2 - 1.0) ** 2))
    raman = raman_table(segments, groups, settings)
    activity = raman["activity_A4_cm_per_u"]
    inside = activity > 1e-3 * activity.max()  # elsewhere there is no intensity
    assert errors.loc[inside, "raman"].to_numpy() == pytest.approx(expected, rel=1e-6)
    assert errors["infrared"].median() == pytest.approx(expected, rel=1e-6)
    table = with_model_error(raman, errors, "raman", n_draws=2)
    t = 4.302653  # Student, two degrees of freedom
    high = table["cross_section_model_high_1e-36_m2_cm_per_sr"] / table[RAMAN[9]]
    assert high[inside].to_numpy() == pytest.approx(1.0 + t * expected)
    low = table["activity_model_low_A4_cm_per_u"] / table["activity_A4_cm_per_u"]
    assert low[inside].to_numpy() == pytest.approx(1.0 - t * expected)


def test_draws_are_carried_along_different_trajectories(vibrating):
    segments = vibrating[2]  # trajectories 0, 0, 1, 1, 2, 2
    own = np.array([False, True, True, True, True, False])
    assert chosen_segments(segments, own, 2).tolist() == [1, 2]
    assert chosen_segments(segments, own, 3).tolist() == [1, 2, 4]
    assert chosen_segments(segments, own, 9).tolist() == [1, 2, 3, 4]


def test_comparison_is_in_percent_of_the_strongest_line():
    exact = HarmonicSpectrum(*(np.array(v) for v in ([1.0, 2], [10.0, 40], [5.0, 1], [0.1, 0.2])))
    model = HarmonicSpectrum(*(np.array(v) for v in ([1.0, 2], [12.0, 40], [5.0, 2], [0.1, 0.2])))
    table = comparison_table({"a": exact}, {("m", "a"): model})
    assert table["infrared_deviation_percent"].tolist() == [5.0, 0.0]
    assert table["activity_deviation_percent"].tolist() == [0.0, 20.0]


def test_jumps_are_found_where_they_are(dichloroethane):
    molecule, minima = dichloroethane
    n = 300
    positions = np.repeat(minima["gauche"].positions[None, None], n, axis=1)
    smooth = np.zeros((1, n, 3))
    smooth[0, :, 0] = 0.05 * np.sin(0.3 * np.arange(n))
    flipping = smooth + np.where(np.arange(n) < 100, 0.0, 0.5)[None, :, None]
    segments = Segments(molecule.symbols, positions, np.zeros(1, int), 2.0, temperature_K=T)
    dipoles = {"smooth": smooth, "flipping": flipping}
    jumps = jumps_of_models(dipoles, segments, molecule, reference="smooth")
    assert jumps["model"].unique().tolist() == ["flipping"]
    assert jumps["largest_jump_debye"].max() == pytest.approx(np.sqrt(3) * 0.5 / DEBYE, rel=1e-3)
    low, high = jumps.loc[jumps["largest_jump_debye"].idxmax(), ["dihedral_low", "dihedral_high"]]
    assert low <= 68.1 <= high
    spectra = spectra_of_models(dipoles, segments, SpectrumSettings(100.0, "cos2", 6000.0))
    total = spectra.groupby("model")["integral_km_per_mol"].last()
    assert total["flipping"] > 3 * total["smooth"]
    with pytest.raises(InputError, match="reference: found 'none'"):
        jumps_of_models(dipoles, segments, molecule, reference="none")


def test_mean_of_segments_weighs_trajectories_by_their_segments():
    spectra = np.array([[1.0], [3.0], [8.0]])
    band = mean_of_segments(spectra, np.array([0, 0, 1]))
    assert band.mean == pytest.approx([4.0])


def test_what_the_figure_of_spectra_calls_and_shows():
    lines = pd.DataFrame({"wavenumber_per_cm": [100.0, 700.0, 1200.0, 3000.0, 3100.0]})
    assert ranges(lines) == [(0.0, 1330.0), (2870.0, 3230.0)]
    shares = pd.DataFrame(
        {"conformer": ["x_anti", "x_gauche", "changing"], "population": [0.75, 0.25, np.nan]}
    )
    assert names(shares) == {"x_anti": "anti (75 %)", "x_gauche": "gauche (25 %)"}
    found = pd.DataFrame({"conformer": ["minimum 0"], "population": [1.0]})
    assert names(found.assign(dihedral_degrees=68.1)) == {"minimum 0": "minimum 0, 68° (100 %)"}
    assert names(found.assign(dihedral_degrees=np.nan)) == {"minimum 0": "minimum 0 (100 %)"}


def test_populations_follow_the_vibrations():
    dioxide = Molecule.from_atoms(build("CO2"))
    x = dioxide.reference
    minima = {
        name: study.Minimum(
            x, 0.0, NormalModes(np.array(found), np.zeros((4, 3, 3)), dioxide.masses), x[None]
        )
        for name, found in (
            ("stiff", [600.0, 600.0, 1300.0, 2300.0]),
            ("soft", [200.0, 600.0, 1300.0, 2300.0]),
        )
    }
    stiff, soft = study.populations(minima, 300.0)
    a, b = (1.4387769 * wavenumber / 300.0 for wavenumber in (600.0, 200.0))  # h c nu / k T
    assert soft / stiff == pytest.approx(np.sinh(a / 2) / np.sinh(b / 2), rel=1e-5)
