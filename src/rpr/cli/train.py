"""``rpr train``: a model from labelled frames."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpr.cli.frame_options import add_keys, level_of, moved_charge, read_labelled, tell
from rpr.cli.molecule_options import add_molecule, found_molecule
from rpr.cli.options import add_command, add_overwrite, check_output, counted, whole_number
from rpr.errors import InputError, PlausibilityWarning

if TYPE_CHECKING:
    from rpr.data.frame_set import FrameSet
    from rpr.models.estimator import Estimator
    from rpr.models.training import Training
    from rpr.molecule.molecule import Molecule

_DESCRIPTION = """\
Train a model of a dipole, a polarizability or a potential on labelled frames.  Molecule, bonds
and permutation-inversion group are found from the frames.  A fifth of the frames is kept out
(whole trajectories where the frames name them) to measure the error; then all frames are fitted.
What `rpr check` finds implausible is told.  Labels that contradict the geometries or each other,
such as dipoles of ions about the laboratory's origin, are refused."""
_EXAMPLE = """\
  rpr train labelled.extxyz -o dipole.npz --property dipole
  rpr train labelled.extxyz -o pes.npz --property energy --n-train 300
  rpr train other.xyz -o alpha.npz --property polarizability --polarizability-key REF_alpha \\
      --polarizability-unit bohr^3"""
_NEEDED = {
    "dipole": ("dipole",),
    "polarizability": ("polarizability",),
    "energy": ("energy", "forces"),
}
_MODELS = (
    *("covariant", "symmetrized", "copies", "folded", "rotate-predict-rotate", "augmented"),
    "laboratory",
)


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "train",
        run,
        summary="train a model on labelled frames",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.add_argument("frames", help="labelled frames: .xyz, .extxyz (.gz) or .traj")
    parser.add_argument("-o", "--output", required=True, metavar="model.npz", help="model file")
    parser.add_argument(
        "--property",
        required=True,
        choices=tuple(_NEEDED),
        help="what to learn; an energy needs forces, and gives the KREG potential",
    )
    _add_fit(parser)
    _add_atoms(parser)
    parser.add_argument(
        "--accept-implausible",
        action="store_true",
        help="train also on labels that contradict the geometries or each other",
    )
    parser.add_argument("--level", help="level of theory of the labels, for the record")
    add_overwrite(parser)
    add_molecule(parser)
    add_keys(parser)


def _add_fit(parser: argparse.ArgumentParser) -> None:
    """Add options about the model and the frames it is fitted to."""
    parser.add_argument(
        "--model", choices=_MODELS, help="of a dipole or a polarizability; default: covariant"
    )
    parser.add_argument(
        "--n-train",
        type=whole_number(1),
        metavar="N",
        help="train on N random frames that are not kept out, and do not fit the others",
    )
    parser.add_argument(
        "--no-refit", action="store_true", help="save the model that the error was measured for"
    )
    parser.add_argument("--seed", type=whole_number(0), default=0, help="default: %(default)s")
    parser.add_argument(
        "--derivatives",
        action="store_true",
        help="learn from the dipole_derivatives or polarizability_derivatives of the frames, too",
    )


def _add_atoms(parser: argparse.ArgumentParser) -> None:
    """Add options about atoms of the molecule that models treat differently from others."""
    parser.add_argument(
        "--anchors",
        type=int,
        nargs="+",
        metavar="ATOM",
        help="atoms, counted from 0, that settle signs of canonical axes; default: found",
    )
    parser.add_argument(
        "--dihedral",
        type=int,
        nargs=4,
        metavar="ATOM",
        help="four atoms, counted from 0; default: that of the slowest rotor",
    )


def run(args: argparse.Namespace) -> None:
    """Find the molecule, train, say how good the model is, and write it."""
    from rpr.models.training import train

    output = check_output(
        args.output, overwrite=args.overwrite, inputs=[args.frames], suffixes=[".npz"]
    )
    frames = read_labelled(args.frames, args, _needed(args))
    molecule = _molecule(args, frames)
    _check(frames, molecule, args)
    name = _model_name(args)
    tell(f"training {name} on {counted(args.n_train or len(frames), 'frame')} ...")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)  # as they were told
        result = train(
            name,
            frames,
            property=args.property,
            molecule=molecule,
            n_train=args.n_train,
            seed=args.seed,
            refit=not args.no_refit,
            fit={"derivatives": True} if args.derivatives else {},
        )
    _record(result, args)
    model: Estimator = result.model
    model.save(output)
    print(f"error     {result.error_text() or 'not measured: too few frames to keep some out'}")
    print(f"trained   on {counted(result.n_train, 'frame')} in {result.seconds:.1f} s")
    print(f"written   {output}")


def _model_name(args: argparse.Namespace) -> str:
    """Name of the model in the registry."""
    if args.property != "energy":
        return args.model or "covariant"
    if args.model:
        raise InputError(
            f"--model: found {args.model} for an energy, which has the model kreg only"
        )
    return "kreg"


def _needed(args: argparse.Namespace) -> tuple[str, ...]:
    """Labels that the frames must have."""
    if not args.derivatives:
        return _NEEDED[args.property]
    if _model_name(args) != "covariant":
        raise InputError(
            f"--derivatives: found {args.property} and model {_model_name(args)}, expected dipole "
            "or polarizability and the model covariant"
        )
    return (args.property, f"{args.property}_derivatives")


def _molecule(args: argparse.Namespace, frames: FrameSet) -> Molecule:
    """The molecule with its reference geometry; says what was found."""
    from rpr.molecule.permutation_inversion import find_group, group_text

    found = found_molecule(frames, args, anchors=args.anchors, dihedral=args.dihedral)
    molecule = found.molecule
    bonds = " ".join(f"{i}-{j}" for i, j in molecule.bonds)
    print(f"molecule  {molecule.to_atoms().get_chemical_formula()} ({' '.join(molecule.symbols)})")
    print(f"reference {args.reference or found.reference}")
    print(f"bonds     {bonds or 'none'}")
    print(f"group     {group_text(molecule, find_group(molecule))}")
    for note in found.notes:
        print(f"found     {note}")
    return molecule


def _check(frames: FrameSet, molecule: Molecule, args: argparse.Namespace) -> None:
    """Say what is implausible about the frames, as `rpr check` does, and refuse contradictions."""
    from rpr.data.consistency.battery import check_frames, refuse_contradictions
    from rpr.models.training import maker

    findings = check_frames(frames, molecule, moved_charge=moved_charge(args))
    if not args.accept_implausible:
        remedy = "--accept-implausible trains nevertheless"
        refuse_contradictions(findings, _needed(args), remedy)
    handed = maker(_model_name(args), args.property, molecule)().is_handed
    for finding in findings:
        if finding.warns(handed=handed):
            implausible = "implausible " if finding.is_implausible else ""
            tell(f"rpr: warning: {implausible}{finding.check}: {finding.text}")


def _record(result: Training, args: argparse.Namespace) -> None:
    """Say in the model what it was trained on."""
    about = {
        "level": args.level or level_of(args.frames),
        "source": Path(args.frames).name,
        "n_train": result.n_train,
        "error": result.error_text(),
    }
    result.model.about = {name: value for name, value in about.items() if value}
