"""Record the table of real trials that search_regret.py and halving.py replay.

    python benchmarks/trial_table.py --device cuda --processes 12 --out benchmarks/trial_table.csv

Every point of a grid over the `cnn2d` dimensions (324 configurations; widths below the report's, so that two CPUs train
them in an hour), each trained with two seeds for 6 epochs on a stratified sample of 2,000 real beats, half of them for
validation, so that the objective's noise is not all there is to find.  One line an epoch.  An existing table is
completed, not begun anew; --limit-s ends early.
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

from study import beats, trial

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
    """Every grid point with every seed, in a fixed random order, so that a part of the table is a sample of it."""
    rows = list(itertools.product(*GRID.values(), SEEDS))
    random.Random(0).shuffle(rows)
    return rows


def run(point: tuple[Any, ...], device: str, store: Path) -> list[tuple[Any, ...]]:
    """Train one grid point; its lines."""
    from data.arrays import open_arrays
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
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit-s", type=float, default=float("inf"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--store", type=Path, default=Path(tempfile.gettempdir()) / "seqtune-benchmarks")
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
        flying = {pool.submit(run, point, options.device, options.store) for point in missing}
        done = 0
        for future in as_completed(flying):
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
