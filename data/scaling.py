"""Scaling of channels: statistics of the training rows, used for the rows of every part.

All statistics are per channel.  Values are scaled in float64, x' = (x - center) / spread, and stored as float32:

============  ==================  ===========================================
method        center              spread
============  ==================  ===========================================
standard      mean                standard deviation (of the population)
robust        median              interquartile range (linear interpolation)
minmax        minimum             maximum - minimum
per-sequence  mean of the row     standard deviation of the row
============  ==================  ===========================================

A spread of zero is replaced by one, as scikit-learn's scalers do; a constant channel becomes zero.  Only the steps
within a row's length count, and the steps after it stay zero.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from data.config import DataConfig, Kind, ScaleMethod
from data.errors import DataError
from data.messages import quoted

FARTHEST_MEAN = 10.0
NARROWEST, WIDEST = 0.1, 100.0
"""A channel is noted whose mean is more than ``FARTHEST_MEAN`` standard deviations from zero, or whose standard
deviation is outside these bounds.  Chosen from scores of a GRU on gestures in other units (docs/measurements.md)."""
BLOCK_VALUES = 2**20
"""Values that are scaled at once: 8 MiB as float64."""
CHUNK_VALUES = 2**16
"""Values that are summed at once."""

# N rows, T time steps, C channels, V values

Values = Callable[[], Iterator[NDArray[np.float32]]]
"""Yields the values of one channel, chunk by chunk, each time it is called: a copy of all would double the memory."""


class Scaling(BaseModel):
    """What was done to the channels of a data set, complete: new rows are scaled by it in the same way.

    center, spread: of each channel; empty for ``per-sequence``, which has no statistics of the training rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: ScaleMethod
    channels: tuple[str, ...]
    center: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    def apply(self, x: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (N, T, C) scaled rows; a row does not depend on the others.

        Raises DataError where a scaled value is beyond float32.
        """
        scaled = np.empty(x.shape, dtype=np.float32)
        rows = max(1, BLOCK_VALUES // max(1, x.shape[1] * x.shape[2]))
        for start in range(0, len(x), rows):
            block = slice(start, start + rows)
            scaled[block] = self._scaled(x[block], lengths[block])
        if not np.isfinite(scaled).all():
            channel = self.channels[int(np.argwhere(~np.isfinite(scaled))[0][2])]
            raise DataError(
                f"channel {quoted(channel)}: a value scaled by the training rows is beyond float32. "
                'Correct the value, or use data.scale = "none" or "per-sequence".'
            )
        return scaled

    def _scaled(self, x: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        valid = (np.arange(x.shape[1]) < lengths[:, None])[:, :, None]
        if self.method == "per-sequence":
            center, spread = _of_each_row(x, lengths, valid)
        else:
            center, spread = np.array(self.center), np.array(self.spread)
        with np.errstate(over="ignore"):
            return np.where(valid, (x - center) / spread, 0.0).astype(np.float32)


def fit(
    method: ScaleMethod,
    x: NDArray[np.float32],
    lengths: NDArray[np.int64],
    rows: NDArray[np.int64],
    channels: Sequence[str],
) -> Scaling | None:
    """Return the scaling of ``x`` (N, T, C) by the rows ``rows``; None for the method ``none``."""
    if method == "none":
        return None
    if method == "per-sequence":
        return Scaling(method=method, channels=tuple(channels))
    center_and_spread = STATISTICS[method]
    found = [center_and_spread(_values(x, lengths, rows, channel)) for channel in range(len(channels))]
    return Scaling(
        method=method,
        channels=tuple(channels),
        center=tuple(center for center, _ in found),
        spread=tuple(spread or 1.0 for _, spread in found),
    )


def mean_and_deviation(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and standard deviation of (V,); 0 for a constant.  Exact sums: equal on every processor."""
    return _standard(lambda: iter([values]))


def check_scale(config: DataConfig, kind: Kind) -> None:
    """Raise DataError where a scale is not defined for a kind of data."""
    if kind == "texts" and config.scale not in (None, "none"):
        raise DataError(
            f'{config.dataset}: data.scale = "{config.scale}": texts become tokens, which are no measurements to '
            "scale. Leave data.scale out."
        )


def scale_notes(
    x: NDArray[np.float32], lengths: NDArray[np.int64], rows: NDArray[np.int64], channels: Sequence[str]
) -> list[str]:
    """Return a note if channels of the training rows ``rows`` are far from zero mean and unit variance."""
    moments = [_moments(_values(x, lengths, rows, channel)) for channel in range(len(channels))]
    beyond = [excess(mean, deviation) for mean, deviation in moments]
    far = sum(factor > 1 for factor in beyond)
    if not far:
        return []
    worst = int(np.argmax(beyond))
    mean, deviation = moments[worst]
    name = f"channel {quoted(channels[worst])} has" if len(channels) > 1 else "the values have"
    others = f" ({far} of {len(channels)} channels are)" if len(channels) > 1 else ""
    note = (
        f"{name} mean {_shown(mean)} and standard deviation {_shown(deviation)} in the training part, far from 0 and 1"
        f'{others}, and nothing scales them: neural networks may learn little. Use data.scale = "standard", or '
        '"none" to keep them.'
    )
    return [note]


def excess(mean: float, deviation: float) -> float:
    """Return how far a channel is from zero mean and unit variance, as a multiple of what is noted; up to 1 is near."""
    shift = abs(mean) / (FARTHEST_MEAN * (deviation or 1.0))
    return max(shift, deviation / WIDEST, NARROWEST / deviation if deviation else 0.0)


def one_step_notes(lengths: NDArray[np.int64], method: ScaleMethod | None) -> list[str]:
    """Return a note if ``per-sequence`` turns rows of a single step into zeros."""
    short = int((lengths == 1).sum())
    if method != "per-sequence" or not short:
        return []
    return [f'{short:,} of {len(lengths):,} sequences have one time step, which data.scale = "per-sequence" sets to 0.']


def _shown(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - 32,768 instead of 3.277e+04


def _values(x: NDArray[np.float32], lengths: NDArray[np.int64], rows: NDArray[np.int64], channel: int) -> Values:
    """Return the values of a channel at the steps within the lengths of ``rows``."""
    inside, block = np.arange(x.shape[1]), max(1, CHUNK_VALUES // x.shape[1])

    def chunks() -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(rows), block):
            own = rows[start : start + block]
            yield x[own, :, channel][inside < lengths[own, None]]

    return chunks


def _sum(values: Values, term: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
    short = (chunk[start : start + CHUNK_VALUES] for chunk in values() for start in range(0, len(chunk), CHUNK_VALUES))
    return math.fsum(chain.from_iterable(term(chunk.astype(np.float64)).tolist() for chunk in short))


def _standard(values: Values) -> tuple[float, float]:
    count, (_, spread) = sum(map(len, values())), _minmax(values)
    mean = _sum(values, lambda chunk: chunk) / count
    return mean, math.sqrt(_sum(values, lambda chunk: (chunk - mean) ** 2) / count) if spread else 0.0


def _robust(values: Values) -> tuple[float, float]:
    every = np.concatenate([chunk.astype(np.float64) for chunk in values()])
    low, middle, high = np.quantile(every, (0.25, 0.5, 0.75)).tolist()
    return middle, high - low


def _minmax(values: Values) -> tuple[float, float]:
    low = float(min(chunk.min() for chunk in values()))
    high = float(max(chunk.max() for chunk in values()))
    return low, high - low


def _moments(values: Values) -> tuple[float, float]:
    """Return mean and standard deviation, for reading: faster than exact sums."""
    count = sum(map(len, values()))
    mean = float(sum(chunk.sum(dtype=np.float64) for chunk in values())) / count
    squares = float(sum(((chunk.astype(np.float64) - mean) ** 2).sum() for chunk in values()))
    return mean, math.sqrt(squares / count)


STATISTICS: dict[ScaleMethod, Callable[[Values], tuple[float, float]]] = {
    "standard": _standard,
    "robust": _robust,
    "minmax": _minmax,
}
"""Method -> the function from values to center and spread; a spread of 0 is that of a constant."""


def _of_each_row(
    x: NDArray[np.float32], lengths: NDArray[np.int64], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, 1, C) means and standard deviations over each row's own steps; 1 for a constant.

    Sums step by step, in order: equal on every processor, and the same for a row among any others.
    """
    count = lengths[:, None, None]
    center = np.cumsum(np.where(valid, x, 0.0), axis=1, dtype=np.float64)[:, -1:] / count
    squares = np.where(valid, (x - center) ** 2, 0.0)
    deviation = np.sqrt(np.cumsum(squares, axis=1)[:, -1:] / count)
    highest = np.where(valid, x, -np.inf).max(axis=1, keepdims=True)
    lowest = np.where(valid, x, np.inf).min(axis=1, keepdims=True)
    return center, np.where(highest > lowest, deviation, 1.0)
