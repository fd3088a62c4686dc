"""The Mackey-Glass series, generated here: a chaotic series to forecast that needs no files.

Source: Mackey and Glass, "Oscillation and Chaos in Physiological Control Systems", Science 197(4300), 287-289, 1977:
x'(t) = BETA x(t - TAU) / (1 + x(t - TAU)^10) - GAMMA x(t), chaotic at TAU = 17.

Only additions, multiplications and divisions of float64 are used, in a fixed order: with a library's power function
this chaotic series would differ between processors after some hundred steps.
"""

from pathlib import Path

import numpy as np

from data.config import DataOptions
from data.rows import DataSet
from data.series import Series

BETA, GAMMA, TAU = 0.2, 0.1, 17
START = 1.2
"""Value at all times up to 0."""
STEPS_PER_UNIT = 10
"""Runge-Kutta steps per unit of time; one value per unit is kept."""
TRANSIENT = 500
"""Values dropped from the beginning, which depend on the initial value."""
POINTS = 4000


def find(_options: DataOptions, _datasets: Path | None) -> tuple[Path, ...]:
    """Return no path: the series is generated."""
    return ()


def load(_options: DataOptions, _paths: tuple[Path, ...]) -> Series:
    """Return the same 4,000 values every time; 0.42 to 1.32, a cycle of about 50."""
    return Series(values=np.array(values(), dtype=np.float32)[:, None], names=("x",), target=0)


def values() -> list[float]:
    """Return the series by Runge-Kutta of fourth order; the delayed value between two steps is their mean."""
    step = 1 / STEPS_PER_UNIT
    delay = TAU * STEPS_PER_UNIT
    x = [START] * (delay + 1)
    for now in range(delay, delay + (TRANSIENT + POINTS) * STEPS_PER_UNIT):
        before, after = x[now - delay], x[now - delay + 1]
        start, middle, end = _feedback(before), _feedback((before + after) / 2), _feedback(after)
        k1 = start - GAMMA * x[now]
        k2 = middle - GAMMA * (x[now] + step / 2 * k1)
        k3 = middle - GAMMA * (x[now] + step / 2 * k2)
        k4 = end - GAMMA * (x[now] + step * k3)
        x.append(x[now] + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return x[delay + TRANSIENT * STEPS_PER_UNIT :: STEPS_PER_UNIT][1 : POINTS + 1]


def _feedback(delayed: float) -> float:
    square = delayed * delayed
    fourth = square * square
    return BETA * delayed / (1 + fourth * fourth * square)


MACKEY_GLASS = DataSet(
    about="Mackey-Glass series to forecast, built in: no files needed",
    size=f"{POINTS:,} rows, regression, window x 1",
    find=find,
    load=load,
    kind="series",
    splits=("chronological",),
)
