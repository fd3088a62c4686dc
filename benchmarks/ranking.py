"""Single trials or means of replicates: which rule finds the better configuration, and how far does its score flatter?

    python benchmarks/ranking.py

Simulated campaigns of ten configurations with five replicates, values normal, the configurations' own values with
standard deviation 1, one JSON line for each standard deviation of the seeds.  Regret: how much worse than the best
configuration the first-ranked one is.  Optimism: its score minus its own value.  Then of one configuration four
replicates are missing: ranked by the mean of the one there is, or put last.
"""

import argparse
import json

import numpy as np
from numpy.typing import NDArray

CONFIGURATIONS, REPLICATES = 10, 5


def main() -> None:
    """Simulate, and print the means over campaigns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20250203)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    for spread in (0.5, 1.0, 2.0):
        own = rng.normal(size=(options.campaigns, CONFIGURATIONS))
        trials = own[:, :, None] + spread * rng.normal(size=(*own.shape, REPLICATES))
        partial = trials.mean(axis=2)
        partial[:, 0] = trials[:, 0, 0]
        last = partial.copy()
        last[:, 0] = -np.inf
        rules = {
            "trial": trials.max(axis=2),
            "mean": trials.mean(axis=2),
            "partial_by_mean": partial,
            "partial_last": last,
        }
        found = {name: _judged(scores, own) for name, scores in rules.items()}
        figures = {
            name: {"regret": round(regret, 2), "optimism": round(more, 2)} for name, (regret, more) in found.items()
        }
        print(json.dumps({"benchmark": "ranking", "spread_of_seeds": spread} | figures))


def _judged(scores: NDArray[np.float64], own: NDArray[np.float64]) -> tuple[float, float]:
    """(campaigns, configurations) twice -> mean regret and mean optimism of the configuration with the best score."""
    rows, first = np.arange(len(own)), scores.argmax(axis=1)
    chosen = own[rows, first]
    return float((own.max(axis=1) - chosen).mean()), float((scores[rows, first] - chosen).mean())


if __name__ == "__main__":
    main()
