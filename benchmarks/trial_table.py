"""Record tables of real trials, which halving.py, search_regret.py and other benchmarks replay.

    python benchmarks/trial_table.py cnn2d --processes 2 --out benchmarks/trial_table.csv
    python benchmarks/trial_table.py recurrent --out benchmarks/trial_table_recurrent.csv
    python benchmarks/trial_table.py cnn1d --out benchmarks/trial_table_cnn1d.csv

Trains all points of a grid with two seeds on a stratified sample of real data (SEQTUNE_DATASETS) and writes one line
per epoch.  Half of the rows are for validation, which reduces the noise of the objective.  An existing table is
completed.

cnn2d: 324 configurations over the dimensions of `cnn2d` (with smaller widths than the report, so that two CPUs need an
hour), 6 epochs on 2,000 beats.  recurrent: 144 recurrent networks, 27 epochs on 1,200 gestures.  cnn1d: 72 1D-CNNs, 9
epochs on the same gestures.  The last two search the learning rate as well, so that learning curves cross.
"""

import argparse
import csv
import itertools
import multiprocessing
import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark_data import rows_of, trial

from data.config import DataConfig
from data.prepare import Prepared

SEEDS = (1, 2)


@dataclass(frozen=True, slots=True)
class Grid:
    """What a table holds.  values: field of the model, the training or the data -> values."""

    dataset: str
    rows: int
    epochs: int
    family: str
    values: dict[str, tuple[Any, ...]]

    def points(self) -> list[tuple[Any, ...]]:
        """Return all points with all seeds in a fixed random order, so that a partial table is a random sample."""
        rows = list(itertools.product(*self.values.values(), SEEDS))
        random.Random(0).shuffle(rows)
        return rows

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a point."""
        return (*self.values, "seed")


GRIDS = {
    "cnn2d": Grid(
        dataset="heartbeats",
        rows=2000,
        epochs=6,
        family="cnn2d",
        values={
            "batch_size": (16, 32, 48),
            "hidden": (8, 16, 32),
            "layers": (2, 3, 4),
            "blocks": (1, 2, 4),
            "dropout": (0.1, 0.4),
            "balance": ("raw", "weighted"),
        },
    ),
    "recurrent": Grid(
        dataset="gestures",
        rows=1200,
        epochs=27,
        family="recurrent",
        values={
            "cell": ("gru", "lstm"),
            "hidden": (8, 16, 32),
            "layers": (1, 2),
            "batch_size": (32, 64, 128),
            "learning_rate": (0.001, 0.003, 0.01, 0.03),
        },
    ),
    "cnn1d": Grid(
        dataset="gestures",
        rows=1200,
        epochs=9,
        family="cnn1d",
        values={
            "hidden": (8, 16, 32),
            "layers": (1, 2),
            "batch_size": (64, 128),
            "learning_rate": (0.0003, 0.001, 0.002, 0.005, 0.01, 0.03),
        },
    ),
}
GRID, EPOCHS = GRIDS["cnn2d"].values, GRIDS["cnn2d"].epochs
TRAIN = ("batch_size", "learning_rate")
"""Fields of the training; the others but ``balance`` are the model's."""
METRICS = ("recall_macro", "accuracy", "loss")


def run(name: str, point: tuple[Any, ...], device: str, store: Path) -> list[tuple[Any, ...]]:
    """Train one grid point and return its lines."""
    from data.prepared import open_arrays
    from tuning.training.loop import Training

    grid = GRIDS[name]
    values = dict(zip(grid.columns, point, strict=True))
    data, prepared = sample(grid, store, values.pop("balance", "raw"))
    train = {field: values.pop(field) for field in TRAIN if field in values}
    seed = values.pop("seed")
    model = {"family": grid.family} | values
    train["early_stopping_patience"] = grid.epochs  # whole curves
    config = trial(data, prepared, model, seed=seed, epochs=grid.epochs, device=device, **train)
    training = Training(config, open_arrays(prepared.directory))
    while not training.done:
        training.run_epoch()
    return [
        (*point, r.epoch, *(round(r.metrics[metric], 6) for metric in METRICS), round(r.seconds, 3))
        for r in training.history
    ]


def sample(grid: Grid, store: Path, balance: str) -> tuple[DataConfig, Prepared]:
    """Prepare the rows of a table."""
    return rows_of(grid.dataset, store, rows=grid.rows, valid_fraction=0.5, balance=balance)


def main() -> None:
    """Complete the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=GRIDS)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--processes", type=int, default=1, help="concurrent trainings")
    parser.add_argument("--limit-s", type=float, default=float("inf"), help="stop after this many seconds")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="CSV file to write or complete")
    parser.add_argument(
        "--store",
        type=Path,
        default=Path(tempfile.gettempdir()) / "seqtune-benchmarks",
        help="folder of prepared arrays",
    )
    options = parser.parse_args()
    start = time.monotonic()
    grid = GRIDS[options.table]
    for balance in grid.values.get("balance", ("raw",)):
        sample(grid, options.store, balance)
    known = set()
    if options.out.exists():
        with options.out.open(newline="") as file:
            known = {tuple(row[name] for name in grid.columns) for row in csv.DictReader(file)}
    missing = [point for point in grid.points() if tuple(map(str, point)) not in known]
    context = multiprocessing.get_context("spawn")
    with (
        options.out.open("a", newline="") as file,
        ProcessPoolExecutor(options.processes, mp_context=context) as pool,
    ):
        writer = csv.writer(file)
        if not known:
            writer.writerow((*grid.columns, "epoch", *METRICS, "seconds"))
        running = {pool.submit(run, options.table, point, options.device, options.store) for point in missing}
        done = 0
        for future in as_completed(running):
            if not future.cancelled():
                writer.writerows(future.result())
                file.flush()
                done += 1
            if time.monotonic() - start > options.limit_s:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    print(f"{done} of {len(missing)} missing trials trained in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
