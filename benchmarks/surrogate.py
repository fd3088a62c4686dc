"""The recorded table of real trials (trial_table.csv) as a function of continuous dimensions.

The table has 324 configurations, too few for campaigns of thousands of trials.  Between them the objective of each
recorded seed and epoch is interpolated linearly; a trial takes as long as the nearest recorded configuration.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from recorded_table import PATHS, Curve, Point, Table
from trial_table import EPOCHS, GRID, SEEDS

from models.configs import CNN2DConfig
from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.space import Space

Weight = tuple[int, float]
"""Place on an axis of the table, and its weight."""


def space() -> Space:
    """Return the space that the table spans."""
    dimensions = {
        "batch_size": Integer(16, 48),
        "hidden": Integer(8, 32),
        "layers": Choice(2, 3, 4),
        "blocks": Integer(1, 4),
        "dropout": Real(0.1, 0.4),
        "balance": Choice("raw", "weighted"),
    }
    return Space(
        name="surrogate",
        models=(CNN2DConfig,),
        dimensions={path: dimensions[name] for path, name in zip(PATHS, GRID, strict=True)},
    )


class Surrogate(Table):
    """The table, between its points too.  A point is given by its values as text, in the order of ``GRID``."""

    def __init__(self) -> None:
        """Read the table."""
        super().__init__()
        shape = [len(values) for values in GRID.values()]
        self.values = np.empty((len(SEEDS), *shape, EPOCHS))
        self.seconds = np.empty(shape)
        for place in itertools.product(*map(range, shape)):
            key = tuple(str(options[i]) for options, i in zip(GRID.values(), place, strict=True))
            for s, seed in enumerate(SEEDS):
                curve = self.curves[key, seed]
                self.values[s][place] = curve.values
                self.seconds[place] = curve.seconds
        self.curves: Any = self  # read by ``simulate`` as curves[point, seed]

    def __getitem__(self, key: tuple[Point, int]) -> Curve:
        """Return one simulated trial."""
        point, seed = key
        axes = [_weights(options, value) for options, value in zip(GRID.values(), point, strict=True)]
        nearest = tuple(max(axis, key=lambda weight: weight[1])[0] for axis in axes)
        return Curve(self._mean(axes, SEEDS.index(seed)), float(self.seconds[nearest]))

    def regret(self, key: Point) -> float:
        """Return the normalised regret; the best of all points is a recorded one, as the table is interpolated."""
        truth = float(np.mean([max(self[key, seed].values) for seed in SEEDS]))
        return (self.best - truth) / (self.best - self.mean)

    def _mean(self, axes: list[list[Weight]], seed: int) -> tuple[float, ...]:
        total = np.zeros(EPOCHS)
        for corner in itertools.product(*axes):
            total += np.prod([weight for _, weight in corner]) * self.values[(seed, *(i for i, _ in corner))]
        return tuple(total.tolist())


def _weights(options: tuple[Any, ...], value: str) -> list[Weight]:
    """Return the recorded values next to a value, with their weights."""
    return (
        list(_interpolated(options, float(value))) if not isinstance(options[0], str) else [(options.index(value), 1)]
    )


def _interpolated(options: tuple[float, ...], value: float) -> Iterator[Weight]:
    above = int(np.searchsorted(options, value))
    if options[above] == value:
        yield above, 1.0
        return
    share = (value - options[above - 1]) / (options[above] - options[above - 1])
    yield above - 1, 1 - share
    yield above, share
