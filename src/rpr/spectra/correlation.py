"""Spectrum of the rate of change of a property, from its autocorrelation along trajectories.

The rate of change of a property q is the central difference of its recorded values, Delta apart,

    q'(t) = [q(t + Delta) - q(t - Delta)] / (2 Delta),

with the autocorrelation C(tau) = <q'(t) . q'(t + tau)>, summed over components and averaged over
all times t of a trajectory.  Its spectrum, by wavenumber nu and one-sided, is

    S(nu) = 4 c integral_0^infinity w(tau) C(tau) cos(2 pi c nu tau) d tau,

so that, as w(0) = 1, the integral of S over all positive wavenumbers is the mean square <|q'|^2>
(Wiener-Khinchin theorem).  The window w ends at a lag that follows from the resolution: the full
width at half maximum that an infinitely narrow line gets.

========== =========================================== ==========================================
window     w(tau)                                      longest lag for the resolution r
========== =========================================== ==========================================
cos2       cos^2(pi tau / 2 tau_max)                   tau_max = 1 / (c r)
gaussian   exp(-tau^2 / 2 s^2), s = 0.3748 / (c r)     4 s
========== =========================================== ==========================================

Two corrections are exact for a harmonic vibration.  A central difference damps the wavenumber nu
by sin(w Delta) / (w Delta), w = 2 pi c nu; it is divided out.  Velocity Verlet with a time step dt
oscillates too fast, at sin(w_found dt / 2) = w dt / 2; if dt is given, wavenumbers, their
intervals and the factor w^2 of the rates (or of its velocities, which are too small by
cos(w_found dt / 2)) become those of the limit dt = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import constants
from scipy.fft import dct, irfft, next_fast_len, rfft

from rpr.errors import InputError

WINDOWS = ("cos2", "gaussian")

#: Speed of light in cm/fs.
LIGHT = constants.c * 100.0 * 1e-15

#: Part of the Nyquist wavenumber up to which a spectrum is given: the correction of the central
#: difference is 18 there, and infinite at the Nyquist wavenumber itself.
USABLE = 0.8

_GAUSSIAN_END = 4.0  # lag at which a Gaussian window ends, in units of its width
_POINTS = 5  # points within one resolution


@dataclass(frozen=True, eq=False)
class RateSpectrum:
    """Spectrum of the rate of change of a property, one for each trajectory.

    Parameters
    ----------
    wavenumbers : array, [n_points]
        cm^-1, ascending from 0.
    density : array, [n_trajectories, n_points]
        S in (unit of the property / fs)^2 per cm^-1; its integral is the mean square rate.
    resolution
        Full width at half maximum of a narrow line in cm^-1.
    """

    wavenumbers: np.ndarray
    density: np.ndarray
    resolution: float


def rate_spectrum(
    values: np.ndarray,
    interval_fs: float,
    *,
    resolution: float = 10.0,
    window: str = "cos2",
    highest: float = 4000.0,
    step_fs: float | None = None,
    are_rates: bool = False,
) -> RateSpectrum:
    """Spectrum S of the rate of change of a property along trajectories.

    Parameters
    ----------
    values : array, [n_trajectories, n_times, n_components]
        Property at equal intervals; S is summed over the components.
    interval_fs
        Interval Delta between recorded values in fs.
    resolution
        Full width at half maximum of a narrow line in cm^-1.
    window
        One of `WINDOWS`.
    highest
        Largest wavenumber in cm^-1; the spectrum ends before if `USABLE` of the Nyquist wavenumber
        is less.
    step_fs
        Time step of velocity Verlet in fs, for which wavenumbers are corrected; None for exact
        dynamics.
    are_rates
        Whether `values` are exact rates of change in 1/fs already, such as products of derivatives
        and velocities. Nothing is differentiated and no damping divided out then.

    Returns
    -------
    RateSpectrum

    Raises
    ------
    InputError
        If an argument is out of range, a value is not finite, or the trajectories are too short
        for the resolution.
    """
    values = _checked(values, interval_fs, resolution, window, step_fs)
    rates = values if are_rates else (values[:, 2:] - values[:, :-2]) / (2.0 * interval_fs)
    lags = window_lags(resolution, interval_fs, window)
    if len(lags) > rates.shape[1]:
        possible = resolution * (len(lags) + 1) / max(rates.shape[1], 1)
        raise InputError(
            f"resolution: found {resolution:g} cm^-1, which needs {len(lags)} rates in a "
            f"trajectory, but there are {rates.shape[1]}; take longer trajectories, or a "
            f"resolution of {possible:.3g} cm^-1 or more"
        )
    correlation = autocorrelation(rates, len(lags)) * lags
    found, density = _cosine_transform(correlation, interval_fs, resolution)
    kept = found <= min(USABLE / (2.0 * LIGHT * interval_fs), 1.2 * highest)
    found, density = found[kept], density[:, kept]
    if not are_rates:
        density = density / np.sinc(2.0 * LIGHT * found * interval_fs) ** 2
    wavenumbers = found
    if step_fs is not None:
        half = np.pi * LIGHT * found * step_fs  # w_found dt / 2
        wavenumbers = found * np.sinc(half / np.pi)
        amplitude = 1.0 / np.cos(half) if are_rates else np.sinc(half / np.pi)
        density = density * amplitude**2 / np.cos(half)
    inside = wavenumbers <= highest
    return RateSpectrum(wavenumbers[inside], density[:, inside], float(resolution))


def window_lags(resolution: float, interval_fs: float, window: str = "cos2") -> np.ndarray:
    """Window w at the lags 0, Delta, 2 Delta, ... up to its end.

    Parameters
    ----------
    resolution
        Full width at half maximum of its cosine transform in cm^-1.
    interval_fs
        Interval Delta in fs.
    window
        One of `WINDOWS`.

    Returns
    -------
    array, [n_lags]
    """
    if window == "cos2":
        end = 1.0 / (LIGHT * resolution)
        lags = np.arange(0.0, end, interval_fs)
        return np.cos(0.5 * np.pi * lags / end) ** 2
    width = np.sqrt(2.0 * np.log(2.0)) / (np.pi * LIGHT * resolution)
    lags = np.arange(0.0, _GAUSSIAN_END * width, interval_fs)
    return np.exp(-0.5 * (lags / width) ** 2)


def autocorrelation(signals: np.ndarray, n_lags: int) -> np.ndarray:
    """Autocorrelation, summed over components, by fast Fourier transforms with zero padding.

    C_k = 1/(n - k) sum_t s_t . s_{t+k}: every lag is averaged over the pairs of times that there
    are, so that it is not biased.

    Parameters
    ----------
    signals : array, [n_signals, n_times, n_components]
        Signals.
    n_lags
        Number of lags, 0 to ``n_lags - 1``; at most ``n_times``.

    Returns
    -------
    array, [n_signals, n_lags]
    """
    n_times = signals.shape[1]
    size = next_fast_len(n_times + n_lags, real=True)
    transformed = rfft(signals, n=size, axis=1)
    power = np.sum(transformed.real**2 + transformed.imag**2, axis=2)
    sums = irfft(power, n=size, axis=1)[:, :n_lags]
    return sums / (n_times - np.arange(n_lags))


def _cosine_transform(
    correlation: np.ndarray, interval_fs: float, resolution: float
) -> tuple[np.ndarray, np.ndarray]:
    """All wavenumbers up to Nyquist and S there; `_POINTS` or more within one resolution."""
    wanted = int(np.ceil(_POINTS / (2.0 * LIGHT * interval_fs * resolution)))
    n = next_fast_len(max(wanted, correlation.shape[1]), real=True)
    padded = np.zeros((len(correlation), n + 1))
    padded[:, : correlation.shape[1]] = correlation
    # DCT-I: x_0 + (-1)^k x_n + 2 sum x_j cos(pi j k / n), where x_n = 0
    density = 2.0 * LIGHT * interval_fs * dct(padded, type=1, axis=1)
    return np.arange(n + 1) / (2.0 * LIGHT * interval_fs * n), density


def _checked(
    values: np.ndarray, interval_fs: float, resolution: float, window: str, step_fs: float | None
) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 3 or values.shape[1] < 3:
        raise InputError(
            f"values: found shape {values.shape}, expected [n_trajectories, n_times, n_components] "
            "with three times or more"
        )
    if not np.isfinite(values).all():
        trajectory, time, _ = np.argwhere(~np.isfinite(values))[0]
        raise InputError(
            f"values: found NaN or infinity in trajectory {trajectory} at record {time}; "
            "predict that frame again"
        )
    for name, number in (("interval_fs", interval_fs), ("resolution", resolution)):
        if not number > 0.0:
            raise InputError(f"{name}: found {number}, expected a positive number")
    if step_fs is not None and not 0.0 < step_fs <= interval_fs * (1.0 + 1e-9):
        raise InputError(
            f"step_fs: found {step_fs}, expected a positive time step of at most the interval of "
            f"{interval_fs:g} fs between records"
        )
    if window not in WINDOWS:
        raise InputError(f"window: found {window!r}, expected one of {', '.join(WINDOWS)}")
    return values
