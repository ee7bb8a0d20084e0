"""``rpr evaluate``: errors of a model on labelled frames."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rpr.cli.frame_options import add_keys, level_of, moved_charge, read_labelled, tell
from rpr.cli.options import add_command, check_output

if TYPE_CHECKING:
    import pandas as pd

    from rpr.data.frame_set import FrameSet
    from rpr.models.estimator import Estimator

_DESCRIPTION = """\
Errors of a model on frames with labels: root mean square (RMSE) with a 95 % interval, mean (MAE)
and median of the absolute errors, and the RMSE relative to the spread of the labels.  Dipoles are
compared in D, polarizabilities in bohr^3, energies in kcal/mol, forces in kcal/mol/Angstrom.  The
row `all` does not depend on axes; components refer to the inertia axes of each frame.  For models
that predict uncertainties, these are compared with the errors."""
_EXAMPLE = """\
  rpr evaluate dipole.npz test.extxyz --csv errors.csv --plot errors.png"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "evaluate",
        run,
        summary="errors of a model on labelled frames",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.add_argument("model", metavar="model.npz", help="trained model")
    parser.add_argument("frames", help="labelled frames: .xyz, .extxyz (.gz) or .traj")
    parser.add_argument("--csv", metavar="FILE", help="write the table as CSV, too")
    parser.add_argument("--plot", metavar="FILE", help="draw the errors (.png, .pdf or .svg)")
    add_keys(parser)


def run(args: argparse.Namespace) -> None:
    """Print the table of errors, and write it and a figure if asked for."""
    from rpr.cli.outside import Outside
    from rpr.data.given_frames import in_order_of
    from rpr.files import atomic_path
    from rpr.models.registry import load
    from rpr.studies.model_errors import compare, error_table, resampled_groups

    inputs = [args.model, args.frames]
    if args.csv:
        check_output(args.csv, inputs=inputs)
    if args.plot:
        check_output(args.plot, inputs=inputs, suffixes=(".png", ".pdf", ".svg"))
    model = load(args.model)
    frames = in_order_of(read_labelled(args.frames, args, model.predicts), model.molecule)
    _warn(model, frames, args)
    outside = Outside({model.predicts[0]: model})
    outside.add(frames)
    with outside.quiet():
        comparisons = compare(model, frames)
    table = error_table(comparisons, frames)
    if args.csv:
        with atomic_path(args.csv) as temporary:
            table.to_csv(temporary, index=False)
    if args.plot:
        _plot(args.plot, comparisons)
    _print(table)
    groups = resampled_groups(frames)[1]
    print(f"intervals: 95 %, bootstrap over {groups}; %: of the spread of the labels")
    if model.predicts_covariance:
        with outside.quiet():
            _print_calibration(model, frames)
    outside.tell()


def _warn(model: Estimator, frames: FrameSet, args: argparse.Namespace) -> None:
    """Say what makes the errors mean something else than those of predictions of this model."""
    from rpr.data.consistency.origin import check_origin

    known = int(model.in_training(frames).sum())
    if known:
        tell(
            f"rpr: warning: {known} of {len(frames)} frames of {args.frames} are training frames "
            f"of {args.model}; errors on them say nothing about other frames"
        )
    level, own = level_of(args.frames), model.about.get("level")
    if level and own and level.lower() != str(own).lower():
        tell(f"rpr: warning: {args.frames} has labels of {level}, but {args.model} learnt {own}")
    found = check_origin(frames, model.molecule, moved_charge(args))
    if found.is_implausible:
        tell(f"rpr: warning: implausible {found.check}: {found.text}")


def _print(table: pd.DataFrame) -> None:
    heads = ("quantity", "component", "RMSE", "95 % interval", "MAE", "median", "largest", "%")
    rows: list[tuple[str, ...]] = [heads]
    for row in table.to_dict("records"):
        relative = f"{100 * row['rmse'] / row['spread']:.2g}" if row["spread"] > 0 else ""
        low, high = (f"{row[name]:.3g}" for name in ("rmse_low", "rmse_high"))
        interval = "" if low == "nan" else f"{low} to {high}"
        rmse, *others = (f"{row[name]:.3g}" for name in ("rmse", "mae", "median", "max_error"))
        quantity = f"{row['quantity']} ({row['unit']})"
        rows.append((quantity, str(row["component"]), rmse, interval, *others, relative))
    widths = [max(len(row[k]) for row in rows) for k in range(len(heads))]
    for row in rows:
        cells = [text.ljust(w) if k < 2 else text.rjust(w) for k, (text, w) in _with(row, widths)]
        print("  ".join(cells).rstrip())


def _with(row: tuple[str, ...], widths: list[int]) -> Any:
    return enumerate(zip(row, widths, strict=True))


def _print_calibration(model: Estimator, frames: FrameSet) -> None:
    """How large the model says its errors are, and how often they are within what it says."""
    from rpr.studies.calibration import scores
    from rpr.units import REPORTED

    (property,) = model.predicts
    unit, size = REPORTED[property]
    labels = getattr(frames, property)
    found = scores(labels / size, *_in_unit(model.predict(frames, covariance=True), size))
    regions = ", ".join(f"{found[f'coverage_{p}']:.0%} in {p} %" for p in (50, 90, 95))
    print(
        f"uncertainty: predicted RMSE {found['predicted_rmse']:.3g} {unit}; labels inside regions: "
        f"{regions}; log score {found['nll']:.3g}, CRPS {found['crps']:.3g} {unit}"
    )


def _in_unit(predicted: Any, size: float) -> tuple[Any, Any]:
    return predicted[0] / size, predicted[1] / size**2


def _plot(path: str, comparisons: Any) -> None:
    from rpr.errors import InputError
    from rpr.files import atomic_path
    from rpr.report.figures import parity
    from rpr.report.style import style
    from rpr.studies.model_errors import as_table

    figure = parity.draw(as_table(comparisons))
    with atomic_path(path) as temporary, style():
        try:
            figure.savefig(temporary, dpi=200)
        except ValueError as error:
            raise InputError(f"--plot {path}: {error}") from error
