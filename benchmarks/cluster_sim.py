"""Idle workers and regret of the ordered search on 8 to 1,024 workers, against ``search.window``.

    OMP_NUM_THREADS=1 python benchmarks/cluster_sim.py

Simulated workers with a virtual clock; the search is the real OrderedSearch.  What a trial reports and how long it
takes comes from the recorded table of real trials, interpolated (surrogate.py): the longest takes 3.4 times the mean.
Each campaign has 5 trials per worker and at least 100 (4 per worker with 1,024).

Prints two Markdown tables.  Idle: share of the workers' time spent waiting until the last trial began, with random
suggestions.  Regret (0: best of the table, 1: mean of the table) of the best trial with HyperOpt: of all trials, and of
those that had ended when the same work would have been done without any waiting.  Means with 95 % intervals over seeds.
HyperOpt takes 0.01 to 0.1 s for a suggestion, so that large campaigns have few seeds, with 1,024 workers one.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from recorded_table import Campaign, Point, Table, point, simulate
from search_regret import interval
from strategies import STARTUP, Unstopped
from surrogate import Surrogate, space

from tuning.search.hyperopt import HyperOptProposer
from tuning.search.ordered import OrderedSearch
from tuning.search.proposers import Outcome, Proposer, RandomProposer

MANY = 8
"""Seeds from which on HyperOpt is also tried with as many random suggestions as its window."""

RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0)
"""Window / workers."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Workers, trials of a campaign, seeds with random suggestions, seeds with HyperOpt, and the latter's ratios."""

    workers: int
    trials: int
    seeds: int
    hyperopt_seeds: int = 0
    hyperopt_ratios: Sequence[float] = ()


SETUPS = (
    Setup(workers=2, trials=100, seeds=30),
    Setup(workers=8, trials=100, seeds=30, hyperopt_seeds=20, hyperopt_ratios=(1, 2, 4, 8)),
    Setup(workers=64, trials=320, seeds=20, hyperopt_seeds=8, hyperopt_ratios=(1, 2, 4)),
    Setup(workers=256, trials=1280, seeds=10, hyperopt_seeds=3, hyperopt_ratios=(1, 2, 4)),
    Setup(workers=1024, trials=4096, seeds=5, hyperopt_seeds=1, hyperopt_ratios=(1, 2)),
)


class Ordered(Unstopped):
    """The ordered search, without early stopping."""

    def __init__(self, proposer: Proposer, window: int) -> None:
        self.search = OrderedSearch(proposer, window=window)

    def ask(self, index: int) -> Point | None:  # noqa: ARG002 - the search counts itself
        return point(self.search.suggest().assignment) if self.search.ready() else None

    def tell(self, index: int, objective: float | None) -> None:
        self.search.record(index, Outcome(objective))


def at_random(setup: Setup, window: int, seed: int, table: Surrogate) -> Campaign:
    """Run one campaign with random suggestions."""
    strategy = Ordered(RandomProposer(space(), seed), window)
    return simulate(strategy, table, trials=setup.trials, workers=setup.workers, seed=seed)


def by_model(setup: Setup, window: int, seed: int, table: Surrogate, startup: int) -> Campaign:
    """Run one campaign with HyperOpt."""
    strategy = Ordered(HyperOptProposer(space(), seed=seed, startup_trials=startup, goal="max"), window)
    return simulate(strategy, table, trials=setup.trials, workers=setup.workers, seed=seed)


def regret(campaign: Campaign, table: Surrogate, until: float = np.inf) -> float:
    """Return the regret of the best trial that had ended by then."""
    ended = Campaign([run for run in campaign.runs if run.end <= until], campaign.idle)
    best = ended.incumbent(len(ended.runs))
    return 1.0 if best is None else table.regret(best)


def shown(figures: Mapping[str, float], *, percent: bool = False) -> str:
    """Return a mean and its interval as text."""
    mean, *bounds = (f"{100 * value:.1f}" if percent else f"{value:.3f}" for value in figures.values())
    unit = " %" if percent else ""
    return f"{mean}{unit} ({bounds[0]} to {bounds[1]})" if bounds else f"{mean}{unit}"


def row(*cells: object) -> None:
    """Print one row of a Markdown table."""
    print("|", *(f"{cell} |" for cell in cells), flush=True)


def heads(*names: str) -> None:
    """Print the first two rows of a Markdown table."""
    print()
    row(*names)
    row(*("---" for _ in names))


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[setup.workers for setup in SETUPS])
    parser.add_argument("--idle", action="store_true", help="the first table only, which takes two minutes")
    options = parser.parse_args()
    table, setups = Surrogate(), [setup for setup in SETUPS if setup.workers in options.workers]
    heads("workers", "trials", "seeds", *(f"window / workers = {ratio:g}" for ratio in RATIOS))
    for setup in setups:
        idle = []
        for ratio in RATIOS:
            window = round(ratio * setup.workers)
            values = [at_random(setup, window, seed, table).idle for seed in range(setup.seeds)]
            idle.append(shown(interval(values), percent=True) if window < setup.trials else "")
        row(setup.workers, setup.trials, setup.seeds, *idle)
    if options.idle:
        return
    heads("workers", "window", "startup trials", "seeds", "idle", "regret", "regret at equal time", "s per suggestion")
    for setup in setups:
        seeds = range(setup.hyperopt_seeds)
        for window in [round(ratio * setup.workers) for ratio in setup.hyperopt_ratios]:
            for startup in [STARTUP] if window <= STARTUP or len(seeds) < MANY else [STARTUP, window]:
                began = time.perf_counter()
                campaigns = [by_model(setup, window, seed, table, startup) for seed in seeds]
                cost = (time.perf_counter() - began) / setup.trials / len(seeds)
                row(setup.workers, window, startup, len(seeds), *figures(setup, campaigns, table), f"{cost:.3f}")
        if seeds:
            campaigns = [at_random(setup, setup.trials, seed, table) for seed in seeds]
            row(setup.workers, "random search", "", len(seeds), *figures(setup, campaigns, table), "")


def figures(setup: Setup, campaigns: Sequence[Campaign], table: Surrogate) -> list[str]:
    """Return idle share, regret, and regret at the time that the work takes without waiting."""
    mean_s = np.mean([len(curve.values) * curve.seconds for curve in Table().curves.values()])
    enough = float(setup.trials * mean_s / setup.workers)
    return [
        shown(interval([campaign.idle for campaign in campaigns]), percent=True),
        shown(interval([regret(campaign, table) for campaign in campaigns])),
        shown(interval([regret(campaign, table, enough) for campaign in campaigns])),
    ]


if __name__ == "__main__":
    main()
