"""Entry point of the command line: the parser of all commands, and how errors are told."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from rpr.errors import ConvergenceError, InputError

#: Commands in the order of the help; each is the module of this name in `rpr.cli`.
COMMANDS = ("check", "label", "train", "predict", "evaluate", "md", "spectra", "info")

_DESCRIPTION = """\
Dipoles, polarizabilities and potentials of one flexible molecule: check and label frames, train
models on them, predict, and measure errors.  Frames are read from extended XYZ (also .gz) and from
trajectories of ASE (.traj); units are those of ASE: Angstrom, eV, eV/Angstrom, e Angstrom, and
Angstrom^3 for polarizabilities."""
_EPILOG = """\
`rpr COMMAND --help` explains a command.  Exit status: 0 success, 1 a computation failed or a check
found something implausible, 2 wrong input or options, 130 interrupted."""

_AFTER_INTERRUPT = "nothing was written; run the same command again"
#: Signals that end a command as an interruption from the keyboard does.
_SIGNALS = ("SIGTERM", "SIGHUP")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv
        Arguments after the name of the program; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0 for success, 1 for a computation that failed, 2 for input that the user can
        correct, 130 after an interruption.
    """
    args = argparse.Namespace(after_interrupt=_AFTER_INTERRUPT)
    _use_any_character()
    try:
        with _interrupted_by_signals(), _short_warnings():
            args = make_parser().parse_args(argv)
            status = args.run(args)
            if sys.stdout is not None:
                sys.stdout.flush()
        return status or 0
    except InputError as error:  # also of a package that is not installed
        return _fail(str(error), 2)
    except ConvergenceError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail(f"interrupted; {args.after_interrupt}", 130)
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        _silence_stdout()
        return 1
    except ModuleNotFoundError as error:
        return _fail(f"the package {error.name} is needed here and not installed; install it", 2)
    except MemoryError as error:
        return _fail(f"not enough memory ({error}); use fewer frames", 1)
    except OSError as error:
        return _fail(_about_file(error, args), 1)


def make_parser() -> argparse.ArgumentParser:
    """The parser of `rpr` with all its commands."""
    parser = argparse.ArgumentParser(
        prog="rpr",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version)
    parser.set_defaults(after_interrupt=_AFTER_INTERRUPT)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"rpr.cli.{name}").add_parser(subparsers)
    return parser


class _Version(argparse.Action):
    """Print the version, which is looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from rpr.version import __version__

        print(f"rpr {__version__}")
        parser.exit()


def _fail(message: str, status: int) -> int:
    """Say in one line what went wrong."""
    print(f"rpr: {' '.join(message.split())}", file=sys.stderr)
    return status


def _about_file(error: OSError, args: argparse.Namespace) -> str:
    """What went wrong with which file; without a name it is most likely the output."""
    reason = error.strerror or str(error)
    name = error.filename if error.filename is not None else getattr(args, "output", None)
    return f"{name}: {reason}" if name is not None else reason


def _use_any_character() -> None:
    """Let characters that the terminal has not be written as escapes, not end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Context in which the signals of batch systems end a command as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # as only the main thread may handle signals
        return
    known = (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name))
    heeded = [n for n in known if signal.getsignal(n) not in (signal.SIG_IGN, None)]  # not by nohup
    before = {n: signal.signal(n, signal.default_int_handler) for n in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silence_stdout() -> None:
    """Let Python's flush at the exit find no broken pipe."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Context in which a warning is one line on standard error."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(
            f"rpr: warning: {' '.join(str(message).split())}", file=sys.stderr
        )
        yield


if __name__ == "__main__":
    sys.exit(main())
