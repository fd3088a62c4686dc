"""Regret and idle time of the ordered search, against plain HyperOpt, random search and Optuna.

    python benchmarks/search_regret.py --seeds 30

Replays the recorded table of real trials (trial_table.csv) with simulated workers: the ordered search with windows of
2, 4 and 8 (as many workers), HyperOptSearch as Ray Tune drives it, random search and Optuna's TPE (8 workers).  Prints
one JSON line: normalised regret of the best configuration after 20, 50 and 100 trials (0: best of the table, 1: mean of
the table), share of duplicate trials, share of trials with a value that always fails, share of time that workers idle.
Means with 95 % intervals over seeds; differences from plain HyperOptSearch are paired.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from recorded_table import Campaign, Strategy, Table, simulate
from scipy import stats
from strategies import STARTUP, OptunaTPE, Ordered, OrderedOptuna, OrderedOrdinals, PlainHyperOpt, Random

TRIALS = 100
CHECKPOINTS = (20, 50, 100)
WORKERS = 8
FAILING = ("blocks", "4")
"""The value that always fails, a third of the space."""

STRATEGIES: dict[str, tuple[Callable[[int], Strategy], int]] = {
    "ordered, window 2": (partial(Ordered, window=2), 2),
    "ordered, window 4": (partial(Ordered, window=4), 4),
    "ordered, window 8": (partial(Ordered, window=8), 8),
    "ordered, window 8, ordinals": (partial(OrderedOrdinals, window=8), 8),
    "ordered, window 8, optuna-tpe": (partial(OrderedOptuna, window=8), 8),
    "HyperOptSearch": (PlainHyperOpt, WORKERS),
    "Optuna TPE": (OptunaTPE, WORKERS),
    "random": (Random, WORKERS),
}
PLAIN = "HyperOptSearch"
IDLE = ((2, 2), (2, 4), (2, 8), (4, 4), (4, 8), (8, 8), (8, 16))
"""(workers, window)."""


def interval(values: Sequence[float]) -> dict[str, float]:
    """Return the mean and, for two values or more, the 95 % t-interval."""
    if len(values) == 1:
        return {"mean": round(values[0], 4)}
    mean, error = float(np.mean(values)), float(stats.sem(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return {"mean": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}


def lost(campaign: Campaign) -> float:
    """Return the share of failed trials after the random ones."""
    return float(np.mean([run.failed for run in campaign.runs[STARTUP:]]))


def regrets(campaign: Campaign, table: Table) -> list[float]:
    """Return the regret at each checkpoint."""
    points = [campaign.incumbent(trials) for trials in CHECKPOINTS]
    return [1.0 if point is None else table.regret(point) for point in points]


def main() -> None:
    """Simulate all strategies and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30, help="simulated campaigns per strategy")
    options = parser.parse_args()
    table = Table()
    regret: dict[str, list[list[float]]] = {}
    report: dict[str, dict[str, object]] = {}
    for name, (strategy, workers) in STRATEGIES.items():
        campaigns = [
            simulate(strategy(seed), table, trials=TRIALS, workers=workers, seed=seed) for seed in range(options.seeds)
        ]
        failing = [
            simulate(strategy(seed), table, trials=TRIALS, workers=workers, seed=seed, failing=FAILING)
            for seed in range(options.seeds)
        ]
        regret[name] = [regrets(campaign, table) for campaign in campaigns]
        report[name] = {
            "regret": {str(trials): interval([row[i] for row in regret[name]]) for i, trials in enumerate(CHECKPOINTS)},
            "duplicates": interval([campaign.duplicates for campaign in campaigns]),
            "lost to failures": interval([lost(campaign) for campaign in failing]),
        }
    for name, rows in regret.items():
        report[name]["regret minus HyperOptSearch's"] = {
            str(trials): interval([row[i] - plain[i] for row, plain in zip(rows, regret[PLAIN], strict=True)])
            for i, trials in enumerate(CHECKPOINTS)
            if name != PLAIN
        }
    idle = {
        f"{workers} workers, window {window}": interval(
            [
                simulate(
                    Ordered(seed, window=window, model=False), table, trials=TRIALS, workers=workers, seed=seed
                ).idle
                for seed in range(options.seeds)
            ]
        )
        for workers, window in IDLE
    }
    print(json.dumps({"benchmark": "search_regret", "seeds": options.seeds, "strategies": report, "idle": idle}))


if __name__ == "__main__":
    main()
