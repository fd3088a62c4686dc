"""Data and trials that several benchmarks share: the heartbeat report's best configurations, and a small table."""

import os
from pathlib import Path

import numpy as np

from data.config import DataConfig
from data.prepare import Prepared, prepare
from tuning.campaign.objective import ObjectiveConfig
from tuning.campaign.trial import DeviceConfig, TrainConfig, TrialConfig

BEST = {
    "cnn2d": {
        "model": {"family": "cnn2d", "hidden": 128, "layers": 3, "blocks": 1, "dropout": 0.3},
        "batch_size": 16,
    },
    "cnn-gru": {
        "model": {
            "family": "cnn-gru",
            "cnn_hidden": 64,
            "gru_hidden": 256,
            "gru_layers": 2,
            "blocks": 5,
            "dropout": 0.4,
        },
        "batch_size": 32,
    },
}
"""The two best configurations of the heartbeat report; both have a plateau factor of 0.2."""


def beats(
    store: Path,
    *,
    rows: int | None,
    balance: str = "raw",
    valid_fraction: float = 0.2,
    datasets: Path | None = None,
) -> tuple[DataConfig, Prepared]:
    """Prepare real beats from ``datasets``, default: the folder in ``SEQTUNE_DATASETS``."""
    return rows_of("heartbeats", store, rows=rows, balance=balance, valid_fraction=valid_fraction, datasets=datasets)


def rows_of(
    dataset: str,
    store: Path,
    *,
    rows: int | None,
    balance: str = "raw",
    valid_fraction: float = 0.2,
    datasets: Path | None = None,
) -> tuple[DataConfig, Prepared]:
    """Prepare a data set from ``datasets``, default: the folder in ``SEQTUNE_DATASETS``."""
    folder = datasets or Path(os.environ["SEQTUNE_DATASETS"])
    config = DataConfig(
        dataset=dataset,
        max_rows=rows,
        balance=balance,
        valid_fraction=valid_fraction,
        split_seed=20250203,
        balance_seed=20250203,
    )
    return config, prepare(config, datasets=folder, store=store)


def trial(
    data: DataConfig,
    prepared: Prepared,
    model: dict[str, object],
    *,
    seed: int,
    epochs: int,
    device: str = "cpu",
    index: int = 0,
    **train: object,
) -> TrialConfig:
    """Return a trial with the protocol of the report."""
    return TrialConfig.model_validate(
        {
            "campaign": "benchmark",
            "index": index,
            "seed": seed,
            "space": model["family"],
            "model": model,
            "train": TrainConfig.model_validate({"epochs": epochs, **train}),
            "data": data,
            "data_sha256": prepared.sha256,
            "objective": ObjectiveConfig(),
            "device": DeviceConfig.model_validate({"device": device}),
        }
    )


def write_table(path: Path, rows: int = 120) -> Path:
    """Write a table of short rows of two classes; 120 are for trials of well under a second."""
    rng = np.random.default_rng(0)
    label = np.arange(rows) % 2
    x = rng.normal(size=(rows, 16)) + label[:, None]
    header = ",".join([*(f"t{i}" for i in range(16)), "label"])
    lines = [",".join([*(f"{v:.4f}" for v in row), str(y)]) for row, y in zip(x, label, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path
