"""Ranking by single trials against ranking by means of replicates: regret and optimism, simulated.

    python benchmarks/ranking.py

Simulates campaigns of ten configurations with five replicates.  True values are standard normal, the noise of
replicates is normal.  Prints one JSON line per standard deviation of the noise.  Regret: true value of the best
configuration minus that of the first-ranked one.  Optimism: score of the first-ranked configuration minus its true
value.  ``partial_*``: one configuration has only one replicate, and is ranked by its mean or last.
"""

import argparse
import json

import numpy as np
from numpy.typing import NDArray

CONFIGURATIONS, REPLICATES = 10, 5


def main() -> None:
    """Simulate, and print the means over campaigns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=20_000, help="simulated campaigns")
    parser.add_argument("--seed", type=int, default=20250203, help="seed of the simulation")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    for spread in (0.5, 1.0, 2.0):
        true = rng.normal(size=(options.campaigns, CONFIGURATIONS))
        trials = true[:, :, None] + spread * rng.normal(size=(*true.shape, REPLICATES))
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
        judged = {name: _judged(scores, true) for name, scores in rules.items()}
        figures = {
            name: {"regret": round(regret, 2), "optimism": round(optimism, 2)}
            for name, (regret, optimism) in judged.items()
        }
        print(json.dumps({"benchmark": "ranking", "spread_of_seeds": spread} | figures))


def _judged(scores: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean regret and optimism of the first-ranked configuration.  Both arrays: (campaigns, configurations)."""
    rows, first = np.arange(len(true)), scores.argmax(axis=1)
    chosen = true[rows, first]
    return float((true.max(axis=1) - chosen).mean()), float((scores[rows, first] - chosen).mean())


if __name__ == "__main__":
    main()
