"""``rpr info``: what a model file holds."""

from __future__ import annotations

import argparse
from typing import Any

from rpr.cli.options import add_command


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "info",
        run,
        summary="what a model file is, and what it was trained on",
        description="Print what a model is, what it was trained on, units, errors and settings.",
        example="  rpr info dipole.npz",
    )
    parser.add_argument("models", nargs="+", metavar="model.npz", help="model files")


def run(args: argparse.Namespace) -> None:
    """Print one block for each model."""
    from rpr.models.description import describe

    for n, path in enumerate(args.models):
        rows = describe(path)
        print(path if n == 0 else f"\n{path}")
        width = max(len(name) for name, _ in rows)
        for name, text in rows:
            print(f"  {name:{width}s}  {text}")
