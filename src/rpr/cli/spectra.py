"""``rpr spectra``: absolute infrared and Raman spectra of trajectories."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpr.cli.frame_options import add_keys, chosen_keys, describe_frames, tell, warn_of_atomic_units
from rpr.cli.options import add_command, check_output
from rpr.cli.quantities import positive, time
from rpr.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from rpr.data.frame_set import FrameSet
    from rpr.data.segments import Segments

_DESCRIPTION = """\
Infrared and Raman spectra of one molecule from the dipole and the polarizability along
trajectories, in absolute units: infrared absorption in km/mol per cm^-1 with its running integral
in km/mol; Raman activity in Angstrom^4/u per cm^-1 with its parts, depolarization ratio and
differential cross-section in 10^-36 m^2/sr per cm^-1.  Writes infrared.csv, raman.csv and a figure
into a folder.  The 95 % intervals are those of the mean over trajectories."""
_OF_FRAMES: dict[str, Any] = {
    **dict.fromkeys(("interval", "dt", "dipole_key", "dipole_unit", "polarizability_key")),
    **dict.fromkeys(("polarizability_unit", "polarizability_order")),
    **{"dipole_origin": "as given", "charge": 0},
}  # options about files of frames, and what they are if they are not given
_EXAMPLE = """\
  rpr spectra traj.npz -o spectra/
  rpr spectra other.extxyz -o spectra/ --ir --interval 2fs --temperature 300 \\
      --dipole-key REF_dipole --dipole-unit debye"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "spectra",
        run,
        summary="infrared and Raman spectra of trajectories",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.add_argument(
        "trajectories",
        nargs="+",
        metavar="traj",
        help="files of rpr md, or frames in order; each file has trajectories of its own",
    )
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER", help="folder of results")
    parser.add_argument("--ir", action="store_true", help="infrared; default: what can be made")
    parser.add_argument("--raman", action="store_true", help="Raman; default: what can be made")
    _add_spectra(parser)
    _add_frames(parser)
    add_keys(parser, ("dipole", "polarizability"))


def _add_spectra(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("spectra")
    group.add_argument(
        "--resolution",
        type=positive,
        default=10.0,
        metavar="NUMBER",
        help="full width at half maximum of a narrow line, cm^-1; default: 10",
    )
    group.add_argument(
        "--window", choices=("cos2", "gaussian"), default="cos2", help="default: cos2"
    )
    group.add_argument(
        "--highest",
        type=positive,
        default=4000.0,
        metavar="NUMBER",
        help="largest wavenumber, cm^-1; default: 4000",
    )
    group.add_argument(
        "--laser", type=positive, default=532.0, metavar="NUMBER", help="nm; default: 532"
    )


def _add_frames(parser: argparse.ArgumentParser) -> None:
    frames = parser.add_argument_group(
        "trajectories of other programs", "what files of frames do not say"
    )
    frames.add_argument("--interval", type=time("fs"), metavar="TIME", help="between frames: 2fs")
    frames.add_argument("--temperature", type=positive, metavar="NUMBER", help="K")
    frames.add_argument(
        "--dt",
        type=time("fs"),
        metavar="TIME",
        help="time step of velocity Verlet, whose shift of frequencies is then corrected",
    )


def run(args: argparse.Namespace) -> None:
    """Compute, write and print the spectra."""
    import numpy as np

    from rpr.data.segments import join, renumbered
    from rpr.files import atomic_path
    from rpr.studies.spectra import SpectrumSettings, infrared_table, raman_table

    folder = Path(args.output)
    check_output(folder / "infrared.csv")
    _check_options(args)
    parts = [_read(path, args) for path in args.trajectories]
    segments = join(renumbered(parts), args.trajectories)
    _warn_of_interval(segments, args.highest)
    _warn_of_motion(segments)
    settings = SpectrumSettings(args.resolution, args.window, args.highest, args.laser)
    everything = {"all": np.ones(len(segments), dtype=bool)}
    tables: dict[str, pd.DataFrame] = {}
    if _wanted("dipole", args.ir, args, segments):
        tables["infrared"] = infrared_table(segments, everything, settings)
    if _wanted("polarizability", args.raman, args, segments):
        tables["raman"] = raman_table(segments, everything, settings)
    n = len(np.unique(segments.trajectory))
    print(
        f"{n} trajector{'y' if n == 1 else 'ies'}, {len(segments)} segments of "
        f"{1e-3 * (segments.n_times - 1) * segments.interval_fs:.4g} ps, "
        f"{segments.temperature_K:g} K, resolution {args.resolution:g} cm^-1 ({args.window})"
    )
    for name, table in tables.items():
        with atomic_path(folder / f"{name}.csv") as temporary:
            table.drop(columns="conformer").to_csv(temporary, index=False, float_format="%.8g")
        _print(name, table)
    _draw(folder / "spectra.png", tables)
    tell(f"{folder}: {', '.join(f'{name}.csv' for name in tables)}, spectra.png")
    _warn_of_others(folder, tables)


def _check_options(args: argparse.Namespace) -> None:
    """Refuse options about files of frames if there are none."""
    if all(path.endswith(".npz") for path in args.trajectories):
        for name, default in _OF_FRAMES.items():
            if getattr(args, name) != default:
                raise InputError(
                    f"--{name.replace('_', '-')}: is for files of frames; files of rpr md, such as "
                    f"{args.trajectories[0]}, say this themselves"
                )


def _read(path: str, args: argparse.Namespace) -> Segments:
    """Segments of a file of `rpr md`, or of frames."""
    import numpy as np

    from rpr.data.extxyz import read_frames
    from rpr.data.segments import read_segments, segments_of_frames

    if path.endswith(".npz"):
        segments = read_segments(path)
        own = segments.temperature_K
        if args.temperature is None:
            return segments
        if np.isfinite(own) and own != args.temperature:
            raise InputError(
                f"--temperature: found {args.temperature:g} K, but {path} was run at {own:g} K; "
                "leave it out"
            )
        return segments.replace(temperature_K=args.temperature)
    for name, example in (("interval", "2fs"), ("temperature", "300")):
        if getattr(args, name) is None:
            raise InputError(
                f"{path}: a file of frames does not say its {name}; give --{name} {example}"
            )
    frames = read_frames(path, **chosen_keys(args))
    segments = segments_of_frames(
        frames, args.interval, step_fs=args.dt or 0.0, temperature_K=args.temperature
    )
    tell(describe_frames(path, frames, args))
    warn_of_atomic_units(path, frames.known, args)
    _warn_of_units(frames)
    used = len(segments) * segments.n_times
    if used < len(frames):
        tell(
            f"rpr: warning: {path}: {used} of {len(frames)} frames are used, those of the longest "
            "segments of evenly spaced steps; cut trajectories to one length to use them all"
        )
    return segments


def _warn_of_units(frames: FrameSet) -> None:
    """Say what is implausible about the size of dipoles and polarizabilities."""
    from rpr.data.consistency.tensors import check_dipole_size, check_polarizability_unit
    from rpr.data.molecule_of_frames import find_molecule

    some = frames[:: max(1, len(frames) // 200)]
    try:
        molecule = find_molecule(some).molecule
    except InputError:  # the spectrum itself needs no molecule
        return
    for finding in (check_dipole_size(some, molecule), check_polarizability_unit(some, molecule)):
        if finding.is_implausible:
            tell(f"rpr: warning: implausible {finding.check}: {finding.text}")


def _warn_of_interval(segments: Segments, highest: float) -> None:
    """Say that vibrations fold into a spectrum of records that are too rare."""
    from rpr.spectra.correlation import LIGHT, USABLE

    ends = 1.0 / (2.0 * LIGHT * segments.interval_fs)
    if USABLE * ends < highest:
        tell(
            f"rpr: warning: records every {segments.interval_fs:g} fs: the spectrum ends at "
            f"{USABLE * ends:.0f} cm^-1, and vibrations above {ends:.0f} cm^-1 fold into it; "
            f"record every {USABLE / (2.0 * LIGHT * highest):.2g} fs for {highest:g} cm^-1"
        )


def _warn_of_motion(segments: Segments) -> None:
    """Say that atoms move much faster between records than they can at this temperature."""
    from rpr.data.segments import TOO_FAST, apparent_temperature

    apparent = apparent_temperature(segments)
    if apparent > TOO_FAST * segments.temperature_K:
        tell(
            f"rpr: warning: from record to record atoms move as at {apparent:.2g} K, not "
            f"{segments.temperature_K:g} K: are the frames in the order of time, and the interval "
            "and the temperature right?"
        )


def _warn_of_others(folder: Path, made: Iterable[str]) -> None:
    """Say which spectra of an earlier command stay in the folder."""
    for name in ("infrared", "raman"):
        if name not in made and (folder / f"{name}.csv").exists():
            tell(f"rpr: warning: {folder / name}.csv is of an earlier command, and stays")


def _wanted(name: str, asked: bool, args: argparse.Namespace, segments: Segments) -> bool:
    """Whether to make the spectrum of a property: asked for, or possible and nothing asked for."""
    present = getattr(segments, name) is not None
    if asked and not present:
        raise InputError(
            f"{', '.join(args.trajectories)}: found no {name}; give its key (--{name}-key), or "
            f"run the dynamics again with a model of it (rpr md --{name})"
        )
    nothing = segments.dipole is None and segments.polarizability is None
    if nothing:
        raise InputError(
            f"{', '.join(args.trajectories)}: found neither dipole nor polarizability; give their "
            "keys, or run the dynamics again with models of them"
        )
    return asked or (present and not (args.ir or args.raman))


def _print(name: str, table: pd.DataFrame) -> None:
    """The bands of a spectrum: position, height and area down to the minima beside it."""
    from rpr.studies.spectra import bands

    unit = "km/mol" if name == "infrared" else "Angstrom^4/u"
    print(f"\n{name}: wavenumber (cm^-1), height ({unit} per cm^-1), area ({unit})")
    for row in bands(table).itertuples():
        print(f"{row.wavenumber:10.1f}  {row.height:10.3g}  {row.area:10.3g}")
    if name == "infrared":
        print(f"     total  {'':10s}  {table['integral_km_per_mol'].iloc[-1]:10.4g}")


def _draw(path: Path, tables: dict[str, pd.DataFrame]) -> None:
    from rpr.files import atomic_path
    from rpr.report.figures import trajectory_spectra
    from rpr.report.style import style

    figure = trajectory_spectra.draw(**tables)
    with atomic_path(path) as temporary, style():
        figure.savefig(temporary, dpi=200)
