"""The values of sequences: their range in each channel, constant sequences, and zeros at their ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part

AT_ONCE = 4096
"""Rows whose values are converted to float64 at a time."""

# N rows, T time steps, C channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Statistics of one channel, over all steps of all rows, padding left out."""

    name: str
    smallest: float
    largest: float
    mean: float
    std: float

    @property
    def constant(self) -> bool:
        """Whether all its values are equal."""
        return self.smallest == self.largest


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroTails:
    """Zeros at the end of sequences.  rows: that end with one.  median: zeros at the end of a row, of all rows."""

    rows: int = 0
    median: float = 0.0


def channel_ranges(x: NDArray[Any], lengths: NDArray[np.int64], names: Sequence[str]) -> tuple[Channel, ...]:
    """Return the statistics of the channels of (N, T, C); a piece of the rows at a time, in float64."""
    count = int(lengths.sum())
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    total, squares = np.zeros(len(names)), np.zeros(len(names))
    pieces = [(start, start + AT_ONCE) for start in range(0, len(x), AT_ONCE)]
    for start, end in pieces:
        values = _valid(x, lengths, start, end)
        low, high = np.minimum(low, values.min(axis=0)), np.maximum(high, values.max(axis=0))
        total += values.sum(axis=0)
    mean = total / count
    for start, end in pieces:
        squares += ((_valid(x, lengths, start, end) - mean) ** 2).sum(axis=0)
    std = np.sqrt(squares / count)
    return tuple(
        Channel(
            name=name,
            smallest=float(low[c]),
            largest=float(high[c]),
            mean=float(mean[c]),
            std=float(std[c]) if low[c] < high[c] else 0.0,
        )
        for c, name in enumerate(names)
    )


def _valid(x: NDArray[Any], lengths: NDArray[np.int64], start: int, end: int) -> NDArray[np.float64]:
    """Return (steps, C) the values of some rows, without what follows a row's end."""
    inside = np.arange(x.shape[1]) < lengths[start:end, None]
    return x[start:end][inside].astype(np.float64)


def constant_rows(rows: Part) -> int:
    """Return how many of (N, T, C) sequences have one value at all steps of each channel, and more than one step."""
    inside = (np.arange(rows.x.shape[1]) < rows.lengths[:, None])[:, :, None]
    same = ((rows.x == rows.x[:, :1]) | ~inside).all(axis=(1, 2))
    return int((same & (rows.lengths > 1)).sum())


def zero_tails(rows: Part) -> ZeroTails:
    """Count the zeros, in all channels, at the end of (N, T, C) sequences; of constant ones none."""
    values = (rows.x != 0).any(axis=2)
    last = np.where(values.any(axis=1), values.shape[1] - 1 - values[:, ::-1].argmax(axis=1), rows.lengths - 1)
    zeros = rows.lengths - 1 - last
    return ZeroTails(rows=int((zeros > 0).sum()), median=float(np.median(zeros)))
