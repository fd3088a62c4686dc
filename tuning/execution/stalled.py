"""Workers that hang: found by the processor time that they do not use, and killed, so that their trials are retried."""

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

import math
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import psutil
import ray

POLL_S = 1.0
STALLED_S = 60.0
LEAST_SHARE = 0.01
"""A worker that uses less of a processor for ``STALLED_S`` hangs, and is killed.  One that waits uses 0.003."""
JOB_VARIABLE = "RAY_JOB_ID"
"""Ray tells each worker by it which job it works for."""


class Worker(NamedTuple):
    """A process of a training actor."""

    pid: int
    seconds: float
    """Processor time since its start."""
    task: str | None
    """Method that it runs: ``train`` in the middle of an epoch; None between two."""


class Workers:
    """The processes that train, by the processor time that they have used."""

    def __init__(self, root: psutil.Process, *, stalled_s: float, job: str | None = None) -> None:
        """root, job: as of ``workers_below``;  stalled_s: a worker that does nothing for so long hangs."""
        self.root = root
        self.stalled_s = stalled_s
        self.job = job
        self.progress: dict[int, tuple[float, float, str | None]] = {}
        """pid -> processor seconds when they last had grown enough or its task had changed, when, and its task."""
        self.owing: set[int] = set()
        """Workers that have a trial, and have sent no message for long."""
        self.now = 0.0
        """Counts samples, not the time that a suspended machine or process spends."""

    def kill_stalled(self, trials: int) -> bool:
        """Kill workers that hang; return whether any other is training.

        trials: how many are under way.  A worker between two trials may wait, unless one of them is its own.
        """
        self.now += POLL_S
        progress, stalled, training = {}, [], 0
        for worker in workers_below(self.root, job=self.job):
            before, since, task = self.progress.get(worker.pid, (-math.inf, self.now, None))
            enough = worker.seconds - before > LEAST_SHARE * self.stalled_s or worker.task != task
            progress[worker.pid] = (worker.seconds, self.now, worker.task) if enough else (before, since, task)
            if self.now - progress[worker.pid][1] > self.stalled_s:
                stalled.append(worker)
            else:
                training += worker.task is not None
            if enough or worker.task is not None:
                self.owing.discard(worker.pid)  # it works
        for worker in stalled:
            if worker.task == "train" or trials > training or (worker.task is None and worker.pid in self.owing):
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
        self.progress = progress
        return training > 0


def workers_below(root: psutil.Process, *, job: str | None = None) -> Iterator[Worker]:
    """Yield the processes of Ray's training actors below another process.

    job: of a cluster on which others train too; None for all.
    """
    for process in root.children(recursive=True):
        with suppress(psutil.Error):
            # Ray names its workers by what they do: ray::TrialTrainable, ray::ResourceTrainable.train, ray::IDLE.
            found = re.match(r"ray::\w*Trainable(?:\.(\w+))?", (process.cmdline() or [""])[0])
            if found and job in {None, process.environ().get(JOB_VARIABLE)}:
                times = process.cpu_times()
                yield Worker(process.pid, times.user + times.system, found[1])


@ray.remote(num_cpus=0)
class NodeWatch:
    """Kills workers of this job that hang on its node: in the middle of an epoch, or while the driver waits for them.

    Others may wait: for arrays on their way to the node, or for the driver.
    """

    def __init__(self, stalled_s: float) -> None:
        """Watch until the job ends."""
        self.workers = Workers(psutil.Process(os.getppid()), stalled_s=stalled_s, job=os.environ[JOB_VARIABLE])
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def owes(self, pid: int) -> None:
        """Take notice that the driver waits for a message of a worker."""
        self.workers.owing.add(pid)

    def _watch(self) -> None:
        while True:
            time.sleep(POLL_S)
            self.workers.kill_stalled(trials=0)
