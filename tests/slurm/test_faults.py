"""Whatever interrupts a run on the cluster, it ends as if undisturbed and computes nothing twice.

A label process is stopped (SIGSTOP) before it is disturbed, so that what is on disk at that moment
can be counted; the job that takes over must begin exactly there.
"""

import contextlib
import os
import signal
import subprocess

import pytest

SHARD = "0000"
N_FRAMES = 6  # in a shard
BEFORE_LABELS = ("geometries/*/*", "md/**/*.extxyz", "md/*.npz", "labels/order.csv")


@pytest.fixture
def study(unlabelled, profile):
    """The tiny study with its labels to come; at the end no job of it is left in the queue."""
    unlabelled.before = unlabelled.times(*BEFORE_LABELS)
    yield unlabelled
    unlabelled.stop()


def check(study, undisturbed, on_disk):
    """The tables of an undisturbed run, and no finished frame computed again."""
    assert study.frames() == undisturbed.frames()
    assert study.times(*BEFORE_LABELS) == study.before
    resumed, computed = study.computed(SHARD)
    assert resumed >= on_disk >= 1
    assert resumed + computed == N_FRAMES


@pytest.mark.parametrize("how", ["kill", "scancel"])
def test_a_lost_job_is_sent_again(study, undisturbed, profile, how):
    snakemake = study.start(*profile)
    process = study.label_process(SHARD)
    on_disk, job = study.finished(SHARD), study.job_of(process)
    if how == "kill":
        process.kill()
    else:
        subprocess.run(["scancel", job], check=True)
    assert study.end_of(snakemake) == 0, study.said()
    assert f"'{job}' failed" in study.said()
    check(study, undisturbed, on_disk)


def test_a_job_out_of_time_gets_more(study, undisturbed, profile):
    snakemake = study.start(*profile)
    process = study.label_process(SHARD)  # stays stopped: a job that hangs
    on_disk, job = study.finished(SHARD), study.job_of(process)
    assert study.label_jobs(SHARD) == {job: "1:35:00"}  # three times 6 frames of 300 s, and 5 min
    subprocess.run(["scontrol", "update", f"jobid={job}", "timelimit=1"], check=True)
    assert list(study.next_label_jobs(SHARD, job).values()) == ["3:10:00"]
    assert study.end_of(snakemake) == 0, study.said()
    assert f"'{job}' failed, SLURM status is: 'TIMEOUT'" in study.said()
    check(study, undisturbed, on_disk)


def test_a_full_disk_loses_no_frame(study, undisturbed, profile):
    disk = study.results / "labels" / "shards"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        snakemake = study.start(*profile, "--retries", "0")
        process = study.label_process(SHARD)
        on_disk = study.finished(SHARD)
        fill(disk / "filler")
        process.send_signal(signal.SIGCONT)
        assert study.end_of(snakemake) != 0
        assert "No space left on device" in study.said()
        (disk / "filler").unlink()
        study.complete(*profile)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
    check(study, undisturbed, on_disk)


def fill(path):
    """Write until the disk is full."""
    with open(path, "wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(4096))


def test_ctrl_c_cancels_the_jobs(study, undisturbed, profile):
    snakemake = study.start(*profile)
    study.label_process(SHARD)
    on_disk = study.finished(SHARD)
    snakemake.send_signal(signal.SIGINT)
    assert study.end_of(snakemake) != 0
    study.wait_for_queue()
    study.complete(*profile)
    check(study, undisturbed, on_disk)


@pytest.mark.parametrize("orphan", ["cancelled", "finished", "running"])
def test_snakemake_itself_is_killed(study, undisturbed, profile, orphan):
    snakemake = study.start(*profile)
    process = study.label_process(SHARD)
    on_disk, run_id = study.finished(SHARD), study.run_id()
    snakemake.kill()
    snakemake.wait()
    assert study.job_of(process) in study.queue(), "its jobs go on without it"

    status, said = study.run(*profile, log="locked.txt")
    assert status != 0
    assert "cannot be locked" in said
    assert "--unlock" in said

    study.complete("--unlock", log="unlock.txt")

    if orphan == "cancelled":
        subprocess.run(["scancel", "--name", run_id], check=True)
        study.wait_for_queue()
    if orphan == "finished":
        process.send_signal(signal.SIGCONT)
        study.wait_for_queue()
    again = study.start(*profile, log="again.txt")
    if orphan == "running":  # two processes write the labels of one shard
        study.wait_for_processes(SHARD, 2)
        process.send_signal(signal.SIGCONT)
    assert study.end_of(again) == 0, study.said("again.txt")
    study.wait_for_queue()
    if orphan == "cancelled":
        check(study, undisturbed, on_disk)
    assert study.frames() == undisturbed.frames()
    assert study.times(*BEFORE_LABELS) == study.before
    if orphan == "finished":  # what it made counts: nothing is labelled again
        assert "Label frames, shard" not in study.said("again.txt")


def test_a_second_snakemake_is_refused(study, undisturbed, profile):
    snakemake = study.start(*profile)
    process = study.label_process(SHARD)
    on_disk = study.finished(SHARD)
    status, said = study.run(*profile, log="second.txt")
    assert status != 0
    assert "cannot be locked" in said
    assert "no other Snakemake process" in said
    process.send_signal(signal.SIGCONT)
    assert study.end_of(snakemake) == 0, study.said()
    assert on_disk >= 1
    assert study.frames() == undisturbed.frames()
    assert study.computed(SHARD) == (0, N_FRAMES)


def test_a_run_that_is_done_does_nothing(study, undisturbed, profile):
    study.complete(*profile)
    assert study.frames() == undisturbed.frames()
    assert study.computed(SHARD) == (0, N_FRAMES)
    status, said = study.run(*profile)
    assert status == 0
    assert "Nothing to be done" in said
