"""Workers that hang, told by processes that have their names and sleep."""

import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from tuning.execution.ray_session import State, _watch_machine
from tuning.execution.stalled import Workers

WORKER = """
exec -a ray::TrialTrainable bash -c 'read -r; exec -a ray::TrialTrainable.train sleep 60'
"""
"""Between two epochs, until it reads a line."""


@pytest.fixture
def worker() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(["bash", "-c", WORKER], stdin=subprocess.PIPE, text=True) as process:
        try:
            named(process, "ray::TrialTrainable")
            yield process
        finally:
            process.kill()


def named(process: "subprocess.Popen[str]", name: str) -> None:
    """Wait until a process has a name."""
    while psutil.Process(process.pid).cmdline()[:1] != [name]:  # empty for a moment
        time.sleep(0.01)


def killed(workers: Workers, process: "subprocess.Popen[str]", *, trials: int = 0, samples: int = 10) -> bool:
    """Take samples, a second apart as the workers count; return whether the process was killed."""
    for _ in range(samples):
        workers.kill_stalled(trials)
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_a_worker_that_waits_is_killed_if_a_trial_waits_for_it(worker: "subprocess.Popen[str]") -> None:
    workers = Workers(psutil.Process(), stalled_s=5.0)
    assert not killed(workers, worker)
    workers.owing.add(worker.pid)
    assert killed(workers, worker, samples=1)


def test_a_worker_that_owes_nothing_yet_has_its_whole_time(worker: "subprocess.Popen[str]") -> None:
    workers = Workers(psutil.Process(), stalled_s=5.0)
    workers.kill_stalled(0)
    workers.owing.add(worker.pid)
    assert not killed(workers, worker, samples=4)
    assert killed(workers, worker, samples=3)


def test_on_one_machine_the_number_of_trials_tells(worker: "subprocess.Popen[str]") -> None:
    workers = Workers(psutil.Process(), stalled_s=5.0)
    assert not killed(workers, worker)
    assert killed(workers, worker, trials=1, samples=1)


def test_a_worker_that_waited_long_has_its_whole_time_for_the_next_epoch(worker: "subprocess.Popen[str]") -> None:
    workers = Workers(psutil.Process(), stalled_s=5.0)
    assert not killed(workers, worker)
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    named(worker, "ray::TrialTrainable.train")
    workers.owing.add(worker.pid)
    assert not killed(workers, worker, samples=5)
    assert worker.pid not in workers.owing
    assert killed(workers, worker, samples=2)


def test_a_launch_ends_after_five_minutes_without_a_report_and_without_a_worker_that_trains() -> None:
    assert next(_watch_machine(lambda: State(1, 299.0))) is None
    assert next(_watch_machine(lambda: State(1, 301.0))) == "no report and no worker that trains for 300 s"


def test_a_worker_that_trains_may_be_silent_for_longer(worker: "subprocess.Popen[str]") -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    named(worker, "ray::TrialTrainable.train")
    assert next(_watch_machine(lambda: State(1, 301.0))) is None
