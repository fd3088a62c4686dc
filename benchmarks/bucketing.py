"""Bucketed against shuffled batches: time per epoch and share of padding.

    OMP_NUM_THREADS=1 python benchmarks/bucketing.py [--repeats 5]

Uses the gestures (10 to 51 steps) if SEQTUNE_DATASETS is set, else noise of random lengths.  Each model is trained with
both, one epoch in turn; the first pair of epochs is a warm-up.  The time of an epoch includes its validation, whose
rows are sorted by length in both cases.  Prints one JSON line.
"""

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch

from data.arrays import Arrays, Part
from data.config import DataConfig
from data.prepare import prepare
from data.prepared import open_arrays
from tuning.campaign.objective import ObjectiveConfig
from tuning.campaign.trial import DeviceConfig, TrainConfig, TrialConfig
from tuning.training.batches import epoch_batches
from tuning.training.loop import Training

SEED = 20261121
MODELS: dict[str, dict[str, object]] = {
    "gru": {"family": "recurrent", "hidden": 128},
    "conv-gru": {"family": "recurrent", "hidden": 256, "conv_channels": 32},
    "cnn1d": {"family": "cnn1d"},
    "transformer": {"family": "transformer"},
}
BATCHING = ("shuffled", "bucketed")


def gestures(datasets: Path, store: Path) -> tuple[DataConfig, Arrays]:
    """Return the recorded gestures."""
    config = DataConfig(dataset="gestures", split_seed=SEED, balance_seed=SEED)
    return config, open_arrays(prepare(config, datasets=datasets, store=store).directory)


def noise(rows: int = 2000, longest: int = 51, classes: int = 20) -> tuple[DataConfig, Arrays]:
    """Return noise of random lengths, about as many rows as there are gestures."""
    rng = np.random.default_rng(SEED)

    def part(count: int) -> Part:
        lengths = rng.integers(10, longest, count, endpoint=True)
        x = rng.normal(size=(count, longest, 3)).astype(np.float32)
        x *= (np.arange(longest) < lengths[:, None])[:, :, None]
        return Part(x=x, lengths=lengths, y=rng.integers(0, classes, count))

    arrays = Arrays(
        train=part(rows),
        valid=part(rows // 4),
        order=np.arange(rows),
        class_weights=None,
        class_names=tuple(map(str, range(classes))),
        sha256="0" * 64,
    )
    return DataConfig(dataset="noise", split_seed=SEED, balance_seed=SEED), arrays


def trial(data: DataConfig, arrays: Arrays, model: dict[str, object], train: TrainConfig) -> TrialConfig:
    return TrialConfig.model_validate(
        {
            "campaign": "benchmark",
            "index": 0,
            "seed": SEED,
            "space": model["family"],
            "model": model,
            "train": train,
            "data": data,
            "data_sha256": arrays.sha256,
            "objective": ObjectiveConfig(metric="accuracy"),
            "device": DeviceConfig(),
        }
    )


def padded_share(arrays: Arrays, train: TrainConfig) -> float:
    """Return the share of padding among the time steps of an epoch."""
    lengths = arrays.train.lengths
    batches = list(epoch_batches(arrays, train, torch.Generator().manual_seed(SEED)))
    computed = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    return 1 - int(lengths[arrays.order].sum()) / computed


def compare(data: DataConfig, arrays: Arrays, model: dict[str, object], repeats: int, batch: int) -> dict[str, object]:
    """Train with shuffled and bucketed batches in turn."""
    trainings = {
        batching: Training(
            trial(
                data,
                arrays,
                model,
                TrainConfig.model_validate({"epochs": repeats + 1, "batch_size": batch, "batching": batching}),
            ),
            arrays,
        )
        for batching in BATCHING
    }
    pairs = [[trainings[batching].run_epoch() for batching in BATCHING] for _ in range(repeats + 1)]
    ratios = [shuffled.seconds / bucketed.seconds for shuffled, bucketed in pairs[1:]]
    return {
        "seconds": {
            batching: round(statistics.median(pair[i].seconds for pair in pairs[1:]), 3)
            for i, batching in enumerate(BATCHING)
        },
        "shuffled/bucketed": {
            "median": round(statistics.median(ratios), 3),
            "min": round(min(ratios), 3),
            "max": round(max(ratios), 3),
        },
        "accuracy": {batching: round(pairs[-1][i].metrics["accuracy"], 4) for i, batching in enumerate(BATCHING)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="epochs per model and batching")
    parser.add_argument("--batch", type=int, default=32, help="batch size")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    options = parser.parse_args()
    folder = os.environ.get("SEQTUNE_DATASETS")
    with tempfile.TemporaryDirectory() as store:
        data, arrays = gestures(Path(folder), Path(store)) if folder else noise()
        shares = {
            batching: round(
                padded_share(arrays, TrainConfig.model_validate({"batch_size": options.batch, "batching": batching})),
                4,
            )
            for batching in BATCHING
        }
        results = {name: compare(data, arrays, MODELS[name], options.repeats, options.batch) for name in options.models}
    print(
        json.dumps(
            {
                "benchmark": "bucketing",
                "dataset": data.dataset,
                "training_rows": len(arrays.order),
                "batch_size": options.batch,
                "repeats": options.repeats,
                "padded_share": shares,
                "models": results,
            }
        )
    )


if __name__ == "__main__":
    main()
