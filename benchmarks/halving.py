"""What early stopping saves and what it costs: our rungs, fixed when a trial is suggested, against Ray's ASHA.

    python benchmarks/halving.py --seeds 30

Replays the recorded table of real trials (trial_table.csv) with 8 simulated workers: 100 trials of at most 6 epochs,
random and model-based suggestions, without a stopper, with ours (window 8) and with Ray's AsyncHyperBandScheduler; both
stop at epochs 1 and 3 and let one in three pass.  Epochs spent, and normalised regret of the configuration chosen (the
best that ran to its end; 0: the best of the table, 1: the table's mean).  Means with 95 % intervals over seeds; prints
one JSON line.
"""

import argparse
import json
from collections.abc import Callable

from recorded_table import Strategy, Table, simulate
from search_regret import TRIALS, WORKERS, interval
from strategies import Ordered, PlainHyperOpt, Random, UnderASHA

STRATEGIES: dict[str, Callable[[int], Strategy]] = {
    "random, no stopper": lambda seed: Ordered(seed, window=WORKERS, model=False),
    "random, halving": lambda seed: Ordered(seed, window=WORKERS, model=False, halving=True),
    "random, ASHA": lambda seed: UnderASHA(Random(seed)),
    "ordered, no stopper": lambda seed: Ordered(seed, window=WORKERS),
    "ordered, halving": lambda seed: Ordered(seed, window=WORKERS, halving=True),
    "HyperOptSearch, ASHA": lambda seed: UnderASHA(PlainHyperOpt(seed)),
}


def main() -> None:
    """Simulate all and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
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
