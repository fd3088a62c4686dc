"""Record the table of real trials for search_regret.py and halving.py.

    python benchmarks/trial_table.py --device cuda --processes 12 --out benchmarks/trial_table.csv

Trains all points of a grid over the dimensions of `cnn2d` (324 configurations, with smaller widths than the report, so
that two CPUs need an hour) with two seeds for 6 epochs, on a stratified sample of 2,000 real beats (SEQTUNE_DATASETS).
Half of them are for validation, which reduces the noise of the objective.  Writes one line per epoch.  An existing
table is completed.
"""

import argparse
import csv
import itertools
import multiprocessing
import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmark_data import beats, trial

GRID: dict[str, tuple[Any, ...]] = {
    "batch_size": (16, 32, 48),
    "hidden": (8, 16, 32),
    "layers": (2, 3, 4),
    "blocks": (1, 2, 4),
    "dropout": (0.1, 0.4),
    "balance": ("raw", "weighted"),
}
SEEDS = (1, 2)
ROWS = 2000
EPOCHS = 6
METRICS = ("recall_macro", "accuracy", "loss")
COLUMNS = (*GRID, "seed", "epoch", *METRICS, "seconds")


def points() -> list[tuple[Any, ...]]:
    """Return all grid points with all seeds in a fixed random order, so that a partial table is a random sample."""
    rows = list(itertools.product(*GRID.values(), SEEDS))
    random.Random(0).shuffle(rows)
    return rows


def run(point: tuple[Any, ...], device: str, store: Path) -> list[tuple[Any, ...]]:
    """Train one grid point and return its lines."""
    from data.prepared import open_arrays
    from tuning.training.loop import Training

    values = dict(zip((*GRID, "seed"), point, strict=True))
    data, prepared = beats(store, rows=ROWS, valid_fraction=0.5, balance=values["balance"])
    model = {"family": "cnn2d"} | {name: values[name] for name in ("hidden", "layers", "blocks", "dropout")}
    config = trial(
        data, prepared, model, seed=values["seed"], epochs=EPOCHS, device=device, batch_size=values["batch_size"]
    )
    training = Training(config, open_arrays(prepared.directory))
    while not training.done:
        training.run_epoch()
    return [
        (*point, r.epoch, *(round(r.metrics[name], 6) for name in METRICS), round(r.seconds, 3))
        for r in training.history
    ]


def main() -> None:
    """Complete the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--processes", type=int, default=2, help="concurrent trainings")
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
    for balance in GRID["balance"]:
        beats(options.store, rows=ROWS, valid_fraction=0.5, balance=balance)
    known = set()
    if options.out.exists():
        with options.out.open(newline="") as file:
            known = {tuple(row[name] for name in (*GRID, "seed")) for row in csv.DictReader(file)}
    missing = [point for point in points() if tuple(map(str, point)) not in known]
    context = multiprocessing.get_context("spawn")
    with (
        options.out.open("a", newline="") as file,
        ProcessPoolExecutor(options.processes, mp_context=context) as pool,
    ):
        writer = csv.writer(file)
        if not known:
            writer.writerow(COLUMNS)
        running = {pool.submit(run, point, options.device, options.store) for point in missing}
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
