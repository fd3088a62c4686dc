"""Scores of a recurrent network on gestures in other units, x * factor + offset; two of them also standardised.

    OMP_NUM_THREADS=1 python benchmarks/units.py --datasets FOLDER [--epochs 12]
    python benchmarks/units.py --datasets FOLDER --table raw-units.csv

Trains a GRU (hidden 64, Adam, learning rate 0.001) on a stratified split, one seed.  Prints one JSON line.  --table
trains nothing: it writes the gestures times 800 plus 32,768 as a long table, the example of docs/data.md.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from data.config import DataConfig, DataOptions
from data.datasets import gestures
from data.prepare import prepare
from data.prepared import open_arrays
from data.rows import Rows
from data.scaling import scale_notes
from tuning.campaign.objective import ObjectiveConfig
from tuning.campaign.trial import DeviceConfig, TrainConfig, TrialConfig
from tuning.training.loop import Training

SEED = 20261122
UNITS = (
    (1.0, 0.0),
    (0.01, 0.0),
    (0.1, 0.0),
    (0.3, 0.0),
    (10.0, 0.0),
    (30.0, 0.0),
    (100.0, 0.0),
    (800.0, 0.0),
    (1.0, 3.0),
    (1.0, 10.0),
    (1.0, 30.0),
    (1.0, 100.0),
    (800.0, 32768.0),
)
"""Factor and offset; acceleration in g has a standard deviation of 0.4 to 0.6 per axis."""

STANDARDISED = {(1.0, 0.0), (800.0, 32768.0)}
"""Units that are also trained on standardised: all of them give the same values but for rounding."""


def loaded(datasets: Path) -> Rows:
    """Return the gestures in g."""
    options = DataOptions(dataset="gestures")
    return gestures.load(options, gestures.find(options, datasets))


def sequences(datasets: Path, factor: float, offset: float, path: Path) -> Path:
    """Write the gestures in another unit as an NPZ file."""
    rows = loaded(datasets).rows
    np.savez(path, x=rows.x * np.float32(factor) + np.float32(offset), y=rows.y, lengths=rows.lengths)
    return path


def long_table(datasets: Path, factor: float, offset: float, path: Path) -> None:
    """Write the gestures in another unit as a long table, with a row per time step."""
    gesture = loaded(datasets)
    part = gesture.rows
    recording, step = np.nonzero(np.arange(part.x.shape[1]) < part.lengths[:, None])
    values = part.x[recording, step] * np.float32(factor) + np.float32(offset)
    columns = {
        "recording": recording,
        "t": step,
        "user": gesture.groups[recording],
        **{axis: values[:, place] for place, axis in enumerate(gestures.AXES)},
        "gesture": part.y[recording] + 1,
    }
    pd.DataFrame(columns).to_csv(path, index=False)


def accuracy(path: Path, store: Path, scale: str, epochs: int) -> tuple[float, bool]:
    """Return the best validation accuracy, and whether a launch would warn about the unit."""
    data = DataConfig.model_validate({"dataset": str(path), "scale": scale, "split_seed": SEED, "balance_seed": SEED})
    arrays = open_arrays(prepare(data, datasets=None, store=store).directory)
    trial = TrialConfig.model_validate(
        {
            "campaign": "benchmark",
            "index": 0,
            "seed": SEED,
            "space": "recurrent",
            "model": {"family": "recurrent", "hidden": 64},
            "train": TrainConfig(epochs=epochs),
            "data": data,
            "data_sha256": arrays.sha256,
            "objective": ObjectiveConfig(metric="accuracy"),
            "device": DeviceConfig(),
        }
    )
    training = Training(trial, arrays)
    best = max(training.run_epoch().metrics["accuracy"] for _ in range(epochs))
    train = arrays.train
    warned = bool(scale_notes(np.asarray(train.x), train.lengths, np.arange(len(train.y)), ("x", "y", "z")))
    return best, warned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--table", type=Path, help="write the table and train nothing")
    options = parser.parse_args()
    if options.table is not None:
        long_table(options.datasets, *UNITS[-1], options.table)
        return
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for factor, offset in UNITS:
            path = sequences(options.datasets, factor, offset, Path(folder) / "gestures.npz")
            best, warned = accuracy(path, Path(folder), "none", options.epochs)
            results.append({"factor": factor, "offset": offset, "none": round(best, 4), "warning": warned})
            if (factor, offset) in STANDARDISED:
                results[-1]["standard"] = round(accuracy(path, Path(folder), "standard", options.epochs)[0], 4)
            print(results[-1], flush=True)
    print(json.dumps({"benchmark": "units", "epochs": options.epochs, "results": results}))


if __name__ == "__main__":
    main()
