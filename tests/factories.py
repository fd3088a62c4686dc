"""Tiny campaigns, trials and arrays for tests."""

from pathlib import Path
from typing import Any

import numpy as np

from data.arrays import Arrays, Part
from tuning.campaign.config import CampaignConfig
from tuning.campaign.trial import TrialConfig
from tuning.training.results import EpochReport, TrialResult


def arrays(*, rows: int = 48, steps: int = 20, classes: int = 3, seed: int = 0, weights: bool = False) -> Arrays:
    """Noisy sines, one frequency a class, 4:1 split."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    time = np.linspace(0, 1, steps)
    x = np.sin(2 * np.pi * (y[:, None] + 1) * time) + rng.normal(0, 0.6, (rows, steps))
    cut = rows * 4 // 5
    whole = Part(x=x[:, :, None].astype(np.float32), lengths=np.full(rows, steps, dtype=np.int64), y=y.astype(np.int64))
    train, valid = (Part(x=whole.x[s], lengths=whole.lengths[s], y=whole.y[s]) for s in (slice(cut), slice(cut, None)))
    return Arrays(
        train=train,
        valid=valid,
        order=np.arange(cut, dtype=np.int64),
        class_weights=np.array([1.0, 2.0, 3.0], dtype=np.float32)[:classes] if weights else None,
        class_names=tuple("ABC"[:classes]),
        sha256="0" * 64,
    )


def trial(**changes: Any) -> TrialConfig:
    """A small 2D-CNN trial; ``changes`` are dotted paths with __ for the dot."""
    fields: dict[str, Any] = {
        "campaign": "tiny",
        "index": 0,
        "seed": 7,
        "space": "cnn2d",
        "model": {"family": "cnn2d", "hidden": 4, "layers": 2, "blocks": 1, "dropout": 0.2},
        "train": {"epochs": 3, "batch_size": 8},
        "data": {"dataset": "synthetic", "split_seed": 1, "balance_seed": 2},
        "data_sha256": "0" * 64,
        "objective": {"metric": "recall_macro"},
        "device": {},
    }
    return TrialConfig.model_validate(_changed(fields, changes))


def campaign(**changes: Any) -> CampaignConfig:
    """A campaign of four tiny trials on synthetic beats; ``changes`` as for ``trial``."""
    fields: dict[str, Any] = {
        "name": "tiny",
        "seed": 11,
        "data": {"dataset": "synthetic", "max_rows": 1200, "balance": ["raw", "oversample"]},
        "space": {
            "name": "cnn2d",
            "fix": {"hidden": 62, "blocks": 1, "layers": 2},
            "narrow": {},
        },
        "search": {"trials": 4, "window": 2, "startup_trials": 2},
        "train": {"epochs": 2},
        "resources": {"concurrency": 2},
    }
    return CampaignConfig.model_validate(_changed(fields, changes))


def train(config: TrialConfig, data: Arrays, *, reports: list[EpochReport] | None = None) -> TrialResult:
    """Train one trial from its first epoch to its end; ``reports`` receives those of its epochs."""
    from tuning.training.begin import begin  # brings torch

    run = begin(config, data)
    while not run.done:
        run.run_epoch()
    if reports is not None:
        reports += run.history
    return run.result()


def csv_table(path: Path, *, rows: int = 120, steps: int = 16, classes: int = 2) -> Path:
    """A user's own table: columns t0 .. and label."""
    made = arrays(rows=rows, steps=steps, classes=classes)
    header = ",".join([*(f"t{i}" for i in range(steps)), "label"])
    x = np.concatenate([made.train.x, made.valid.x])[:, :, 0]
    y = np.concatenate([made.train.y, made.valid.y])
    lines = [",".join([*(f"{v:.5f}" for v in row), "ABC"[label]]) for row, label in zip(x, y, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def _changed(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for name, value in changes.items():
        *rooms, last = name.split("__")
        place = fields
        for room in rooms:
            place = place.setdefault(room, {})
        place[last] = value
    return fields
