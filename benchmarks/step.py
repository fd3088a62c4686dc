"""A training step with torch's settings taken one by one: time, and whether the bits stay the same.

    SEQTUNE_DATASETS=FOLDER OMP_NUM_THREADS=1 python benchmarks/step.py [--epochs 4]

Each network is trained once with each setting, epoch by epoch in turn:

    filled     new tensors are filled with NaN, as torch does with deterministic algorithms; optimizer tensor by tensor
    unfilled   the same, not filled
    foreach    not filled, optimizer operation by operation: as seqtune trains
    flushed    the same, numbers below 1.2e-38 count as 0

Processor time of whole epochs with their validation, medians over epochs.  Prints a table: milliseconds per training
step of "filled", how many times as fast the others are, and which of them have the same weights after every epoch.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from data.arrays import Arrays
from data.config import DataConfig
from data.prepare import prepare
from data.prepared import open_arrays
from tuning.campaign.objective import ObjectiveConfig
from tuning.campaign.trial import DeviceConfig, TrainConfig, TrialConfig
from tuning.training.loop import Training

SEED = 20261122
BATCH = 32
ROWS = {"heartbeats": 1000, "gestures": 1500, "bbc": None}
NETWORKS: dict[str, tuple[str, dict[str, object]]] = {
    "GRU 32, 2 layers": ("heartbeats", {"family": "recurrent", "hidden": 32, "layers": 2}),
    "LSTM 32, 2 layers": ("heartbeats", {"family": "recurrent", "cell": "lstm", "hidden": 32, "layers": 2}),
    "CNN-GRU 64": ("heartbeats", {"family": "cnn-gru", "cnn_hidden": 32, "gru_hidden": 64, "blocks": 2}),
    "2D-CNN 32": ("heartbeats", {"family": "cnn2d", "hidden": 32, "layers": 2, "blocks": 1}),
    "RNN 64": ("gestures", {"family": "recurrent", "cell": "rnn", "hidden": 64}),
    "GRU 64": ("gestures", {"family": "recurrent", "hidden": 64}),
    "GRU 256": ("gestures", {"family": "recurrent", "hidden": 256}),
    "RNN 128 on words": ("bbc", {"family": "recurrent", "cell": "rnn", "hidden": 128, "embedding": 64}),
}


def prepared(name: str, store: Path) -> tuple[DataConfig, Arrays]:
    config = DataConfig(dataset=name, max_rows=ROWS[name], split_seed=SEED, balance_seed=SEED)
    return config, open_arrays(prepare(config, datasets=Path(os.environ["SEQTUNE_DATASETS"]), store=store).directory)


def training(data: DataConfig, arrays: Arrays, model: dict[str, object], epochs: int) -> Training:
    return Training(
        TrialConfig.model_validate(
            {
                "campaign": "benchmark",
                "index": 0,
                "seed": SEED,
                "space": model["family"],
                "model": model,
                "train": TrainConfig(epochs=epochs, batch_size=BATCH),
                "data": data,
                "data_sha256": arrays.sha256,
                "objective": ObjectiveConfig(metric="accuracy"),
                "device": DeviceConfig(),
            }
        ),
        arrays,
    )


SETTINGS = {
    "filled": {"fill": True, "foreach": False, "flush": False},
    "unfilled": {"fill": False, "foreach": False, "flush": False},
    "foreach": {"fill": False, "foreach": True, "flush": False},
    "flushed": {"fill": False, "foreach": True, "flush": True},
}


def set_up(run: Training, *, fill: bool, foreach: bool, flush: bool) -> None:
    torch.utils.deterministic.fill_uninitialized_memory = fill
    torch.set_flush_denormal(flush)
    for group in run.optimizer.param_groups:
        group["foreach"] = foreach


def measured(data: DataConfig, arrays: Arrays, model: dict[str, object], epochs: int) -> list[str]:
    """Return a row: ms per step with the first setting, ratios of the others, settings with equal weights."""
    runs = {name: training(data, arrays, model, epochs) for name in SETTINGS}
    times: dict[str, list[float]] = {name: [] for name in SETTINGS}
    random = dict.fromkeys(runs, torch.Generator().manual_seed(SEED).get_state())
    for _ in range(epochs):
        for name, run in runs.items():
            set_up(run, **SETTINGS[name])
            torch.set_rng_state(random[name])  # dropout draws from torch's one generator
            begin = time.process_time()
            run.run_epoch()
            times[name].append(time.process_time() - begin)
            random[name] = torch.get_rng_state()
    first, *others = (statistics.median(spent) for spent in times.values())
    curves = {name: [report.weights_sha256 for report in run.history] for name, run in runs.items()}
    steps = -(-len(arrays.order) // BATCH)
    equal = [name for name in SETTINGS if curves[name] == curves["filled"]]
    return [f"{1000 * first / steps:.1f}", *(f"{first / other:.2f}" for other in others), ", ".join(equal[1:])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=4, help="epochs per network")
    options = parser.parse_args()
    table = Table("network", "data", "ms a step", "unfilled", "foreach", "flushed", "equal weights")
    with tempfile.TemporaryDirectory() as store:
        data = {name: prepared(name, Path(store)) for name in ROWS}
        for name, (dataset, model) in NETWORKS.items():
            table.add_row(name, dataset, *measured(*data[dataset], model, options.epochs))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
