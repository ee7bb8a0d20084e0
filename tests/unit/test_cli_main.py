"""The command line as such: help, exit status, and one line for each error."""

import os
import signal
import subprocess
import sys
from argparse import Namespace

import pytest

from rpr.cli import main as cli
from rpr.cli import options
from rpr.cli.progress import Progress
from rpr.errors import ConvergenceError, InputError


def raising(error):
    def run(args):
        raise error

    return run


@pytest.fixture
def failing(monkeypatch):
    """Makes `rpr` raise an error, whatever the command."""

    def install(error):
        parser = cli.make_parser()
        arguments = Namespace(run=raising(error), after_interrupt="run it again")
        parser.parse_args = lambda argv=None: arguments
        monkeypatch.setattr(cli, "make_parser", lambda: parser)

    return install


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from rpr.cli.main import make_parser; make_parser().format_help();"
        "print([m for m in ('numpy', 'ase', 'pandas', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    assert stopped.value.code == 0
    assert f"example:\n  rpr {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InputError("frames.xyz: frame 3:\n no atoms"), 2, "rpr: frames.xyz: frame 3: no atoms"),
        (ConvergenceError("frame 7"), 1, "rpr: frame 7"),
        (KeyboardInterrupt(), 130, "rpr: interrupted; run it again"),
        (PermissionError(13, "Permission denied", "out.xyz"), 1, "out.xyz: Permission denied"),
        (ModuleNotFoundError("No module named 'pyscf'", name="pyscf"), 2, "the package pyscf"),
        (MemoryError("8 GB"), 1, "8 GB"),
    ],
)
def test_an_error_is_one_line_and_a_status(failing, capsys, error, status, words):
    failing(error)
    assert cli.main([]) == status
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_a_programming_error_is_not_hidden(failing):
    failing(ZeroDivisionError("division by zero"))
    with pytest.raises(ZeroDivisionError):
        cli.main([])


def test_a_reader_that_leaves_is_no_error():
    command = f"{sys.executable} -m rpr.cli.main --help | head -n 1; exit ${{PIPESTATUS[0]}}"
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert found.stderr == ""


def test_without_a_command_the_usage_is_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "usage: rpr" in capsys.readouterr().err


def test_progress_is_silent_unless_someone_looks(capsys, monkeypatch):
    with Progress("labelling", 10) as progress:
        progress.update(5)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("labelling", 10, done=4) as progress:
        progress._last = 0.0
        progress.advance()
    told = capsys.readouterr().err
    assert "labelling: 5 of 10 frames" in told
    assert "left" in told


def test_outputs_are_checked_before_the_work(tmp_path):
    taken = tmp_path / "taken.xyz"
    taken.write_text("")
    assert options.check_output(taken) == taken
    for path, overwrite, words in (
        (tmp_path, True, "is a folder"),
        (taken, False, "--overwrite"),
        (taken / "out.xyz", True, "is not a folder"),
    ):
        with pytest.raises(InputError, match=words):
            options.check_output(path, overwrite=overwrite)


def test_outputs_do_not_replace_inputs(tmp_path):
    frames = tmp_path / "frames.extxyz"
    frames.write_text("labels")
    with pytest.raises(InputError, match="is read by this command"):
        options.check_output(tmp_path / "." / "frames.extxyz", inputs=[frames])
    assert options.check_output(tmp_path / "other.extxyz", inputs=[frames]).name == "other.extxyz"
    with pytest.raises(InputError, match=r"a name that ends in \.npz"):
        options.check_output(tmp_path / "model", suffixes=[".npz"])


def python(*words, **environment):
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
    )


def test_the_package_runs_as_a_module():
    assert python("-m", "rpr", "--version").stdout.startswith("rpr ")


def test_characters_that_the_terminal_has_not_end_no_command(tmp_path):
    found = python("-m", "rpr", "info", tmp_path / "mü.npz", PYTHONIOENCODING="ascii")
    assert found.returncode == 2
    assert "m\\xfc.npz: no such model file" in found.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_end_a_command_without_a_trace(name, tmp_path):
    """The block is left in order, so that nothing stays half written."""
    code = f"""
import os, signal, sys
from pathlib import Path
from rpr.cli import main as cli
from rpr.files import atomic_path

def run(args):
    with atomic_path({str(tmp_path / "out.txt")!r}) as temporary:
        temporary.write_text("half")
        os.kill(os.getpid(), signal.{name})
        signal.pause()

parser = cli.make_parser()
parser.parse_args = lambda argv=None: cli.argparse.Namespace(run=run, after_interrupt="again")
cli.make_parser = lambda: parser
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(cli.main([]))
"""
    found = python("-c", code)
    assert found.stderr == "rpr: interrupted; again\n"
    assert found.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_signals_that_nohup_ignores_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cli._interrupted_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
