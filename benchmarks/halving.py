"""Savings and cost of early stopping: successive halving with fixed rungs against Ray's ASHA.

    python benchmarks/halving.py --seeds 30

Replays the recorded table of real trials (trial_table.csv) with 8 simulated workers: 100 trials of at most 6 epochs,
random and model-based suggestions, without early stopping, with successive halving (window 8) and with Ray's
AsyncHyperBandScheduler.  Both have rungs at epochs 1 and 3 and let one in three trials continue.  Prints one JSON line:
epochs trained, and normalised regret of the best configuration trained to the end (0: best of the table, 1: mean of the
table), as means with 95 % intervals over seeds.
"""

import argparse
import json
from collections.abc import Callable

from recorded_table import Strategy, Table, simulate
from search_regret import TRIALS, WORKERS, interval
from strategies import Ordered, PlainHyperOpt, Random, UnderASHA

STRATEGIES: dict[str, Callable[[int], Strategy]] = {
    "random, none": lambda seed: Ordered(seed, window=WORKERS, model=False),
    "random, successive halving": lambda seed: Ordered(seed, window=WORKERS, model=False, halving=True),
    "random, ASHA": lambda seed: UnderASHA(Random(seed)),
    "ordered, none": lambda seed: Ordered(seed, window=WORKERS),
    "ordered, successive halving": lambda seed: Ordered(seed, window=WORKERS, halving=True),
    "HyperOptSearch, ASHA": lambda seed: UnderASHA(PlainHyperOpt(seed)),
}


def main() -> None:
    """Simulate all strategies and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30, help="simulated campaigns per strategy")
    options = parser.parse_args()
    table = Table()
    report = {}
    for name, strategy in STRATEGIES.items():
        campaigns = [
            simulate(strategy(seed), table, trials=TRIALS, workers=WORKERS, seed=seed) for seed in range(options.seeds)
        ]
        chosen = [campaign.incumbent(TRIALS) for campaign in campaigns]
        report[name] = {
            "epochs": interval([campaign.epochs for campaign in campaigns]),
            "regret": interval([table.regret(point) for point in chosen if point is not None]),
        }
    print(json.dumps({"benchmark": "halving", "seeds": options.seeds, "strategies": report}))


if __name__ == "__main__":
    main()
