"""Cost of the workflow around the physics, and the size of a run; prints ``name value unit`` lines.

    python benchmarks/scheduling.py                          # overheads, then the size of the run
    python benchmarks/scheduling.py --part size --config config/xtb.yaml
    python benchmarks/scheduling.py --part overhead --frame-seconds 25

Overheads are processor time of this machine.  ``dag`` is the dry run of the paper's study.
``job.snakemake`` is what Snakemake spends on one job (the slope of a workflow of empty jobs), and
``job.label`` what the job of a label shard spends besides the electronic structure: starting
Python, imports, reading 7000 frames, writing every finished frame with the state of the engine,
writing the outputs.  It is measured with an engine that answers at once, with a state as large as
that of aug-cc-pVTZ.  ``frame.overhead`` is their sum for one frame of a shard, as a part of the
seconds that a frame costs.  With SLURM at hand, ``slurm.job`` is the time for which an empty job
of the workflow holds its core, and ``frame.overhead_slurm`` the same part with it.

The size of a run counts its jobs by a dry run, takes the expected costs of a configuration
(``resources``: ``md_seconds_per_step``, ``label_seconds_per_frame``), and lets the jobs run on so
many cores, each as soon as those before it are done and a core is free.
"""

from __future__ import annotations

import argparse
import heapq
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = (sys.executable, "-m", "snakemake")
CORES = (10, 100, 1000)
N_FRAMES = 7000
N_BASIS = 284  #: functions of aug-cc-pVTZ on 1,2-dichloroethane
N_OCCUPIED = 25
N_EMPTY = 30  #: empty jobs beside the first
OPTIMISER_STEPS = 15
HESSIAN_STEPS = 48  #: a Hessian is made of so many forces
KREG_DYNAMICS_SECONDS = 120
LEARNING_SECONDS = 120  #: a job of learning at full size
SMALL_SECONDS = 5  #: a job that collects, tabulates or draws
Line = tuple[str, float, str]

EMPTY_WORKFLOW = """
rule all:
    input: expand("{k}.txt", k=range(int(config["count"])))

rule empty:
    output: "{k}.txt"
    resources: mem_mb=500, runtime=5
    script: "empty.py"
"""

LABEL_JOB = """
import sys
import numpy as np
from rpr.datasets import read_frames
from rpr.labels import shards
from rpr.labels.method import Method
from rpr.labels.results import Labels
import rpr.labels.engine

class Engine:
    def __init__(self, n_atoms):
        self.labels = Labels(
            energy=-1.0, forces=np.zeros((n_atoms, 3)), dipole=np.zeros(3),
            polarizability=np.eye(3), scf_cycles=1, solver="default", timings={},
        )
        n_ao, n_occupied, n_remembered = %d, %d, %d
        self.state = {
            f"{k}.{name}": np.random.default_rng(k).normal(size=shape).astype(kind)
            for k in range(n_remembered)
            for name, shape, kind in (
                ("positions", (n_atoms, 3), "f8"),
                ("orbitals", (n_ao, n_occupied), "f8"),
                ("induced", (3, n_ao, n_ao), "f4"),
            )
        }
    def reset(self): pass
    def get_state(self): return self.state
    def set_state(self, state): pass
    def compute(self, positions, properties): return self.labels

frames = read_frames("frames.extxyz")
shards.make_engine = lambda method, symbols, **settings: Engine(len(symbols))
method = Method.from_config({"code": "pyscf", "functional": "b3lyp5", "basis": "aug-cc-pvtz"})
shards.label_shard(
    frames, range(int(sys.argv[1])), method, partial_path="0.partial",
    output_path="0.extxyz", failures_path="0.csv",
)
"""


def main() -> None:
    """Print all lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["overhead", "size"], help="default: both")
    parser.add_argument("--config", default="config/paper.yaml", help="overlay over config.yaml")
    parser.add_argument("--frame-seconds", type=float, help="cost of a frame; default: the config")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    if arguments.frame_seconds:
        config["resources"]["label_seconds_per_frame"] = arguments.frame_seconds
    if arguments.part != "size":
        report(overheads(config))
    if arguments.part != "overhead":
        report(size(config, arguments.config))


def report(lines: Iterator[Line]) -> None:
    """Print lines as they come."""
    for name, value, unit in lines:
        print(f"{name:<36s} {value:12.4g} {unit}", flush=True)


def read_config(overlay: str) -> dict:
    """The default configuration with an overlay merged over it."""

    def merged(below, above):
        if not isinstance(below, Mapping) or not isinstance(above, Mapping):
            return above
        return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}

    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    return merged(default, yaml.safe_load((ROOT / overlay).read_text()))


# Overheads


def overheads(config: Mapping) -> Iterator[Line]:
    """Processor time of the dry run, of a job and of a frame."""
    seconds, said = processor_time([*SNAKEMAKE, "-n", "--configfile", "config/paper.yaml"], ROOT)
    yield "dag.dry_run", seconds, "s"
    yield "dag.jobs", sum(job_counts(said).values()), "jobs"
    shard_size = config["labels"]["shard_size"]
    frame_seconds = config["resources"]["label_seconds_per_frame"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snakemake = snakemake_per_job(folder)
        label = label_job(folder, shard_size)
        yield "job.snakemake", snakemake, "s"
        yield "job.label", label, "s"
        per_frame = (snakemake + label) / shard_size
        yield "frame.cost", frame_seconds, "s"
        yield "frame.overhead", 100 * per_frame / frame_seconds, "%"
    if shutil.which("sbatch"):
        with tempfile.TemporaryDirectory(dir=ROOT / "results") as name:
            slurm = slurm_job(Path(name))
        yield "slurm.job", slurm, "s"
        yield "frame.overhead_slurm", 100 * (slurm + label) / shard_size / frame_seconds, "%"


def processor_time(command: Sequence[str], folder: Path) -> tuple[float, str]:
    """Processor time of a command with its children, s, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, done.stdout + done.stderr


def snakemake_per_job(folder: Path) -> float:
    """Processor time of one more job in a workflow, s."""
    command = empty_workflow(folder)
    local = ["--cores", "1", "--scheduler", "greedy"]
    first, _ = processor_time([*command, "--config", "count=1", *local], folder)
    others, _ = processor_time([*command, "--config", f"count={1 + N_EMPTY}", *local], folder)
    none, _ = processor_time([*command, "--config", "count=1", *local], folder)
    return (others - min(first, none)) / N_EMPTY


def empty_workflow(folder: Path) -> list[str]:
    """Write a workflow of empty jobs; the command that runs it."""
    (folder / "Snakefile").write_text(EMPTY_WORKFLOW)
    (folder / "empty.py").write_text("open(snakemake.output[0], 'w').close()\n")
    return [*SNAKEMAKE, "--snakefile", "Snakefile", "--directory", ".", "--quiet", "all"]


def label_job(folder: Path, n_frames: int) -> float:
    """Processor time of a label shard besides its electronic structure, s."""
    from rpr.analytic_labels import dichloroethane, random_frames
    from rpr.datasets import FrameSet, write_frames
    from rpr.labels.propagation import LENGTH

    molecule = dichloroethane()
    positions = random_frames(molecule, N_FRAMES, seed=0)
    write_frames(folder / "frames.extxyz", FrameSet(tuple(molecule.symbols), positions))
    (folder / "label.py").write_text(LABEL_JOB % (N_BASIS, N_OCCUPIED, LENGTH))
    return processor_time([sys.executable, "label.py", str(n_frames)], folder)[0]


def slurm_job(folder: Path, n_jobs: int = 4) -> float:
    """Mean time for which an empty job holds its core, s."""
    command = [
        *empty_workflow(folder),
        *("--config", f"count={n_jobs}", "--executor", "slurm", "--jobs", "1"),
        *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"),
    ]
    command = [part for part in command if part not in ("--quiet", "all")]
    _, said = processor_time(command, folder)
    jobs = re.findall(r"SLURM jobid (\d+)", said)
    held = []
    for job in jobs:
        shown = subprocess.run(["scontrol", "show", "job", job], capture_output=True, text=True)
        times = [re.search(rf"{key}=(\S+)", shown.stdout)[1] for key in ("StartTime", "EndTime")]
        start, end = (time.mktime(time.strptime(t, "%Y-%m-%dT%H:%M:%S")) for t in times)
        held.append(end - start)
    return sum(held) / len(held)


# Size of a run


@dataclass
class Stage:
    """Equal jobs that may start when the stages before are done."""

    name: str
    n_jobs: int
    seconds: float
    after: tuple[str, ...] = ()


def size(config: Mapping, overlay: str) -> Iterator[Line]:
    """Jobs, core hours, memory and wall time of a run."""
    command = [*SNAKEMAKE, "-n", "--configfile", overlay]
    counts = job_counts(processor_time(command, ROOT)[1])
    plan = stages(config, counts)
    asked = config["resources"]
    hours = {s.name: s.n_jobs * s.seconds / 3600 for s in plan}
    yield "size.jobs", sum(counts.values()), "jobs"
    yield "size.core_hours", sum(hours.values()), "h"
    for name in ("dynamics", "labels", "test_labels"):
        yield f"size.core_hours.{name}", hours[name], "h"
    largest = max(v for key, v in asked.items() if key.endswith("mem_mb"))
    yield "size.memory_per_job", largest, "MB"
    for cores in CORES:
        busy = min(cores, max(s.n_jobs for s in plan))
        yield f"size.wall.{cores}_cores", wall_time(plan, cores) / 3600, "h"
        yield f"size.memory.{cores}_cores", busy * asked["label_mem_mb"] / 1000, "GB"


def job_counts(said: str) -> dict[str, int]:
    """Number of jobs of each rule, from what a dry run says."""
    rows = re.findall(r"^([A-Za-z]\w*)\s+(\d+)$", said, flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("total", "all")}


def stages(config: Mapping, counts: Mapping[str, int]) -> list[Stage]:
    """The jobs of a run with their expected costs, s."""
    asked = config["resources"]
    step, frame = asked["md_seconds_per_step"], asked["label_seconds_per_frame"]
    shard = config["labels"]["shard_size"] * frame
    n = dict(counts)
    optimise, hessian = n.pop("optimise_geometry", 0), n.pop("compute_frequencies", 0)
    dynamics, labels = n.pop("run_trajectory", 0), n.pop("label_frames", 0)
    test, trained, moved = n.pop("label_test_frames", 0), n.pop("train_kreg"), 1
    n.pop("run_kreg_dynamics")
    learn = sum(n.pop(rule, 0) for rule in LEARNING_RULES)
    return [
        Stage("optimise", optimise, OPTIMISER_STEPS * step),
        Stage("frequencies", hessian, HESSIAN_STEPS * step, ("optimise",)),
        Stage("dynamics", dynamics, config["md"]["n_steps"] * step, ("frequencies",)),
        Stage("labels", labels, shard, ("dynamics",)),
        Stage("kreg", trained, LEARNING_SECONDS, ("labels",)),
        Stage("kreg_dynamics", moved, KREG_DYNAMICS_SECONDS, ("kreg",)),
        Stage("test_labels", test, shard, ("kreg_dynamics",)),
        Stage("learning", learn, LEARNING_SECONDS, ("test_labels",)),
        Stage("collecting", sum(n.values()), SMALL_SECONDS, ("learning",)),
    ]


LEARNING_RULES = (
    "benchmark_descriptor",
    "train_model",
    "learn_curve",
    "kreg_learning_curve",
    "compare_frames",
    "predict_model",
    "measure_covariance",
)


def wall_time(plan: Sequence[Stage], cores: int) -> float:
    """Time until all jobs are done when each starts as early as it can, s."""
    done: dict[str, float] = {}
    free = [0.0] * cores
    for stage in plan:
        ready = max((done[name] for name in stage.after), default=0.0)
        done[stage.name] = ready
        for _ in range(stage.n_jobs):
            end = max(heapq.heappop(free), ready) + stage.seconds
            heapq.heappush(free, end)
            done[stage.name] = max(done[stage.name], end)
    return max(done.values())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
