"""A study in a folder of its own, run here or through the SLURM profile, and ways to disturb it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
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
SECONDS = 3600  #: longest wait for anything, on a machine that is busy with something else


@dataclass
class Study:
    """A copy of the project, run with one configuration."""

    folder: Path
    config: str
    run_name: str
    target: str
    started: list[subprocess.Popen] = field(default_factory=list)  #: every Snakemake

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
            snakemake = subprocess.Popen(
                [*command, *arguments],
                cwd=self.folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self.started.append(snakemake)
        return snakemake

    @staticmethod
    def end_of(snakemake: subprocess.Popen) -> int:
        """Exit status of a Snakemake, when it has ended."""
        return snakemake.wait(SECONDS)

    def run(self, *arguments: str, log: str = "snakemake.txt") -> tuple[int, str]:
        """Exit status of Snakemake and what it said."""
        status = self.end_of(self.start(*arguments, log=log))
        return status, self.said(log)

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
        files = [p for p in self.shards.glob(f"{shard}.extxyz.partial.*") if p.suffix != ".npz"]
        return max((p.read_bytes().count(b"\n") - 1 for p in files), default=0)

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

    def queue(self, states: str = "PENDING,RUNNING,COMPLETING") -> dict[str, tuple[str, str]]:
        """Jobs of this run in the queue: time limit, and rule with wildcards, by job number."""
        form = ["--noheader", "--states", states, "--format", "%i|%l|%k"]
        said = output_of("squeue", "--name", self.run_id(), *form)
        rows = (line.split("|", 2) for line in said.splitlines())
        return {job: (limit, rule) for job, limit, rule in rows}

    def label_jobs(self, shard: str) -> dict[str, str]:
        """Time limits of the jobs that are to label a shard, pending or running."""
        queue = self.queue("PENDING,RUNNING").items()
        wanted = f"rule_label_frames_wildcards_{shard}"
        return {job: limit for job, (limit, rule) in queue if rule == wanted}

    def next_label_jobs(self, shard: str, job: str) -> dict[str, str]:
        """The same as soon as `job` is gone and another is there."""
        return wait_for(lambda: job not in (jobs := self.label_jobs(shard)) and jobs)

    def stop(self) -> None:
        """Leave no process and no job of this folder behind."""
        for snakemake in self.started:
            if snakemake.poll() is None:
                for process in psutil.Process(snakemake.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                snakemake.kill()
                snakemake.wait()
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
        snakemake = self.started[-1]
        wait_for(lambda: self.finished(shard) >= 1 or snakemake.poll() is not None)
        assert snakemake.poll() is None, self.said()
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


def wait_for(condition):
    """What `condition` returns as soon as it is true."""
    end = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {SECONDS} s in vain for {condition}"
        time.sleep(0.1)
    return value


def _missing_cluster() -> str:
    for tool in ("sbatch", "sinfo", "squeue", "scancel", "scontrol"):
        if shutil.which(tool) is None:
            return f"needs SLURM: there is no `{tool}` on the PATH"
    said = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True)
    if said.returncode or not said.stdout.strip():
        return f"needs a running SLURM: `sinfo` says {said.stderr.strip() or 'nothing'}"
    return ""


def pytest_collection_modifyitems(items):
    """Every test of this folder is anchors `slurm`, and skipped where there is no cluster."""
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
    studies = []

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
        studies.append(Study(folder, config, run_name, target))
        return studies[-1]

    yield make
    for study in studies:
        study.stop()


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
