"""The recorded tables of real trials (trial_table*.csv), and simulated workers that replay them.

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
from trial_table import GRID, GRIDS, SEEDS, TRAIN, Grid

from models.configs import CNN1DConfig, CNN2DConfig, NeuralConfig, RecurrentConfig
from search_spaces.dimensions import Choice
from search_spaces.space import Assignment, Space

FOLDER = Path(__file__).parent
TABLES = {
    "cnn2d": FOLDER / "trial_table.csv",
    "recurrent": FOLDER / "trial_table_recurrent.csv",
    "cnn1d": FOLDER / "trial_table_cnn1d.csv",
}
METRIC = "recall_macro"
COSTLY = ("batch_size", "hidden", "layers", "blocks", "cell")
"""Fields that determine the duration of an epoch."""
MODELS: dict[str, type[NeuralConfig]] = {"cnn2d": CNN2DConfig, "recurrent": RecurrentConfig, "cnn1d": CNN1DConfig}
SECTION = dict.fromkeys(TRAIN, "train") | {"balance": "data"}

Point = tuple[str, ...]
"""A grid point, as text of the table."""


def paths(grid: Grid) -> tuple[str, ...]:
    """Return the paths of a grid's fields in a search space."""
    return tuple(f"{SECTION.get(name, 'model')}.{name}" for name in grid.values)


CNN2D = GRIDS["cnn2d"]
PATHS = paths(CNN2D)


def space(grid: Grid = CNN2D) -> Space:
    """Return the grid of a table as a search space."""
    dimensions = {path: Choice(*values) for path, values in zip(paths(grid), grid.values.values(), strict=True)}
    return Space(name="table", models=(MODELS[grid.family],), dimensions=dimensions)


def point(assignment: Assignment, grid: Grid = CNN2D) -> Point:
    """Return the grid point of an assignment."""
    return tuple(str(assignment[path]) for path in paths(grid))


@dataclass(frozen=True, slots=True)
class Curve:
    """One recorded trial: the objective after each epoch, and seconds per epoch."""

    values: tuple[float, ...]
    seconds: float


class Table:
    """Recorded trials, and the true score of each configuration: the mean over seeds of the best epoch."""

    def __init__(self, name: str = "cnn2d") -> None:
        """Read a table; SystemExit if a grid point, seed or epoch is missing."""
        path, grid = TABLES[name], GRIDS[name]
        self.grid = grid
        rows: dict[tuple[Point, int], list[tuple[int, float]]] = {}
        seconds: dict[tuple[str, ...], float] = {}
        costly = [field for field in grid.values if field in COSTLY]
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                key = tuple(row[field] for field in grid.values), int(row["seed"])
                rows.setdefault(key, []).append((int(row["epoch"]), float(row[METRIC])))
                cost = tuple(row[field] for field in costly)
                seconds[cost] = min(float(row["seconds"]), seconds.get(cost, np.inf))
        places = [list(grid.values).index(field) for field in costly]
        self.curves = {
            (key, seed): Curve(tuple(value for _, value in sorted(epochs)), seconds[tuple(key[i] for i in places)])
            for (key, seed), epochs in rows.items()
        }
        whole = np.prod([len(values) for values in grid.values.values()]) * len(SEEDS)
        if len(self.curves) != whole or {len(curve.values) for curve in self.curves.values()} != {grid.epochs}:
            raise SystemExit(f"{path}: {len(self.curves)} of {whole} trials; complete it with trial_table.py {name}")
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
    spent: int = 0
    """Epochs that the campaign had trained when the trial ended; 0 of an interrupted one."""

    @property
    def full(self) -> bool:
        """Whether it was trained to the end."""
        return len(self.seen) == len(self.curve.values)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A simulated campaign.  idle: share of worker time spent waiting until the last trial began."""

    runs: list[Run]
    idle: float

    def incumbent(self, trials: int) -> Point | None:
        """Return the best configuration among the first ``trials``; those trained to the end come first."""
        ended = [run for run in self.runs[:trials] if not run.failed]
        full = [run for run in ended if run.full] or ended
        return max(full, key=lambda run: max(run.seen)).point if full else None

    def incumbent_after(self, epochs: int) -> Point | None:
        """Return the best configuration when ``epochs`` were spent; those trained to the end come first."""
        ended = [run for run in self.runs if 0 < run.spent <= epochs]
        full = [run for run in ended if run.full] or ended
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
    strategy: Strategy,
    table: Table,
    *,
    trials: int,
    workers: int,
    seed: int,
    failing: tuple[str, str] | None = None,
    epochs: float = float("inf"),
) -> Campaign:
    """Run a campaign on simulated workers.

    failing: (dimension, value) whose trials fail in epoch 1.  epochs: after so many the campaign is interrupted.
    """
    seeds = np.random.default_rng([seed, 1]).choice(SEEDS, size=trials)
    place = None if failing is None else (list(GRID).index(failing[0]), failing[1])
    runs: list[Run] = []
    running: list[tuple[float, int]] = []
    clock = 0.0
    waited = 0.0
    spent = 0
    while spent < epochs:
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
        spent += 1
        if strategy.continues(index, run.seen) and not run.full:
            heapq.heappush(running, (clock + run.curve.seconds, index))
        else:
            run.end, run.spent = clock, spent
            strategy.tell(index, max(run.seen))
    begun = runs[-1].start
    return Campaign(runs, idle=waited / (workers * begun))
