"""The recorded table of real trials (trial_table.csv), and simulated workers that replay it in no time.

A simulated trial reports what the recorded one reported.  Which of the two recorded seeds trial k has is drawn for k
alone, so every strategy meets the same luck.  An epoch takes the least seconds that any epoch of its batch size and
network took (48 of them): the machine had other work while the table was recorded.
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
"""What decides how long an epoch takes."""
ROOM = {"batch_size": "train", "balance": "data"}
PATHS = tuple(f"{ROOM.get(name, 'model')}.{name}" for name in GRID)

Point = tuple[str, ...]
"""A grid point as the table's text has it."""


def space() -> Space:
    """The table's grid as a search space."""
    dimensions = {path: Choice(*values) for path, values in zip(PATHS, GRID.values(), strict=True)}
    return Space(name="table", models=(CNN2DConfig,), dimensions=dimensions)


def point(assignment: Assignment) -> Point:
    """The table's row for values of ``space``."""
    return tuple(str(assignment[path]) for path in PATHS)


@dataclass(frozen=True, slots=True)
class Curve:
    """One recorded trial: the objective after each epoch, and the seconds of one."""

    values: tuple[float, ...]
    seconds: float


class Table:
    """Recorded trials, and how good a configuration really is: the mean of its seeds' best epochs."""

    def __init__(self, path: Path = TABLE) -> None:
        """Read the table; every grid point must be there with every seed and epoch."""
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
            (key, seed): Curve(tuple(value for _, value in sorted(found)), seconds[tuple(key[i] for i in costly)])
            for (key, seed), found in rows.items()
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
        """0 for the best configuration, 1 for one as good as the mean of all."""
        return (self.best - self.truth[key]) / (self.best - self.mean)


class Strategy(Protocol):
    """A search with its stopper, as simulated workers see it."""

    def ask(self, index: int) -> Point | None:
        """Trial ``index``'s values; None: not before another trial has ended."""
        ...

    def goes_on(self, index: int, curve: Sequence[float]) -> bool:
        """Whether the trial trains another epoch."""
        ...

    def tell(self, index: int, objective: float | None) -> None:
        """A trial ended; None: it failed."""
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
    """A simulated campaign.  idle: share of the workers' time, until the last trial began, in which they waited."""

    runs: list[Run]
    idle: float

    def incumbent(self, trials: int) -> Point | None:
        """The configuration that looks best after so many trials; one that ran to its end goes first."""
        ended = [run for run in self.runs[:trials] if not run.failed]
        full = [run for run in ended if len(run.seen) == EPOCHS] or ended
        return max(full, key=lambda run: max(run.seen)).point if full else None

    @property
    def epochs(self) -> int:
        """Epochs trained in all."""
        return sum(len(run.seen) for run in self.runs)

    @property
    def duplicates(self) -> float:
        """Share of trials whose configuration was tried before."""
        return 1 - len({run.point for run in self.runs}) / len(self.runs)


def simulate(
    strategy: Strategy, table: Table, *, trials: int, workers: int, seed: int, failing: tuple[str, str] | None = None
) -> Campaign:
    """Run a campaign on simulated workers.  failing: (dimension, value) whose trials fail in their first epoch."""
    luck = np.random.default_rng([seed, 1]).choice(SEEDS, size=trials)
    place = None if failing is None else (list(GRID).index(failing[0]), failing[1])
    runs: list[Run] = []
    flying: list[tuple[float, int]] = []
    clock = 0.0
    waited = 0.0
    while True:
        while len(flying) < workers and len(runs) < trials:
            asked = strategy.ask(len(runs))
            if asked is None:
                break
            run = Run(asked, table.curves[asked, int(luck[len(runs)])], start=clock)
            heapq.heappush(flying, (clock + run.curve.seconds, len(runs)))
            runs.append(run)
        if not flying:
            break
        before = clock
        clock, index = heapq.heappop(flying)
        if len(runs) < trials:
            waited += (clock - before) * (workers - len(flying) - 1)
        run = runs[index]
        if place is not None and run.point[place[0]] == place[1]:
            run.failed, run.end = True, clock
            strategy.tell(index, None)
            continue
        run.seen.append(run.curve.values[len(run.seen)])
        if len(run.seen) < EPOCHS and strategy.goes_on(index, run.seen):
            heapq.heappush(flying, (clock + run.curve.seconds, index))
        else:
            run.end = clock
            strategy.tell(index, max(run.seen))
    begun = runs[-1].start
    return Campaign(runs, idle=waited / (workers * begun))
