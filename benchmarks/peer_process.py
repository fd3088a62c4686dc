"""What the benchmarks against other tools share: fresh processes, a space in Ray's terms, a network of one argument."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.space import Space

if TYPE_CHECKING:
    import psutil

HERE = Path(__file__).parent
INTERVAL_S = 0.3
Answer = dict[str, Any]


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


def run(
    arguments: Sequence[object], folder: Path, *, watch: Callable[["psutil.Process"], None] | None = None
) -> Answer:
    """Run a script of this folder in a fresh process, and return the JSON object of its last line.

    Its first argument is told the time in ``--began``.  ``watch`` is called with its process a few times a second.
    ``processor_s`` is added to the result: the processor time of the process and all its descendants.  Where other
    programs use the same cores, it says more than wall time.

    Raises:
        RuntimeError: it failed.
    """
    import psutil

    script, *rest = map(str, arguments)
    command = [sys.executable, str(HERE / script), "--began", repr(time.time()), *rest]
    printed, log = folder / "printed.txt", folder / "log.txt"
    spent: dict[tuple[int, float], float] = {}
    with printed.open("w") as out, log.open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=out, stderr=errors)
        root = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                for each in [root, *root.children(recursive=True)]:
                    with suppress(psutil.NoSuchProcess):
                        times = each.cpu_times()
                        spent[each.pid, each.create_time()] = times.user + times.system
                if watch is not None:
                    watch(root)
            time.sleep(INTERVAL_S)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}\n{log.read_text(errors='replace')[-3000:]}")
    result: Answer = json.loads(printed.read_text(errors="replace").splitlines()[-1])
    return result | {"processor_s": round(sum(spent.values()), 1)}


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
