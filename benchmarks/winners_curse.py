"""By how much the score that wins a search exceeds that of a fresh seed, on a table of real trials.

    python benchmarks/winners_curse.py --campaigns 20

Replays the recorded table of real trials (trial_table.csv, two seeds per configuration): campaigns of 20, 50 and 100
trials with the ordered search (window 8) and with random search.  The best trial, and the ten best configurations, are
then scored by the other seed of the same configuration, which no campaign chose by its score.  Prints one JSON line:
the search score, the fresh score, and the gap between them, means with 95 % t-intervals over campaigns.
"""

import argparse
import json

import numpy as np
from recorded_table import Campaign, Point, Run, Strategy, Table, simulate
from search_regret import interval
from strategies import Ordered, Random
from trial_table import SEEDS

TRIALS = (20, 50, 100)
TOP = 10
WORKERS = 8


def scores(run: Run, table: Table) -> tuple[float, float]:
    """Return a trial's score, and that of the same configuration with the other seed."""
    by_seed = {seed: table.curves[run.point, seed] for seed in SEEDS}
    (own,) = (seed for seed, curve in by_seed.items() if curve is run.curve)
    (other,) = (seed for seed in SEEDS if seed != own)
    return max(by_seed[own].values), max(by_seed[other].values)


def best(campaign: Campaign, trials: int, count: int) -> list[Run]:
    """Return the best trials of the ``count`` best configurations among the first ``trials``."""
    ranked = sorted(campaign.runs[:trials], key=lambda run: -max(run.seen))
    first: dict[Point, Run] = {}
    for run in ranked:
        first.setdefault(run.point, run)
    return list(first.values())[:count]


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=20)
    arguments = parser.parse_args()
    table = Table()
    found: dict[str, dict[str, object]] = {}
    for name in ("ordered, window 8", "random"):
        campaigns = []
        for seed in range(arguments.campaigns):
            strategy: Strategy = Random(seed) if name == "random" else Ordered(seed, window=8)
            campaigns.append(simulate(strategy, table, trials=max(TRIALS), workers=WORKERS, seed=seed))
        for trials in TRIALS:
            for count in (1, TOP):
                means = np.array(
                    [
                        np.mean([scores(run, table) for run in best(campaign, trials, count)], axis=0)
                        for campaign in campaigns
                    ]
                )  # (campaigns, 2)
                found[f"{name}, {trials} trials, best {count}"] = {
                    "search": interval(means[:, 0].tolist()),
                    "fresh seed": interval(means[:, 1].tolist()),
                    "gap": interval((means[:, 0] - means[:, 1]).tolist()),
                }
    print(json.dumps({"benchmark": "winners_curse", "campaigns": arguments.campaigns, "results": found}))


if __name__ == "__main__":
    main()
