"""Spectra: definitions, the harmonic limit, and independent ways to the same numbers."""

import numpy as np
import pytest
from ase import units
from scipy import constants, signal

from rpr.errors import InputError
from rpr.molecule.normal_modes import infrared_intensities, normal_modes
from rpr.spectra import correlation, harmonic, infrared, raman
from rpr.spectra.bands import mean_over_trajectories
from rpr.units import FS, INVERSE_CM, KB

T = 300.0
INTERVAL = 2.0  # fs


@pytest.fixture(scope="module")
def molecule():
    """Four atoms with known modes, and linear dipole and polarizability."""
    rng = np.random.default_rng(3)
    positions = np.array([[0, 0, 0], [1.4, 0, 0], [0, 1.3, 0.2], [0.1, 0.3, 1.2]])
    masses = np.array([12.0, 16.0, 1.0, 14.0])
    internal = normal_modes(positions, masses, np.eye(12))
    wanted = np.array([420.0, 800.0, 1250.0, 1700.0, 2300.0, 3100.0])
    root = np.repeat(np.sqrt(masses), 3)
    vectors = internal.vectors.reshape(6, 12)
    squares = (wanted * INVERSE_CM / (units._hbar * units.J * units.s)) ** 2
    hessian = (vectors.T * squares) @ vectors * np.outer(root, root)
    modes = normal_modes(positions, masses, hessian)
    assert modes.wavenumbers == pytest.approx(wanted)
    alpha = rng.standard_normal((4, 3, 3, 3))
    return (
        modes,
        hessian,
        positions,
        rng.standard_normal((4, 3, 3)),
        alpha + np.swapaxes(alpha, 2, 3),
    )


def classical(modes, times, rng):
    """Displacements [n_times, n_atoms, 3] in which every mode has <Q'^2> = kT."""
    omega = 2 * np.pi * correlation.LIGHT * modes.wavenumbers  # 1/fs
    amplitudes = np.sqrt(2 * KB * T * FS**2) / omega
    q = amplitudes * np.cos(times[:, None] * omega + rng.uniform(0, 2 * np.pi, len(omega)))
    return np.einsum("tq,qax->tax", q, modes.vectors) / np.sqrt(modes.masses)[:, None]


def bands(wavenumbers, spectrum, centres, width=60.0):
    running = infrared.running_integral(wavenumbers, spectrum)
    edges = [np.interp([c - width, c + width], wavenumbers, running) for c in centres]
    return np.array([high - low for low, high in edges])


@pytest.mark.parametrize("window", correlation.WINDOWS)
def test_a_harmonic_trajectory_has_the_harmonic_intensities(molecule, window):
    modes, _, _, dipoles, alphas = molecule
    moved = classical(modes, INTERVAL * np.arange(10000), np.random.default_rng(0))
    mu = np.einsum("tax,axk->tk", moved, dipoles)[None]
    alpha = np.einsum("tax,axkl->tkl", moved, alphas)[None]
    rate = correlation.rate_spectrum(mu, INTERVAL, window=window)
    found = bands(rate.wavenumbers, infrared.infrared_absorption(rate, T)[0], modes.wavenumbers)
    expected = harmonic.harmonic_spectrum(modes, dipoles, alphas)
    assert found == pytest.approx(expected.infrared, rel=0.01)
    scattered = raman.spectrum_of_polarizability(alpha, INTERVAL, T, window=window).mean()
    found = bands(scattered.wavenumbers, scattered.activity, modes.wavenumbers)
    assert found == pytest.approx(expected.activity, rel=0.01)
    at_lines = np.interp(modes.wavenumbers, scattered.wavenumbers, scattered.depolarization)
    assert at_lines == pytest.approx(expected.depolarization, abs=0.01)


@pytest.mark.parametrize("are_rates", [False, True])
def test_the_time_step_of_verlet_is_corrected(molecule, are_rates):
    modes, hessian, _, dipoles, _ = molecule
    dt = 1.5
    start = classical(modes, np.zeros(1), np.random.default_rng(1))[0]
    x, v, masses = start, np.zeros_like(start), modes.masses[:, None]
    moved, moving = [], []
    for _ in range(8000):
        v = v - 0.5 * dt * FS**2 / masses * (hessian @ x.ravel()).reshape(-1, 3)
        moved.append(x)
        moving.append(2 * v)
        x = x + dt * v
        v = v - 0.5 * dt * FS**2 / masses * (hessian @ x.ravel()).reshape(-1, 3)
    half = np.array(moving) / 2  # v(t + dt/2)
    velocities = np.concatenate([half[:1], 0.5 * (half[1:] + half[:-1])])
    values = np.einsum("tax,axk->tk", velocities if are_rates else np.array(moved), dipoles)[None]
    # a turning point of every mode at time 0, so that its energy is known
    omega = 2 * np.pi * correlation.LIGHT * modes.wavenumbers
    q = np.einsum("ax,qax->q", start * np.sqrt(masses), modes.vectors)
    expected = infrared_intensities(modes, dipoles) * (q * omega) ** 2 / (2 * KB * T * FS**2)
    rate = correlation.rate_spectrum(values, dt, step_fs=dt, are_rates=are_rates, resolution=8.0)
    absorption = infrared.infrared_absorption(rate, T)[0]
    assert bands(rate.wavenumbers, absorption, modes.wavenumbers) == pytest.approx(
        expected, rel=0.01
    )
    for line in modes.wavenumbers[expected > 0.02 * expected.max()]:
        near = np.abs(rate.wavenumbers - line) < 40
        peak = rate.wavenumbers[near][np.argmax(absorption[near])]
        assert peak == pytest.approx(line, abs=2.0)


def noise(n, n_times, seed=0):
    """Coloured noise of three components."""
    white = np.random.default_rng(seed).standard_normal((n, n_times, 3))
    return signal.lfilter([1.0], [1.0, -1.5, 0.8], white, axis=1)


def test_autocorrelation_is_its_definition():
    signals = noise(2, 150)
    direct = [[np.mean(np.sum(s[: 150 - k] * s[k:], axis=1)) for k in range(40)] for s in signals]
    assert correlation.autocorrelation(signals, 40) == pytest.approx(np.array(direct), rel=1e-10)


def test_spectrum_is_the_integral_of_its_definition():
    """The integral over all lags, written out as a sum of cosines at arbitrary wavenumbers."""
    signals = noise(1, 4000)
    rate = correlation.rate_spectrum(signals, INTERVAL, resolution=30.0, are_rates=True)
    tau_max = 1.0 / (correlation.LIGHT * 30.0)
    lags = np.arange(int(tau_max / INTERVAL) + 1)
    C = np.array([np.mean(np.sum(signals[0, : 4000 - k] * signals[0, k:], axis=1)) for k in lags])
    weighted = C * np.cos(0.5 * np.pi * lags * INTERVAL / tau_max) ** 2
    weighted[0] *= 0.5
    phase = 2 * np.pi * correlation.LIGHT * INTERVAL
    direct = [
        4 * correlation.LIGHT * INTERVAL * (weighted @ np.cos(phase * nu * lags))
        for nu in rate.wavenumbers[::50]
    ]
    assert rate.density[0, ::50] == pytest.approx(np.array(direct), rel=1e-9)


def test_spectrum_agrees_with_welch():
    """The periodogram of SciPy, which averages overlapping stretches, has the same expectation."""
    signals = noise(40, 6000)
    rate = correlation.rate_spectrum(signals, INTERVAL, resolution=40.0, are_rates=True)
    frequencies, density = signal.welch(signals, fs=1 / INTERVAL, nperseg=512, axis=1)
    per_wavenumber = density.sum(axis=2).mean(axis=0) * correlation.LIGHT
    inside = (rate.wavenumbers > 100) & (rate.wavenumbers < 3500)
    expected = np.interp(rate.wavenumbers, frequencies / correlation.LIGHT, per_wavenumber)
    ratio = rate.density.mean(axis=0)[inside] / expected[inside]
    assert ratio.mean() == pytest.approx(1.0, abs=0.01)
    assert np.abs(ratio - 1).max() < 0.15


def test_integral_is_the_mean_square():
    signals = noise(3, 3000)
    full = correlation.rate_spectrum(signals, INTERVAL, are_rates=True, highest=1e9)
    n = correlation.autocorrelation(signals, 1)[:, 0]
    kept = correlation.USABLE / (2 * correlation.LIGHT * INTERVAL)
    assert full.wavenumbers[-1] <= kept
    total = infrared.running_integral(full.wavenumbers, full.density)[:, -1]
    assert (total < n * 1.001).all()
    assert (total > 0.97 * n).all()


@pytest.mark.parametrize("window", correlation.WINDOWS)
@pytest.mark.parametrize("resolution", [8.0, 20.0])
def test_a_narrow_line_has_the_width_of_the_resolution(window, resolution):
    times = INTERVAL * np.arange(30000)
    line = np.cos(2 * np.pi * correlation.LIGHT * 1500.0 * times)[None, :, None]
    rate = correlation.rate_spectrum(line, INTERVAL, window=window, resolution=resolution)
    fine = np.linspace(1450, 1550, 20001)
    profile = np.interp(fine, rate.wavenumbers, rate.density[0])
    above = fine[profile > 0.5 * profile.max()]
    assert np.ptp(above) == pytest.approx(resolution, rel=0.05)


def test_prefactor_in_other_constants():
    """N_A / (12 eps_0 c^2 k T) with SciPy's constants; m/mol per (e Angstrom/fs)^2 cm."""
    rate = correlation.RateSpectrum(np.array([1.0]), np.ones((1, 1)), 10.0)
    kT = constants.k * T
    expected = constants.N_A * (constants.e * 1e-10 / 1e-15) ** 2
    expected /= 12 * constants.epsilon_0 * constants.c**2 * kT
    assert infrared.infrared_absorption(rate, T)[0, 0] == pytest.approx(expected * 1e-3, rel=1e-5)


def test_raman_does_not_depend_on_orientation_and_knows_the_limits_of_rho():
    rng = np.random.default_rng(5)
    alpha = rng.standard_normal((1, 900, 3, 3))
    alpha = alpha + np.swapaxes(alpha, 2, 3)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    one, other = (
        raman.spectrum_of_polarizability(a, INTERVAL, T, resolution=50.0).mean()
        for a in (alpha, turn @ alpha @ turn.T)
    )
    for name in ("isotropic", "anisotropic", "parallel", "perpendicular", "activity"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9)
    a = np.array([1.0, 0.0])
    assert raman.depolarization_ratio(a, 1 - a) == pytest.approx([0.0, 0.75])


def test_anisotropy_is_its_definition():
    rng = np.random.default_rng(6)
    m = rng.standard_normal((4, 3, 3))
    m = m + np.swapaxes(m, 1, 2)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    direct = 0.5 * ((xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2)
    direct += 3 * (m[:, 0, 1] ** 2 + m[:, 0, 2] ** 2 + m[:, 1, 2] ** 2)
    assert np.sum(raman.anisotropic(m) ** 2, axis=1) == pytest.approx(direct)


def test_cross_section_of_a_line():
    """From the polarizability in SI and the zero-point amplitude: an independent derivation.

    d sigma / d Omega = (pi/eps_0)^2 nu^4 <1|alpha|0>^2 (n + 1) with <Q^2> = hbar / (2 omega).
    """
    nu, laser, activity = 1500.0, 633.0, 45.0  # an isotropic mode of a'^2 = 1 Angstrom^4/u
    omega = 2 * np.pi * constants.c * nu * 100
    amplitude = constants.hbar / (2 * omega)  # kg m^2
    occupation = 1 / np.expm1(constants.hbar * omega / (constants.k * T)) + 1
    scattered = 1e9 / laser - nu * 100
    per_mass = 4 * np.pi * constants.epsilon_0 * 1e-20 / np.sqrt(constants.atomic_mass)
    moment = per_mass**2 * amplitude * occupation
    expected = (np.pi / constants.epsilon_0) ** 2 * scattered**4 * moment
    found = raman.scattering_factor(np.array([nu]), laser_nm=laser, temperature_K=T) * activity
    assert found[0] * 1e-36 == pytest.approx(expected, rel=1e-6)
    assert raman.scattering_factor(np.array([0.0, -5.0, 20000.0]), laser_nm=laser).sum() == 0


def test_central_differences_and_modes_of_a_potential(molecule):
    modes, hessian, positions, dipoles, _ = molecule

    def forces(x):
        return -((x - positions).reshape(len(x), -1) @ hessian).reshape(x.shape)

    def mu(x):
        return np.einsum("fax,axk->fk", x - positions, dipoles)

    assert harmonic.central_differences(mu, positions) == pytest.approx(dipoles)
    found = harmonic.modes_of_potential(forces, positions, modes.masses)
    assert found.wavenumbers == pytest.approx(modes.wavenumbers, rel=1e-6)


def test_bands():
    rng = np.random.default_rng(7)
    spectra = 1.0 + rng.standard_normal((400, 3))
    band = mean_over_trajectories(spectra)
    assert band.mean == pytest.approx(spectra.mean(axis=0))
    error = spectra.std(axis=0) / 20
    assert (band.high - band.low) / (2 * 1.96 * error) == pytest.approx(np.ones(3), abs=0.15)
    weighted = mean_over_trajectories(spectra[:2], weights=np.array([3.0, 1.0]))
    assert weighted.mean == pytest.approx(0.75 * spectra[0] + 0.25 * spectra[1])
    assert np.isnan(mean_over_trajectories(spectra[:4]).low).all()


@pytest.mark.parametrize("n", [5, 8, 24])
@pytest.mark.parametrize("kind", ["standard_normal", "exponential"])
def test_limits_of_few_trajectories_hold_the_mean(n, kind):
    spectra = getattr(np.random.default_rng(n), kind)(size=(n, 2000))
    band = mean_over_trajectories(spectra)
    expected = 1.0 if kind == "exponential" else 0.0
    inside = (band.low <= expected) & (expected <= band.high)
    assert inside.mean() > (0.93 if kind == "standard_normal" else 0.86)
    assert inside.mean() < 0.985


def test_limits_of_positive_spectra_are_not_negative():
    assert mean_over_trajectories(np.eye(5)[:1].T).low[0] >= 0.0
    alone = mean_over_trajectories(np.ones((6, 1)), weights=np.array([5.0, 0, 0, 0, 0, 0]))
    assert np.isnan(alone.low).all()  # one trajectory that counts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": np.zeros((2, 5))}, "values: found shape"),
        ({"values": np.full((1, 900, 3), np.nan)}, "trajectory 0 at record 0"),
        ({"interval_fs": 0.0}, "interval_fs: found 0.0"),
        ({"resolution": -1.0}, "resolution: found -1.0"),
        ({"resolution": 1.0}, "take longer trajectories, or a resolution of"),
        ({"window": "hann"}, "window: found 'hann', expected one of cos2, gaussian"),
        ({"step_fs": 3.0}, "step_fs: found 3.0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    settings = {"values": np.zeros((1, 2000, 3)), "interval_fs": 2.0} | arguments
    with pytest.raises(InputError, match=message):
        correlation.rate_spectrum(**settings)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
def test_spectra_need_a_positive_temperature(wrong):
    with pytest.raises(InputError, match="temperature_K: found"):
        infrared.thermal_rate(wrong)
