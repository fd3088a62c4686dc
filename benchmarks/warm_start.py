"""Regret of a search that begins with the results of an earlier campaign, against one that begins with nothing.

    python benchmarks/warm_start.py --seeds 40

Replays the recorded table of real trials (trial_table.csv) with eight simulated workers.  An earlier campaign of 25
trials has another seed: other suggestions, and its trials another order of the table's noise.  Then 25 trials with a
warm start from it, 25 without, and one campaign of 50 trials.  Prints one JSON line: normalised regret of each
campaign's own best configuration after 10 and 25 trials (0: best of the table, 1: mean of the table), of the better of
earlier and warm campaign, and of the long campaign after 50.  Means with 95 % intervals over seeds; differences are
paired by seed.
"""

import argparse
import json

from recorded_table import PATHS, Campaign, Point, Table, simulate
from search_regret import interval
from strategies import Ordered
from trial_table import GRID

from search_spaces.space import Assignment

TRIALS = 25
STARTUP = 10
"""What a campaign of 25 trials has by default."""
EARLY = 10
WORKERS = 8
OTHER = 100_000
"""Added to a seed, it is that of the earlier campaign."""


def assignment(point: Point) -> Assignment:
    """Return the values of a grid point."""
    pairs = zip(PATHS, GRID.values(), point, strict=True)
    return {path: next(value for value in values if str(value) == text) for path, values, text in pairs}


def results(campaign: Campaign) -> list[tuple[Assignment, float]]:
    """Return what a later search may learn of a campaign."""
    return [(assignment(run.point), max(run.seen)) for run in campaign.runs]


def both(first: Campaign, second: Campaign) -> Campaign:
    """Return two campaigns as one."""
    return Campaign([*first.runs, *second.runs], idle=0.0)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=40, help="simulated campaigns of each kind")
    options = parser.parse_args()
    table = Table()

    def regret(campaign: Campaign, trials: int) -> float:
        point = campaign.incumbent(trials)
        return 1.0 if point is None else table.regret(point)

    rows: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        earlier = simulate(
            Ordered(OTHER + seed, window=WORKERS, startup=STARTUP),
            table,
            trials=TRIALS,
            workers=WORKERS,
            seed=OTHER + seed,
        )
        campaigns = {
            "warm": (Ordered(seed, window=WORKERS, startup=STARTUP, earlier=results(earlier)), TRIALS),
            "cold": (Ordered(seed, window=WORKERS, startup=STARTUP), TRIALS),
            "long": (Ordered(seed, window=WORKERS, startup=2 * STARTUP), 2 * TRIALS),
        }
        ran = {
            name: simulate(strategy, table, trials=trials, workers=WORKERS, seed=seed)
            for name, (strategy, trials) in campaigns.items()
        }
        found = {f"{name} after {n}": regret(ran[name], n) for name in ("warm", "cold") for n in (EARLY, TRIALS)}
        found["earlier and warm after 50"] = regret(both(earlier, ran["warm"]), 2 * TRIALS)
        found["long after 50"] = regret(ran["long"], 2 * TRIALS)
        for n in (EARLY, TRIALS):
            found[f"warm minus cold after {n}"] = found[f"warm after {n}"] - found[f"cold after {n}"]
        found["earlier and warm minus long after 50"] = found["earlier and warm after 50"] - found["long after 50"]
        for name, value in found.items():
            rows.setdefault(name, []).append(value)
    report = {name: interval(values) for name, values in rows.items()}
    print(json.dumps({"benchmark": "warm_start", "seeds": options.seeds, "regret": report}))


if __name__ == "__main__":
    main()
