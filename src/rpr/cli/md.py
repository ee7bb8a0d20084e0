"""``rpr md``: thermal trajectories on a potential, with dipole and polarizability along them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rpr.cli.frame_options import tell
from rpr.cli.options import add_command, add_overwrite, check_output, whole_number
from rpr.cli.progress import Progress
from rpr.cli.quantities import positive, time
from rpr.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from rpr.data.segments import Segments
    from rpr.dynamics.thermal import ThermalSettings
    from rpr.models.kreg.potential import KREG

_DESCRIPTION = """\
Run trajectories on a potential, all at once, for spectra.  They start at minima with Boltzmann
velocities, without momentum and angular momentum, and are equilibrated by Langevin dynamics.
Then segments at constant energy (velocity Verlet) are recorded; between them the thermostat acts
for a while.  Dipole (e Angstrom) and polarizability (Angstrom^3) are predicted along them when
models are given.  A run that was interrupted resumes when you give the same command again."""
_EXAMPLE = """\
  rpr md pes.npz --dipole dipole.npz --polarizability alpha.npz -o traj.npz
  rpr md pes.npz --start anti.xyz gauche.xyz --temperature 300 --time 20ps --n 24 -o traj.npz"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "md",
        run,
        summary="thermal trajectories on a potential",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.set_defaults(
        after_interrupt="finished segments are kept; run the same command again to resume"
    )
    parser.add_argument("potential", metavar="pes.npz", help="model of the energy")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="trajectory: .npz (compact, for rpr spectra), .extxyz or .xyz",
    )
    parser.add_argument("--dipole", metavar="dipole.npz", help="model of the dipole")
    parser.add_argument("--polarizability", metavar="alpha.npz", help="model of the polarizability")
    parser.add_argument(
        "--start",
        nargs="+",
        metavar="FILE",
        help="geometries, in turn those of the trajectories; default: the potential's reference",
    )
    parser.add_argument(
        "--no-relax", action="store_true", help="start at the geometries as they are"
    )
    parser.add_argument("--n", type=whole_number(1), default=24, help="trajectories; default: 24")
    _add_settings(parser)
    add_overwrite(parser)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="default: %(default)s")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("dynamics", "times have units: 20ps, 0.5fs")
    options: tuple[tuple[str, Any, Any, str], ...] = (
        ("temperature", positive, 300.0, "temperature in K; default: 300"),
        ("time", time("ps"), 20.0, "recorded time of each trajectory; default: 20ps"),
        ("dt", time("fs"), 0.5, "time step; default: 0.5fs"),
        ("every", time("fs"), 3.0, "time between records; default: 3fs"),
        ("segment", time("ps"), 4.0, "longest time at constant energy; default: 4ps"),
        ("equilibration", time("ps", zero=True), 2.0, "before the first segment; default: 2ps"),
        ("rest", time("ps", zero=True), 0.5, "thermostat between segments; default: 0.5ps"),
        ("friction", positive, 5.0, "of the thermostat, 1/ps; default: 5"),
    )
    for name, kind, default, text in options:
        metavar = "NUMBER" if kind is positive else "TIME"
        group.add_argument(f"--{name}", type=kind, default=default, metavar=metavar, help=text)
    group.add_argument(
        "--thermostat",
        choices=("langevin", "none"),
        default="langevin",
        help="between segments; none: one segment after the equilibration; default: %(default)s",
    )


def run(args: argparse.Namespace) -> None:
    """Run the trajectories and write them."""
    from rpr.cli.outside import Outside
    from rpr.data.training_range import outside_text
    from rpr.dynamics.thermal import run_thermal
    from rpr.models.prediction import models_by_property
    from rpr.studies.spectra import predictor

    inputs = [args.potential, args.dipole, args.polarizability, *(args.start or ())]
    inputs = [path for path in inputs if path]
    suffixes = (".npz", ".extxyz", ".xyz")
    output = check_output(args.output, overwrite=args.overwrite, inputs=inputs, suffixes=suffixes)
    settings = _settings(args)
    potential = load_as(args.potential, "energy")
    names = [name for name in ("dipole", "polarizability") if getattr(args, name)]
    models = {name: load_as(getattr(args, name), name) for name in names}
    files = {args.potential: potential} | {getattr(args, name): models[name] for name in names}
    models_by_property(files)  # says if their molecules differ
    outside = Outside({"energy": potential} | models)
    with outside.quiet():
        starts = _starts(args, potential)
    if text := outside_text(potential.outside_training(starts)):
        tell(f"rpr: warning: start geometries: {text}")
    with outside.quiet(), Progress("dynamics", settings.n_segments, unit="segments") as progress:
        segments = run_thermal(
            output,
            potential,
            starts,
            potential.molecule,
            settings,
            trajectories=range(args.n),
            observables={name: predictor(model) for name, model in models.items()},
            label=" ".join(m.training_checksum_ for m in (potential, *models.values())),
            write=_writer(output, settings),
            on_progress=progress.update,
        )
    total = segments.total.std(axis=1).max()
    tell(
        f"{output}: {args.n} trajectories of {settings.n_segments} segments of "
        f"{1e-3 * (segments.n_times - 1) * segments.interval_fs:g} ps, a record every "
        f"{segments.interval_fs:g} fs{_with(names)}; total energies stay within {total:.1e} eV"
    )
    outside.add(segments.positions.reshape(-1, *segments.positions.shape[-2:]))
    outside.tell()


def _writer(output: Path, settings: ThermalSettings) -> Callable[..., None]:
    """Function that writes segments in the format that the name of the output asks for."""
    from rpr.data.extxyz import write_frames
    from rpr.data.segments import frames_of_segments, write_segments

    def write_as_frames(path: Path, segments: Segments) -> None:
        write_frames(path, frames_of_segments(segments, settings.steps(settings.rest_ps)))
        tell(
            f"{path} says no times: for `rpr spectra` give --interval {segments.interval_fs:g}fs "
            f"--temperature {segments.temperature_K:g} --dt {segments.step_fs:g}fs"
        )

    return write_segments if output.suffix == ".npz" else write_as_frames


def load_as(path: str, wanted: str) -> Any:
    """A model of the wanted property from its file.

    Raises
    ------
    InputError
        If the file is no model, or one of another property.
    """
    from rpr.models.registry import load

    model = load(path)
    if model.predicts[0] != wanted:
        raise InputError(
            f"{path}: found a model of the {model.predicts[0]}, expected one of the {wanted}"
        )
    return model


def _settings(args: argparse.Namespace) -> ThermalSettings:
    from rpr.dynamics.thermal import ThermalSettings

    return ThermalSettings(
        temperature_K=args.temperature,
        time_ps=args.time,
        segment_ps=args.time if args.thermostat == "none" else args.segment,
        interval_fs=args.every,
        dt_fs=args.dt,
        equilibration_ps=args.equilibration,
        rest_ps=args.rest,
        friction_per_ps=args.friction,
        seed=args.seed,
    )


def _starts(args: argparse.Namespace, potential: KREG) -> np.ndarray:
    """Geometries at which trajectories start, in the order of the potential's atoms."""
    import numpy as np
    from ase import Atoms

    from rpr.data.given_frames import take_frames
    from rpr.dynamics.optimise import optimise
    from rpr.models.calculator import KREGCalculator
    from rpr.molecule.molecule import read_geometry

    molecule = potential.molecule
    found = [molecule.reference]
    if args.start:
        images = {path: read_geometry(path) for path in args.start}
        found = [take_frames(image, molecule).positions[0] for image in images.values()]
    if args.no_relax:
        return np.array(found)
    relaxed = []
    for k, positions in enumerate(found):
        name = args.start[k] if args.start else "reference geometry"
        atoms = Atoms(molecule.symbols, positions=positions)
        relaxed.append(optimise(atoms, KREGCalculator(potential), name=name).positions)
    return np.array(relaxed)


def _with(names: list[str]) -> str:
    return f", with {' and '.join(names)}" if names else ""
