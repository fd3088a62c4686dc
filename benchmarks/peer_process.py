"""What the benchmarks against other tools share: fresh processes, a space in Ray's terms, a network of one argument."""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.space import Space

if TYPE_CHECKING:
    import psutil

HERE = Path(__file__).parent
PR_SET_CHILD_SUBREAPER = 36  # of <linux/prctl.h>
PATIENCE_S = 30.0
"""Time that the processes of a script are given to end after it."""


class OneArgument(nn.Module):
    """A network called with the batch alone, as other tools do; all sequences have ``steps`` time steps."""

    def __init__(self, network: nn.Module, steps: int) -> None:
        super().__init__()
        self.network, self.steps = network, steps

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B,K) of a batch (B,T,C)."""
        logits: Tensor = self.network(x, torch.full((len(x),), self.steps))
        return logits


def environment() -> dict[str, str]:
    """Return the environment of every process that is measured: one thread, and these modules can be imported.

    Ray gives its workers a niceness of 15.  Beside other load they would compete with it on worse terms than tools
    without Ray, so that all run with the niceness of the benchmark.
    """
    path = os.pathsep.join([str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")])
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": path,
        "PYTHONWARNINGS": "ignore",
        "RAY_worker_niceness": "0",
    }


def start(arguments: Sequence[object], folder: Path) -> subprocess.Popen[str]:
    """Start a script of this folder; its first argument is told the time in ``--began``."""
    script, *rest = map(str, arguments)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans become children of this process
    command = [sys.executable, str(HERE / script), "--began", repr(time.time()), *rest]
    log = (folder / f"{Path(script).stem}.log").open("a")
    return subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=log, text=True, errors="replace"
    )


def answer(process: subprocess.Popen[str], folder: Path) -> dict[str, Any]:
    """Wait for a script and return the JSON object of its last line.  RuntimeError: it failed.

    ``processor_s`` is added: the processor time of the script and all its descendants, also of those that it leaves to
    end by themselves, as Ray's.  It says more than wall time where other programs use the same cores.
    """
    before = _reaped_s()
    output, _ = process.communicate()
    give_up = time.time() + PATIENCE_S
    while time.time() < give_up:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.1)
        except ChildProcessError:
            break
    if process.returncode:
        log = "\n".join(path.read_text(errors="replace")[-3000:] for path in folder.glob("*.log"))
        raise RuntimeError(f"{process.args} ended with {process.returncode}\n{log}")
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result | {"processor_s": round(_reaped_s() - before, 1)}


def _reaped_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ray_space(space: Space) -> dict[str, Any]:
    """Return the dimensions as Ray Tune's domains, by the last part of their path."""
    from ray import tune

    domains: dict[str, Any] = {}
    for path, dimension in space.dimensions.items():
        name = path.rsplit(".", 1)[-1]
        match dimension:
            case Choice():
                domains[name] = tune.choice(list(dimension.options))
            case Integer():
                domains[name] = tune.randint(dimension.low, dimension.high + 1)
            case Real():
                domains[name] = tune.uniform(dimension.low, dimension.high)
    return domains


def start_ray(workers: int, folder: Path) -> None:
    """Start Ray as its users do, apart from a folder of its own, and never join another Ray."""
    import ray

    os.environ.pop("RAY_ADDRESS", None)
    ray.init(address="local", num_cpus=workers, _temp_dir=str(folder / "ray"))


def proportional_mb(root: "psutil.Process") -> float:
    """Return the proportional set size of a process and its descendants."""
    import psutil

    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return total / 1e6
