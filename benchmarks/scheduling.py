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
seconds that a frame costs.  With SLURM and its accounting at hand (``sacct``), ``slurm.job`` is
what the cluster spends on a label shard of the paper's study whose frames are all done (it starts
Snakemake twice, then the job, which reads, imports and writes), ``job.frames`` the part of
``job.label`` that grows with the frames, and ``frame.overhead_slurm`` their sum for one frame.
``slurm.held`` is the wall time for which such a job holds its core: on an idle machine only.

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
PROJECT = ("Snakefile", "config.yaml", "config", "workflow", "resources", "envs")
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
from rpr.data.extxyz import read_frames
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
method = Method.from_config(%r, frames.symbols)
first, last, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
shards.label_shard(
    frames, range(first, last), method, partial_path=f"{name}.extxyz.partial",
    output_path=f"{name}.extxyz", failures_path=f"{name}_failures.csv",
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
    with tempfile.TemporaryDirectory(dir=ROOT / "results") as name:
        folder = Path(name)
        snakemake = snakemake_per_job(folder)
        prepare_labels(folder, config)
        label = label_shard(folder, shard_size, 0)
        yield "job.snakemake", snakemake, "s"
        yield "job.label", label, "s"
        per_frame = (snakemake + label) / shard_size
        yield "frame.cost", frame_seconds, "s"
        yield "frame.overhead", 100 * per_frame / frame_seconds, "%"
        if has_accounting():
            frames = label - label_shard(folder, shard_size, 0)
            job, held = slurm_job(folder, config)
            yield "job.frames", frames, "s"
            yield "slurm.job", job, "s"
            yield "slurm.held", held, "s"
            per_frame = (job + frames) / shard_size
            yield "frame.overhead_slurm", 100 * per_frame / frame_seconds, "%"


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
    return [*SNAKEMAKE, "--quiet", "all"]


def prepare_labels(folder: Path, config: Mapping) -> None:
    """Write frames to be labelled, and the program that labels them with an idle engine."""
    from rpr.data.extxyz import write_frames
    from rpr.data.frame_set import FrameSet
    from rpr.data.synthetic import dichloroethane, random_frames
    from rpr.labels.dft.scf_extrapolation import LENGTH

    molecule = dichloroethane()
    positions = random_frames(molecule, N_FRAMES, seed=0)
    write_frames(folder / "frames.extxyz", FrameSet(tuple(molecule.symbols), positions))
    method = config["labels"]["method"]
    (folder / "label.py").write_text(LABEL_JOB % (N_BASIS, N_OCCUPIED, LENGTH, method))


def label_shard(folder: Path, size: int, k: int) -> float:
    """Processor time of label shard `k` besides its electronic structure, s; frames done count."""
    first, name = k * size, f"{k:04d}"
    command = [sys.executable, "label.py", str(first), str(first + size), name]
    return processor_time(command, folder)[0]


def has_accounting() -> bool:
    """Whether there is a SLURM that tells what its jobs took."""
    if not (shutil.which("sbatch") and shutil.which("sacct")):
        return False
    return subprocess.run(["sacct", "--allocations"], capture_output=True).returncode == 0


def slurm_job(folder: Path, config: Mapping, n_jobs: int = 4) -> tuple[float, float]:
    """Processor time and wall time of a job whose frames are all done, s, means of `n_jobs`."""
    study = folder / "study"
    targets = prepare_study(folder, study, config, n_jobs)
    command = [
        *(*SNAKEMAKE, *targets, "--allowed-rules", "label_frames"),
        *("--configfile", "config/paper.yaml", "--executor", "slurm", "--jobs", "1"),
        *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"),
    ]
    _, said = processor_time(command, study)
    for log in study.glob("results/*/logs/label_frames/*.log"):
        if "resuming" not in log.read_text():
            sys.exit(f"{log.name}: the job computed frames, which should have been done")
    taken = [accounted(job) for job in re.findall(r"SLURM jobid (\d+)", said)]
    processor, wall = zip(*taken, strict=True)
    return sum(processor) / n_jobs, sum(wall) / n_jobs


def prepare_study(folder: Path, study: Path, config: Mapping, n_shards: int) -> list[str]:
    """The project with labels that are done, but for the last step of their jobs; its targets."""
    results = Path("results") / config["run"]
    shards = results / "labels" / "shards"
    (study / shards).mkdir(parents=True)
    (study / results / "md").mkdir()
    for entry in PROJECT:
        (study / entry).symlink_to(ROOT / entry)
    shutil.copy(folder / "frames.extxyz", study / results / "md")
    order = ["frame", *map(str, range(N_FRAMES))]
    (study / results / "labels" / "order.csv").write_text("\n".join(order) + "\n")
    for k in range(n_shards):
        label_shard(folder, config["labels"]["shard_size"], k)
        for path in folder.glob(f"{k:04d}.extxyz.partial*"):
            shutil.copy(path, study / shards)
    return [f"{shards}/{k:04d}.extxyz" for k in range(n_shards)]


def accounted(job: str) -> tuple[float, float]:
    """Processor time and wall time of a job that has ended, s."""
    command = ["sacct", "--jobs", job, "--noheader", "--parsable2"]
    for _ in range(60):  # the accounting comes late
        said = subprocess.run(
            [*command, "--format", "State,TotalCPU,ElapsedRaw"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        if said.startswith("COMPLETED"):
            _, processor, wall = said.splitlines()[0].split("|")  # the job, before its steps
            *_, hours, minutes, seconds = f"0:0:{processor}".split(":")
            return 3600 * int(hours) + 60 * int(minutes) + float(seconds), float(wall)
        time.sleep(1)
    sys.exit(f"job {job} has not ended: {said!r}")


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
        yield f"size.wall.{cores}_cores", wall_time(plan, cores) / 3600, "h"
        yield f"size.memory.{cores}_cores", memory_gb(plan, asked, cores), "GB"


def memory_gb(plan: Sequence[Stage], asked: Mapping, cores: int) -> float:
    """Memory of the jobs of quantum chemistry that run at a time, at most."""
    keys = {"dynamics": "md_mem_mb", "labels": "label_mem_mb", "test_labels": "label_mem_mb"}
    return max(min(cores, s.n_jobs) * asked[keys[s.name]] / 1000 for s in plan if s.name in keys)


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
    test, thermal = n.pop("label_test_frames", 0), n.pop("label_thermal_frames", 0)
    trained, moved = n.pop("train_kreg"), 1
    n.pop("run_kreg_dynamics")
    learn = sum(n.pop(rule, 0) for rule in LEARNING_RULES)
    return [
        Stage("optimise", optimise, OPTIMISER_STEPS * step),
        Stage("frequencies", hessian, HESSIAN_STEPS * step, ("optimise",)),
        Stage("dynamics", dynamics, config["md"]["n_steps"] * step, ("frequencies",)),
        Stage("labels", labels, shard, ("dynamics",)),
        Stage("kreg", trained, LEARNING_SECONDS, ("labels",)),
        Stage("kreg_dynamics", moved, KREG_DYNAMICS_SECONDS, ("kreg",)),
        Stage("test_labels", test + thermal, shard, ("kreg_dynamics",)),
        Stage("learning", learn, LEARNING_SECONDS, ("test_labels",)),
        Stage("collecting", sum(n.values()), SMALL_SECONDS, ("learning",)),
    ]


LEARNING_RULES = (
    "benchmark_descriptor",
    "train_model",
    "compute_learning_curve",
    "kreg_learning_curve",
    "compare_axes",
    "predict_model",
    "measure_equivariance",
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
