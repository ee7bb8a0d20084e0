"""Infrared spectrum of the dipoles of a trajectory by TRAVIS, compared with a table of rpr."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

DEBYE = 0.20819433  # e Angstrom


def answers(interval_fs: float, depth: int, step_fs: float) -> str:
    """What TRAVIS is told, in the order of its questions; an empty line takes the default."""
    lines = ["y", "0"]  # advanced mode until the choice of functions; no periodic boundaries
    lines += [""] * 9  # molecules as they are recognised
    lines += ["ir", "", f"{interval_fs:g}"]  # the main part without its advanced mode
    lines += ["", "y", "2", "dipole.txt", ""]  # the dipole of the molecule from an external file
    lines += [f"{depth}", "4000"]
    lines += ["y", f"{step_fs:g}"] if step_fs else ["n"]
    lines += [""] * 5  # no other observation; all frames
    return "\n".join(lines) + "\n"


def spectrum(symbols, positions, dipole, told: str) -> np.ndarray:
    """Wavenumber, spectrum and running integral of one segment, the last two times K."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open(folder / "trajectory.xyz", "w") as stream:
            for frame in positions:
                stream.write(f"{len(symbols)}\n\n")
                for symbol, row in zip(symbols, frame, strict=True):
                    stream.write(f"{symbol} {row[0]:.10f} {row[1]:.10f} {row[2]:.10f}\n")
        np.savetxt(folder / "dipole.txt", dipole / DEBYE, fmt="%.10f")
        done = subprocess.run(
            ["travis", "-p", "trajectory.xyz", "-nocolor"],
            cwd=folder,
            input=told,
            capture_output=True,
            text=True,
        )
        found = list(folder.glob("ir_spectrum_*.csv"))
        if not found:
            sys.exit(f"TRAVIS wrote no spectrum; it ended with:\n{done.stdout[-1500:]}")
        return np.loadtxt(found[0], delimiter=";", comments="#")


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trajectory", help="npz file of rpr md")
    parser.add_argument("table", help="infrared.csv of rpr spectra, of the same resolution")
    parser.add_argument("--depth", type=int, default=1024, help="records of the correlation")
    parser.add_argument("--segments", type=int, default=None, help="only the first ones")
    args = parser.parse_args()
    if shutil.which("travis") is None:
        sys.exit("travis is not installed: apt-get install travis")
    stored = np.load(args.trajectory)
    told = answers(float(stored["interval_fs"]), args.depth, float(stored["step_fs"]))
    found = [
        spectrum(stored["symbols"], x, mu, told)
        for x, mu in zip(
            stored["positions"][: args.segments], stored["dipole"][: args.segments], strict=True
        )
    ]
    travis = np.mean(found, axis=0)
    travis[:, 1:] /= float(stored["temperature_K"])
    ours = np.genfromtxt(args.table, delimiter=",", names=True)
    nu, spectrum_ours = ours["wavenumber_per_cm"], ours["absorption_km_cm_per_mol"]
    inside = (nu > 20) & (nu < 0.98 * travis[-1, 0])
    theirs = np.interp(nu, travis[:, 0], travis[:, 1])
    print(f"correlation {np.corrcoef(spectrum_ours[inside], theirs[inside])[0, 1]:.6f}")
    for upper in (500, 1000, 1700, 3300):
        pair = [
            np.interp(upper, nu, ours["integral_km_per_mol"]),
            np.interp(upper, travis[:, 0], travis[:, 2]),
        ]
        print(f"integral to {upper} cm^-1: rpr {pair[0]:.4f}, TRAVIS {pair[1]:.4f} km/mol")


if __name__ == "__main__":
    main()
