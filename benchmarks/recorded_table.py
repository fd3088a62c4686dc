"""The recorded table of real trials (trial_table.csv), and simulated workers that replay it.

A simulated trial reports the values of a recorded one.  Trial k draws one of the two recorded seeds, independently of
the strategy, so that all strategies have the same noise.  An epoch takes the minimum time of all epochs with its batch
size and network (48 of them), because the machine was under other load while the table was recorded.
"""

import csv
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from trial_table import EPOCHS, GRID, SEEDS

from models.configs import CNN2DConfig
from search_spaces.dimensions import Choice
from search_spaces.space import Assignment, Space

TABLE = Path(__file__).parent / "trial_table.csv"
METRIC = "recall_macro"
COSTLY = ("batch_size", "hidden", "layers", "blocks")
"""Fields that determine the duration of an epoch."""
SECTION = {"batch_size": "train", "balance": "data"}
PATHS = tuple(f"{SECTION.get(name, 'model')}.{name}" for name in GRID)

Point = tuple[str, ...]
"""A grid point, as text of the table."""


def space() -> Space:
    """Return the grid of the table as a search space."""
    dimensions = {path: Choice(*values) for path, values in zip(PATHS, GRID.values(), strict=True)}
    return Space(name="table", models=(CNN2DConfig,), dimensions=dimensions)


def point(assignment: Assignment) -> Point:
    """Return the grid point of an assignment."""
    return tuple(str(assignment[path]) for path in PATHS)


@dataclass(frozen=True, slots=True)
class Curve:
    """One recorded trial: the objective after each epoch, and seconds per epoch."""

    values: tuple[float, ...]
    seconds: float


class Table:
    """Recorded trials, and the true score of each configuration: the mean over seeds of the best epoch."""

    def __init__(self, path: Path = TABLE) -> None:
        """Read the table; SystemExit if a grid point, seed or epoch is missing."""
        rows: dict[tuple[Point, int], list[tuple[int, float]]] = {}
        seconds: dict[tuple[str, ...], float] = {}
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                key = tuple(row[name] for name in GRID), int(row["seed"])
                rows.setdefault(key, []).append((int(row["epoch"]), float(row[METRIC])))
                cost = tuple(row[name] for name in COSTLY)
                seconds[cost] = min(float(row["seconds"]), seconds.get(cost, np.inf))
        costly = [list(GRID).index(name) for name in COSTLY]
        self.curves = {
            (key, seed): Curve(tuple(value for _, value in sorted(epochs)), seconds[tuple(key[i] for i in costly)])
            for (key, seed), epochs in rows.items()
        }
        whole = np.prod([len(values) for values in GRID.values()]) * len(SEEDS)
        if len(self.curves) != whole or {len(curve.values) for curve in self.curves.values()} != {EPOCHS}:
            raise SystemExit(f"{path}: {len(self.curves)} of {whole} trials; complete it with trial_table.py")
        self.truth = {
            key: float(np.mean([max(self.curves[key, seed].values) for seed in SEEDS])) for key, _ in self.curves
        }
        self.best = max(self.truth.values())
        self.mean = float(np.mean(list(self.truth.values())))

    def regret(self, key: Point) -> float:
        """Return the normalised regret: 0 for the best configuration, 1 for the mean of all."""
        return (self.best - self.truth[key]) / (self.best - self.mean)


class Strategy(Protocol):
    """A search with early stopping, as seen by simulated workers."""

    def ask(self, index: int) -> Point | None:
        """Suggest values for trial ``index``; None if another trial must end first."""
        ...

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        """Return whether the trial trains another epoch."""
        ...

    def tell(self, index: int, objective: float | None) -> None:
        """Record the end of a trial; None if it failed."""
        ...


@dataclass(slots=True)
class Run:
    """One simulated trial."""

    point: Point
    curve: Curve
    start: float
    seen: list[float] = field(default_factory=list)
    failed: bool = False
    end: float = 0.0


@dataclass(frozen=True, slots=True)
class Campaign:
    """A simulated campaign.  idle: share of worker time spent waiting until the last trial began."""

    runs: list[Run]
    idle: float

    def incumbent(self, trials: int) -> Point | None:
        """Return the best configuration among the first ``trials``; those trained to the end come first."""
        ended = [run for run in self.runs[:trials] if not run.failed]
        full = [run for run in ended if len(run.seen) == EPOCHS] or ended
        return max(full, key=lambda run: max(run.seen)).point if full else None

    @property
    def epochs(self) -> int:
        """Total number of trained epochs."""
        return sum(len(run.seen) for run in self.runs)

    @property
    def duplicates(self) -> float:
        """Share of trials whose configuration had been tried before."""
        return 1 - len({run.point for run in self.runs}) / len(self.runs)


def simulate(
    strategy: Strategy, table: Table, *, trials: int, workers: int, seed: int, failing: tuple[str, str] | None = None
) -> Campaign:
    """Run a campaign on simulated workers.  failing: (dimension, value) whose trials fail in epoch 1."""
    seeds = np.random.default_rng([seed, 1]).choice(SEEDS, size=trials)
    place = None if failing is None else (list(GRID).index(failing[0]), failing[1])
    runs: list[Run] = []
    running: list[tuple[float, int]] = []
    clock = 0.0
    waited = 0.0
    while True:
        while len(running) < workers and len(runs) < trials:
            suggested = strategy.ask(len(runs))
            if suggested is None:
                break
            run = Run(suggested, table.curves[suggested, int(seeds[len(runs)])], start=clock)
            heapq.heappush(running, (clock + run.curve.seconds, len(runs)))
            runs.append(run)
        if not running:
            break
        before = clock
        clock, index = heapq.heappop(running)
        if len(runs) < trials:
            waited += (clock - before) * (workers - len(running) - 1)
        run = runs[index]
        if place is not None and run.point[place[0]] == place[1]:
            run.failed, run.end = True, clock
            strategy.tell(index, None)
            continue
        run.seen.append(run.curve.values[len(run.seen)])
        if len(run.seen) < EPOCHS and strategy.continues(index, run.seen):
            heapq.heappush(running, (clock + run.curve.seconds, index))
        else:
            run.end = clock
            strategy.tell(index, max(run.seen))
    begun = runs[-1].start
    return Campaign(runs, idle=waited / (workers * begun))
