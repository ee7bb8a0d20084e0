"""A study in a folder of its own, run here or through the SLURM profile, and ways to disturb it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

PROJECT = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "resources", "envs")
#: The profile as it is, but asked and answered faster than a busy cluster would like.
PROFILE = (
    "--workflow-profile", "profiles/slurm",
    "--slurm-init-seconds-before-status-checks", "4",
    "--latency-wait", "10",
)  # fmt: skip
SECONDS = 600  #: longest wait for anything


@dataclass
class Study:
    """A copy of the project, run with one configuration."""

    folder: Path
    config: str
    run_name: str
    target: str
    process: subprocess.Popen | None = None  #: Snakemake, as last started

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.run_name

    @property
    def shards(self) -> Path:
        return self.results / "labels" / "shards"

    def copy(self, folder: Path) -> "Study":
        """The same study in another folder, with everything that it has computed."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Study(folder, self.config, self.run_name, self.target)

    def start(self, *arguments: str, log: str = "snakemake.txt") -> subprocess.Popen:
        """Snakemake in the background; what it says goes into a file of the folder."""
        command = [sys.executable, "-m", "snakemake", self.target, "--configfile", self.config]
        with open(self.folder / log, "w") as stream:
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=self.folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self.process

    def run(self, *arguments: str, log: str = "snakemake.txt") -> tuple[int, str]:
        """Exit status of Snakemake and what it said."""
        status = self.start(*arguments, log=log).wait(SECONDS)
        return status, (self.folder / log).read_text()

    def said(self, log: str = "snakemake.txt") -> str:
        return (self.folder / log).read_text()

    def complete(self, *arguments: str, log: str = "snakemake.txt") -> None:
        """Run; anything but success is a failure of the test."""
        status, said = self.run(*arguments, log=log)
        assert status == 0, said

    def frames(self) -> bytes:
        """The table that everything else is made of."""
        return (self.results / "dataset" / "frames.extxyz").read_bytes()

    def finished(self, shard: str) -> int:
        """Frames of a shard that are on disk."""
        partial = self.shards / f"{shard}.extxyz.partial"
        lines = partial.read_bytes().count(b"\n") if partial.exists() else 0
        return max(lines - 1, 0)

    def computed(self, shard: str) -> tuple[int, int]:
        """Frames that the last attempt at a shard found on disk, and those that it computed."""
        log = (self.results / "logs" / "label_frames" / f"{shard}.log").read_text()
        resumed = re.search(r"resuming: (\d+) of \d+ frames", log)
        return int(resumed[1]) if resumed else 0, len(re.findall(r"\d+ of \d+ done", log))

    def times(self, *patterns: str) -> dict[Path, int]:
        """When files of the results were written."""
        return {
            path: path.stat().st_mtime_ns
            for pattern in patterns
            for path in sorted(self.results.glob(pattern))
        }

    def run_id(self) -> str:
        """Name of this run's jobs in the queue."""
        return wait_for(lambda: re.search(r"SLURM run ID: (\S+)", self.said()))[1]

    def queue(self, states: str = "PENDING,RUNNING,COMPLETING") -> dict[str, dict[str, str]]:
        """Jobs of this run: state, time limit and rule with wildcards, by job number."""
        form = ["--noheader", "--states", states, "--format", "%i|%T|%l|%k"]
        said = output_of("squeue", "--name", self.run_id(), *form)
        rows = [line.split("|", 3) for line in said.splitlines()]
        return {row[0]: dict(zip(("state", "limit", "rule"), row[1:], strict=True)) for row in rows}

    def cancel_all(self) -> None:
        """Cancel what is left of every run of this folder."""
        for path in self.folder.glob("*.txt"):
            for run_id in re.findall(r"SLURM run ID: (\S+)", path.read_text()):
                subprocess.run(["scancel", "--name", run_id], check=True)

    def wait_for_queue(self) -> None:
        """Wait until no job of this run is left."""
        wait_for(lambda: not self.queue())

    @staticmethod
    def job_of(process: psutil.Process) -> str:
        """Number of the SLURM job that a process belongs to."""
        return process.environ()["SLURM_JOB_ID"]

    def label_process(self, shard: str) -> psutil.Process:
        """The process that labels a shard, stopped when it has written a frame but not the last."""
        wait_for(lambda: self.finished(shard) >= 1 or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        (process,) = self.wait_for_processes(shard, 1)
        process.send_signal(signal.SIGSTOP)
        assert process.is_running(), f"shard {shard} was finished too early to be disturbed"
        return process

    def wait_for_processes(self, shard: str, number: int) -> list[psutil.Process]:
        """The processes that label a shard, as soon as there are so many."""
        return wait_for(lambda: (p := self._processes_of(shard)) and len(p) == number and p)

    def _processes_of(self, shard: str) -> list[psutil.Process]:
        log = self.results / "logs" / "label_frames" / f"{shard}.log"
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError, IndexError):
                script = process.cmdline()[-1].endswith("label_frames.py")
                # The log of an orphan is removed when the job is sent again.
                writes = os.readlink(f"/proc/{process.pid}/fd/2").removesuffix(" (deleted)")
                if script and writes == str(log):
                    found.append(process)
        return found


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wait_for(condition, seconds: float = SECONDS):
    """What `condition` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {condition}"
        time.sleep(0.1)
    return value


def _missing_cluster() -> str:
    for tool in ("sbatch", "sinfo", "squeue", "scancel"):
        if shutil.which(tool) is None:
            return f"needs SLURM: there is no `{tool}` on the PATH"
    said = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True)
    if said.returncode or not said.stdout.strip():
        return f"needs a running SLURM: `sinfo` says {said.stderr.strip() or 'nothing'}"
    return ""


def pytest_collection_modifyitems(items):
    """Every test of this folder is marked `slurm`, and skipped where there is no cluster."""
    reason = _missing_cluster()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slurm)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def profile() -> tuple[str, ...]:
    """Arguments that send the jobs to the cluster."""
    return PROFILE


@pytest.fixture(scope="session")
def project(root, tmp_path_factory):
    """Makes a folder with a fresh copy of the project."""

    def make(name: str, config: str, run_name: str, target: str) -> Study:
        # As deep as `unlabelled`: paths of the library are inputs, and they are relative.
        folder = tmp_path_factory.mktemp(name) / "study"
        folder.mkdir()
        for entry in PROJECT:
            source = root / entry
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / entry, ignore=ignore)
            else:
                shutil.copy2(source, folder / entry)
        return Study(folder, config, run_name, target)

    return make


@pytest.fixture(scope="session")
def undisturbed(project):
    """The labels of the tiny study, computed here without any disturbance."""
    study = project("undisturbed", str(Path(__file__).with_name("tiny.yaml")), "tiny", "labels")
    study.complete("--cores", "2")
    return study


@pytest.fixture
def unlabelled(undisturbed, tmp_path):
    """The tiny study on the eve of its labels: everything before them is there."""
    study = undisturbed.copy(tmp_path / "study")
    shutil.rmtree(study.shards)
    shutil.rmtree(study.results / "dataset")
    return study
