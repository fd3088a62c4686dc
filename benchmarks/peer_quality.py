"""Time to quality: seqtune against the tool of the original studies, mltrainer under Ray Tune.

    SEQTUNE_DATASETS=FOLDER python benchmarks/peer_quality.py --seeds 5 --out quality.jsonl
    python benchmarks/peer_quality.py --summary quality.jsonl

Both search the same narrow part of the ``cnn2d`` space on a stratified sample of 12,000 beats, two trials at once, in
float32, on one thread each.  mltrainer runs as in its users' course: a function trainable, HyperOptSearch,
AsyncHyperBandScheduler (grace period 1, reduction factor 3), the best trial by validation loss.  seqtune runs with
successive halving and the same optimizer and schedule until it has reached the quality, at most for as long as
mltrainer took: once on the raw data, as mltrainer, and once with balancing as a dimension and equally many steps.

Quality is macro recall on the validation part, computed from counts over the whole part.  ``end``: of the trial that
mltrainer's user gets, at its last epoch.  ``best``: the highest of all its epochs, which was there after ``best_at_s``.
Times are seconds from the start of the process; ``processor_s`` is the processor time of all processes until their end.
``--out`` appends a line per seed (of split and search); seeds that are there are not run again.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from peer_process import run

ARMS = ("raw", "balanced")
ROWS, WORKERS, VALIDATION_BATCH = 12_000, 2, 32


def campaign(seed: int, arm: str, *, rows: int, epochs: int, trials: int) -> dict[str, Any]:
    """Return the campaign; ``balanced`` trains as many steps per epoch as ``raw``."""
    balanced = arm == "balanced"
    return {
        "name": f"quality-{arm}",
        "seed": seed,
        "data": {
            "dataset": "heartbeats",
            "max_rows": rows,
            "balance": ["raw", "oversample", "smote"] if balanced else "raw",
        },
        "space": {"name": "cnn2d", "fix": {"blocks": 1}, "narrow": {"hidden": {"low": 62, "high": 70}}},
        "search": {"trials": trials},
        "train": {
            "epochs": epochs,
            "early_stopping": "successive-halving",
            "grace_epochs": 1,
            "reduction_factor": 3,
            **({"epoch_rows": rows * 4 // 5} if balanced else {}),
        },
        "objective": {"metric": "recall_macro"},
        "resources": {"concurrency": WORKERS},
    }


class ClassCount:
    """A metric for mltrainer: rows of a class, or those predicted as it, per batch.  It averages; means are enough."""

    def __init__(self, label: int, *, hits: bool) -> None:
        self.label, self.hits = label, hits

    def __call__(self, y: Any, yhat: Any) -> float:
        found = y == self.label
        return float((found & (yhat.argmax(dim=1) == self.label) if self.hits else found).sum())

    def __repr__(self) -> str:
        return f"{'hits' if self.hits else 'rows'}{self.label}"


def mltrainer_trial(config: dict[str, Any], *, data: dict[str, Any], epochs: int) -> None:
    """Train one trial; reports to Ray Tune."""
    import torch
    from mltrainer import ReportTypes, Trainer, TrainerSettings, metrics
    from peer_process import OneArgument
    from torch.utils.data import DataLoader, TensorDataset

    from models.catalogue import build
    from models.configs import CNN2DConfig

    classes, steps = data["classes"], data["train_x"].shape[1]
    parts = {
        part: TensorDataset(torch.from_numpy(data[f"{part}_x"]), torch.from_numpy(data[f"{part}_y"]))
        for part in ("train", "valid")
    }
    train = DataLoader(parts["train"], batch_size=config["batch_size"], shuffle=True)
    valid = DataLoader(parts["valid"], batch_size=VALIDATION_BATCH)
    network = build(
        CNN2DConfig(hidden=config["hidden"], layers=config["layers"], blocks=1, dropout=config["dropout"]),
        steps=steps,
        channels=1,
        outputs=classes,
    )
    counts = [ClassCount(label, hits=hits) for label in range(classes) for hits in (True, False)]
    settings = TrainerSettings(
        epochs=epochs,
        metrics=[metrics.Accuracy(), *counts],
        logdir=Path(),
        train_steps=len(train),
        valid_steps=len(valid),
        reporttypes=[ReportTypes.RAY],
        optimizer_kwargs={"lr": 1e-3, "weight_decay": 1e-5},
        scheduler_kwargs={"factor": config["plateau_factor"], "patience": 2},
        earlystop_kwargs=None,
    )
    trainer = Trainer(
        model=OneArgument(network, steps),
        settings=settings,
        loss_fn=torch.nn.CrossEntropyLoss(),
        optimizer=torch.optim.Adam,
        traindataloader=train,
        validdataloader=valid,
        scheduler=torch.optim.lr_scheduler.ReduceLROnPlateau,
        device="cpu",
    )
    trainer.loop()


def recall(result: dict[str, Any], classes: int) -> float:
    """Return the macro recall of a result of mltrainer from its counts."""
    return float(np.mean([result[f"hits{label}"] / result[f"rows{label}"] for label in range(classes)]))


def mltrainer_search(seed: int, folder: Path, began: float, size: dict[str, int]) -> dict[str, Any]:
    """Search with mltrainer under Ray Tune."""
    from peer_process import ray_space, start_ray
    from ray import tune
    from ray.tune.schedulers import AsyncHyperBandScheduler
    from ray.tune.search.hyperopt import HyperOptSearch

    from tuning.campaign.file import from_dict

    start_ray(WORKERS, folder)
    with np.load(folder / "data.npz") as arrays:
        data: dict[str, Any] = dict(arrays)
    data["classes"] = classes = int(data["train_y"].max()) + 1
    epochs: list[tuple[float, float]] = []

    class Times(tune.Callback):
        def on_trial_result(self, *_: Any, **info: Any) -> None:
            epochs.append((time.time() - began, recall(info["result"], classes)))

    planned = from_dict(campaign(seed, "raw", **size), printed=print)
    analysis = tune.run(
        tune.with_parameters(mltrainer_trial, data=data, epochs=size["epochs"]),
        config=ray_space(planned.space),
        metric="test_loss",
        mode="min",
        num_samples=size["trials"],
        search_alg=HyperOptSearch(random_state_seed=seed),
        scheduler=AsyncHyperBandScheduler(
            time_attr="training_iteration", grace_period=1, reduction_factor=3, max_t=size["epochs"]
        ),
        storage_path=str(folder / "results"),
        callbacks=[Times()],
        verbose=1,
    )
    seconds = time.time() - began
    best = max(score for _, score in epochs)
    return {
        "seconds": round(seconds, 1),
        "end": recall(analysis.best_trial.last_result, classes),
        "best": best,
        "best_at_s": round(min(at for at, score in epochs if score >= best), 1),
        "epochs": len(epochs),
    }


def seqtune_search(
    seed: int, folder: Path, began: float, size: dict[str, int], *, arm: str, targets: Sequence[float], limit_s: float
) -> dict[str, Any]:
    """Search with seqtune until the highest target is reached, or the time is over."""
    from tuning import api
    from tuning.journal.events import EpochEnded, Event

    epochs: list[tuple[float, float]] = []
    stopped = False

    def watch(event: Event) -> None:
        nonlocal stopped
        passed = time.time() - began
        if isinstance(event, EpochEnded):
            epochs.append((passed, event.report.metrics["recall_macro"]))
        reached = bool(epochs) and max(score for _, score in epochs) >= max(targets)
        if (reached or passed > limit_s) and not stopped:
            stopped = True
            os.kill(os.getpid(), signal.SIGINT)

    with suppress(KeyboardInterrupt):
        api.launch(campaign(seed, arm, **size | {"trials": 500}), home=folder / "home", on_event=watch)
    times = [min((at for at, score in epochs if score >= target), default=None) for target in targets]
    return {
        "reached_s": [None if at is None or at > limit_s else round(at, 1) for at in times],
        "best": max((score for at, score in epochs if at <= limit_s), default=0.0),
        "epochs": len(epochs),
    }


def write_data(seed: int, folder: Path, size: dict[str, int]) -> None:
    """Write the arrays of seqtune's split for mltrainer."""
    from data.prepare import prepare
    from data.prepared import open_arrays
    from tuning.campaign.file import from_dict
    from tuning.campaign.variants import variants

    planned = from_dict(campaign(seed, "raw", **size), printed=print)
    datasets = Path(os.environ["SEQTUNE_DATASETS"])
    arrays = open_arrays(prepare(variants(planned.config)["raw"], datasets=datasets, store=folder / "arrays").directory)
    np.savez(
        folder / "data.npz",
        train_x=arrays.train.x,
        train_y=arrays.train.y,
        valid_x=arrays.valid.x,
        valid_y=arrays.valid.y,
    )


def one_seed(seed: int, size: dict[str, int]) -> dict[str, Any]:
    """Run mltrainer, then seqtune against the quality that it reached."""
    options = [f"--{name}={value}" for name, value in size.items()]
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        folder = Path(scratch)
        write_data(seed, folder, size)

        def search(*rest: object) -> dict[str, Any]:
            return run(["peer_quality.py", *options, "--seed", seed, *rest], folder)

        peer = search("--one", "mltrainer")
        row: dict[str, Any] = {"benchmark": "peer_quality", "seed": seed, **size, "mltrainer": peer}
        for arm in ARMS:
            row[arm] = search("--one", arm, "--targets", peer["end"], peer["best"], "--limit-s", peer["seconds"])
    return row


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how often and how soon each arm reached mltrainer's quality; ratios are of times, ours to its."""
    result: dict[str, Any] = {
        "seeds": len(rows),
        "mltrainer_s": round(median(row["mltrainer"]["seconds"] for row in rows), 1),
        "mltrainer_end": round(median(row["mltrainer"]["end"] for row in rows), 3),
        "mltrainer_best": round(median(row["mltrainer"]["best"] for row in rows), 3),
        "mltrainer_best_at_s": round(median(row["mltrainer"]["best_at_s"] for row in rows), 1),
        "processor_ratio": {
            arm: round(median(row[arm]["processor_s"] / row["mltrainer"]["processor_s"] for row in rows), 2)
            for arm in ARMS
        },
    }
    for arm in ARMS:
        for place, target in enumerate(("end", "best")):
            ratios = [
                np.inf if (at := row[arm]["reached_s"][place]) is None else at / row["mltrainer"]["seconds"]
                for row in rows
            ]
            middle = median(ratios)
            result[f"{arm}_{target}"] = {
                "reached": int(np.isfinite(ratios).sum()),
                "at_most_half": int(np.sum(np.array(ratios) <= 0.5)),  # noqa: PLR2004 - the goal
                "median_ratio": round(float(middle), 2) if np.isfinite(middle) else None,
            }
    return result


def main() -> None:
    """Run the seeds that are missing, or sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--out", type=Path, help="file of results, one JSON line per seed; it is appended to")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="print what a file of results says")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the sample")
    parser.add_argument("--epochs", type=int, default=4, help="epochs of a trial at most")
    parser.add_argument("--trials", type=int, default=10, help="trials of mltrainer")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--targets", type=float, nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--limit-s", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = {name: getattr(options, name) for name in ("rows", "epochs", "trials")}
    if options.one:
        search = mltrainer_search
        if options.one != "mltrainer":
            search = partial(seqtune_search, arm=options.one, targets=options.targets, limit_s=options.limit_s)
        print(json.dumps(search(options.seed, Path.cwd(), options.began, size)))
        return
    file = options.summary or options.out
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file is not None and file.exists() else []
    if options.summary is None:
        for seed in sorted(set(range(options.seeds)) - {row["seed"] for row in rows}):
            rows.append(one_seed(seed, size))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
            if options.out is not None:
                with options.out.open("a") as out:
                    out.write(json.dumps(rows[-1]) + "\n")
    print(json.dumps({"benchmark": "peer_quality", **size, **summary(rows)}))


if __name__ == "__main__":
    main()
