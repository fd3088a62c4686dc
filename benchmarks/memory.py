"""Memory that one more concurrent trial takes: arrays shared by memory map, against a table read by every trial.

    SEQTUNE_DATASETS=... python benchmarks/memory.py

Both train 20 steps of a small 2D-CNN on all 87,554 real training beats in a process of its own: ours on prepared arrays
as a worker opens them, the peer on the Parquet file read with pandas into a tensor, as a trainable usually does.
Prints one JSON line, in MB: memory private to the process at its end (USS) and its peak (RSS), beside those of a
process that only imports torch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = 20
BATCH = 32


def private_mb() -> float:
    """Memory that would be free if this process ended."""
    rows = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024


def bare(_: Path) -> None:
    """Import torch and nothing else."""
    import torch

    torch.set_num_threads(1)


def ours(directory: Path) -> None:
    """Train on prepared arrays."""
    import numpy as np

    from data.arrays import open_arrays
    from tuning.training.loop import Rows

    arrays = open_arrays(directory)
    rows = Rows(arrays.train, _device())
    order = np.random.default_rng(0).permutation(arrays.order)
    _train(lambda step: rows.take(order[step * BATCH : (step + 1) * BATCH]), arrays.steps)


def peer(_: Path) -> None:
    """Train on a tensor read from Parquet."""
    import pandas as pd
    import torch

    source = Path(os.environ["SEQTUNE_DATASETS"]) / "mitbih_heartbeat" / "mitbih_train.parquet"
    frame = pd.read_parquet(source)
    x = torch.tensor(frame.iloc[:, :-1].to_numpy()).unsqueeze(-1)
    y = torch.tensor(frame.iloc[:, -1].to_numpy()).long()
    order = torch.randperm(len(x))

    def take(step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        rows = order[step * BATCH : (step + 1) * BATCH]
        return x[rows], torch.full((BATCH,), x.shape[1]), y[rows]

    _train(take, x.shape[1])


def _device():  # noqa: ANN202 - torch is imported inside
    import torch

    return torch.device("cpu")


def _train(take, steps: int) -> None:  # noqa: ANN001 - step -> batch
    import torch
    from torch.nn import functional

    from models.catalogue import build
    from models.configs import CNN2DConfig

    torch.set_num_threads(1)
    model = build(CNN2DConfig(hidden=32, layers=2), steps=steps, channels=1, outputs=5)
    optimizer = torch.optim.Adam(model.parameters())
    for step in range(STEPS):
        x, lengths, y = take(step)
        optimizer.zero_grad()
        functional.cross_entropy(model(x, lengths), y).backward()
        optimizer.step()


WAYS = {"bare": bare, "seqtune": ours, "parquet_per_trial": peer}


def main() -> None:
    """Measure each way in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path(tempfile.gettempdir()) / "seqtune-benchmarks")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "DIRECTORY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        WAYS[options.one[0]](Path(options.one[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"private": round(private_mb()), "peak": round(peak)}))
        return
    from study import beats

    _, prepared = beats(options.store, rows=None)
    found = {}
    for way in WAYS:
        command = [sys.executable, sys.argv[0], "--one", way, str(prepared.directory)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[way] = json.loads(output.splitlines()[-1])
    beyond = {way: found[way]["private"] - found["bare"]["private"] for way in ("seqtune", "parquet_per_trial")}
    print(
        json.dumps(
            {
                "benchmark": "memory",
                "mb": found,
                "beyond_torch_mb": beyond,
                "ratio": round(beyond["parquet_per_trial"] / beyond["seqtune"], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
