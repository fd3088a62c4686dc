"""Memory of a further trial at the same time: seqtune against Ray Tune.

    SEQTUNE_DATASETS=FOLDER python benchmarks/peer_memory.py

Trains a 2D-CNN of width 62 on all 87,554 training beats, one trial per worker.  seqtune maps its prepared arrays; the
Ray Tune script hands NumPy arrays to a function trainable with ``tune.with_parameters``, as Ray's documentation
recommends, and uses them without a copy.  Proportional set sizes of the process and all its descendants are added up
while all trials train.  Prints one JSON line: MB in total by number of workers, and MB per further worker.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from peer_process import proportional_mb, run, start_ray

STEPS, BATCH, VALIDATED = 60, 32, 4096
TOOLS = ("seqtune", "ray")


def seqtune(workers: int, folder: Path) -> dict[str, float]:
    """Launch a campaign of a trial per worker, and return when all of them trained."""
    from tuning import api
    from tuning.journal.events import Ended, EpochEnded, Event

    begun: dict[int, float] = {}
    ended: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, EpochEnded):
            begun.setdefault(event.trial, time.time() - event.report.seconds)
        if isinstance(event, Ended):
            ended.append(time.time())

    campaign = {
        "name": "memory",
        "seed": 1,
        "data": {"dataset": "heartbeats", "valid_fraction": 0.05},
        "space": {"name": "cnn2d", "fix": {"hidden": 62, "blocks": 1, "layers": 3, "batch_size": BATCH}},
        "search": {"trials": workers},
        "train": {"epochs": 3, "epoch_rows": STEPS * BATCH},
        "resources": {"concurrency": workers},
    }
    api.launch(campaign, home=folder / f"home-{workers}", on_event=watch)
    return {"from": max(begun.values()), "to": min(ended)}


def trial(_: dict[str, Any], *, data: dict[str, np.ndarray]) -> None:
    """Train one trial of plain torch; reports to Ray Tune."""
    import torch
    from peer_process import OneArgument
    from ray import tune

    from models.catalogue import build
    from models.configs import CNN2DConfig

    torch.set_num_threads(1)
    x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    steps = x.shape[1]
    model = OneArgument(build(CNN2DConfig(hidden=62, layers=3, blocks=1), steps=steps, channels=1, outputs=5), steps)
    optimizer = torch.optim.Adam(model.parameters())
    for _epoch in range(3):
        begin = time.time()
        model.train()
        for rows in torch.randperm(len(x))[: STEPS * BATCH].split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            right = sum(
                int((model(batch).argmax(dim=1) == truth).sum())
                for batch, truth in zip(x[-VALIDATED:].split(512), y[-VALIDATED:].split(512), strict=True)
            )
        tune.report({"accuracy": right / VALIDATED, "begin": begin})


def ray_tune(workers: int, folder: Path) -> dict[str, float]:
    """Run the same with Ray Tune."""
    from ray import tune
    from ray.tune.search.hyperopt import HyperOptSearch

    start_ray(workers, folder)
    with np.load(folder / "data.npz") as arrays:
        data = dict(arrays)
    begun: dict[str, float] = {}
    ended: list[float] = []

    class Times(tune.Callback):
        def on_trial_result(self, *_: Any, **info: Any) -> None:
            begun.setdefault(info["trial"].trial_id, info["result"]["begin"])

        def on_trial_complete(self, *_: Any, **__: Any) -> None:
            ended.append(time.time())

    tune.Tuner(
        tune.with_parameters(trial, data=data),
        param_space={"dropout": tune.uniform(0.1, 0.4)},
        tune_config=tune.TuneConfig(
            metric="accuracy", mode="max", num_samples=workers, search_alg=HyperOptSearch(random_state_seed=1)
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "results"), callbacks=[Times()]),
    ).fit()
    return {"from": max(begun.values()), "to": min(ended)}


def peak_mb(tool: str, workers: int, folder: Path) -> float:
    """Run a tool in a fresh process, and return the largest sum of proportional set sizes while all trials trained."""
    samples: list[tuple[float, float]] = []
    window = run(
        ["peer_memory.py", "--one", tool, "--workers", workers],
        folder,
        watch=lambda root: samples.append((time.time(), proportional_mb(root))),
    )
    return max(mb for at, mb in samples if window["from"] <= at <= window["to"])


def measure(most: int) -> dict[str, Any]:
    """Return the figures of both tools with one worker and with ``most``."""
    from benchmark_data import beats

    from data.prepared import open_arrays

    memory: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        folder = Path(scratch)
        train = open_arrays(beats(folder / "arrays", rows=None, valid_fraction=0.05)[1].directory).train
        np.savez(folder / "data.npz", x=train.x, y=train.y)
        for tool in TOOLS:
            totals = {workers: peak_mb(tool, workers, folder) for workers in (1, most)}
            memory[tool] = {
                "total_mb": {workers: round(mb) for workers, mb in totals.items()},
                "per_worker_mb": round((totals[most] - totals[1]) / (most - 1)),
            }
    return memory | {"ratio": round(memory["seqtune"]["per_worker_mb"] / memory["ray"]["per_worker_mb"], 2)}


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=3, help="workers, compared with one")
    parser.add_argument("--one", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        window = (seqtune if options.one == "seqtune" else ray_tune)(options.workers, Path.cwd())
        print(json.dumps(window))
        return
    print(json.dumps({"benchmark": "peer_memory", **measure(options.most)}))


if __name__ == "__main__":
    main()
