"""Memory per concurrent trial: memory-mapped arrays against one table per trial.

    SEQTUNE_DATASETS=FOLDER python benchmarks/memory.py

Each variant trains 20 steps of a small 2D-CNN on all 87,554 real training beats in its own process: seqtune on prepared
arrays, as a worker opens them, the other on the Parquet file, read with pandas into a tensor.  Prints one JSON line, in
MB: private memory of the process at its end (USS) and peak memory (RSS), also of a process that only imports torch.
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
    """Return the unique set size (USS) of this process."""
    rows = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024


def bare(_: Path) -> None:
    """Import torch and nothing else."""
    import torch

    torch.set_num_threads(1)


def prepared_arrays(directory: Path) -> None:
    """Train on prepared arrays."""
    import numpy as np

    from data.prepared import open_arrays
    from tuning.training.batches import BatchSource

    arrays = open_arrays(directory)
    rows = BatchSource(arrays.train, _device())
    order = np.random.default_rng(0).permutation(arrays.order)
    _train(lambda step: rows.take(order[step * BATCH : (step + 1) * BATCH]), arrays.steps)


def parquet_per_trial(_: Path) -> None:
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


VARIANTS = {"bare": bare, "seqtune": prepared_arrays, "parquet_per_trial": parquet_per_trial}


def main() -> None:
    """Measure each variant in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--store",
        type=Path,
        default=Path(tempfile.gettempdir()) / "seqtune-benchmarks",
        help="folder of prepared arrays",
    )
    parser.add_argument("--one", nargs=2, metavar=("VARIANT", "DIRECTORY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        VARIANTS[options.one[0]](Path(options.one[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"private": round(private_mb()), "peak": round(peak)}))
        return
    from benchmark_data import beats

    _, prepared = beats(options.store, rows=None)
    memory = {}
    for variant in VARIANTS:
        command = [sys.executable, sys.argv[0], "--one", variant, str(prepared.directory)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        memory[variant] = json.loads(output.splitlines()[-1])
    beyond = {name: memory[name]["private"] - memory["bare"]["private"] for name in ("seqtune", "parquet_per_trial")}
    print(
        json.dumps(
            {
                "benchmark": "memory",
                "mb": memory,
                "beyond_torch_mb": beyond,
                "ratio": round(beyond["parquet_per_trial"] / beyond["seqtune"], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
