"""What a script says ends in its log; errors of the user are one message, others a traceback."""

import subprocess
import sys

import pytest

SCRIPT = """
import os
from rpr.run import logs
from rpr.errors import InputError, ConvergenceError
log = logs.start({path!r})
log.info("half way")
print("printed")
os.write(1, b"from compiled code\\n")
raise {error}("the reason")
"""


def run(tmp_path, error):
    path = tmp_path / "folder" / "script.log"
    script = SCRIPT.format(path=str(path), error=error)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stdout == done.stderr == ""
    return path.read_text()


@pytest.mark.parametrize("error", ["InputError", "ConvergenceError"])
def test_errors_of_the_user_are_one_message(tmp_path, error):
    text = run(tmp_path, error)
    for word in ("half way", "printed", "from compiled code", "\nerror: the reason\n"):
        assert word in text
    assert "Traceback" not in text


def test_other_errors_keep_their_traceback(tmp_path):
    text = run(tmp_path, "KeyError")
    assert "Traceback" in text
    assert "KeyError: 'the reason'" in text
