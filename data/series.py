"""One continuous series: cut into windows by the position of their targets, in order of time.

The last rows are the targets of the test part, those before them of the validation part, for every window and horizon:
scores of different windows are comparable.  Only the training part loses targets, the first ones, which have no
complete window before them.  Windows of later parts may begin in earlier parts: a forecast may use all earlier rows.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from data.arrays import Part, Scale
from data.config import DataOptions
from data.errors import DataError
from data.memory import check_bytes
from data.split import Split

# R rows of the series, N windows of T steps, C channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series before it is cut.

    values: (R, C) float32, in order of time.  names: of the C channels.  target: which of them is forecast.
    notes: warnings for the user, printed with the results.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    target: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """A series cut and standardised.  whole: all N windows, x a view of the series;  parts: the rows of each part."""

    whole: Part
    parts: Split
    scale: Scale
    inputs: dict[str, Scale]


def cut(series: Series, options: DataOptions) -> Windows:
    """Return the windows of a series, standardised by the rows before the first validation target.

    ``max_rows``: only the last rows.  Raises DataError where a part would be empty.
    """
    values = series.values if options.max_rows is None else series.values[-options.max_rows :]
    rows = len(values)
    test, valid = round(rows * options.test_fraction), round(rows * options.valid_fraction)
    known = rows - valid - test
    ahead = options.window - 1 + options.horizon
    """Rows from a window's first step to its target."""
    if min(test, valid) < 1 or known - ahead < 2:  # noqa: PLR2004 - at least two training windows
        raise DataError(
            f"{options.dataset}: {rows:,} rows give {max(known, 0):,} for training, {valid:,} for validation and "
            f"{test:,} for testing; data.window = {options.window} and data.horizon = {options.horizon} need at least "
            f"{ahead + 2:,}, 1 and 1. Use a shorter window, or smaller fractions."
        )
    check_bytes(
        f"{options.dataset}, {rows - ahead:,} windows of {options.window:,} steps",
        (rows - ahead) * options.window * len(series.names) * 4,
    )
    inputs = {name: _scale(values[:known, place]) for place, name in enumerate(series.names)}
    mean, std = (np.array([getattr(scale, key) for scale in inputs.values()]) for key in ("mean", "std"))
    standard = ((values - mean) / std).astype(np.float32)
    x = sliding_window_view(standard, options.window, axis=0).transpose(0, 2, 1)[: rows - ahead]
    whole = Part(
        x=x,
        lengths=np.full(len(x), options.window, dtype=np.int64),
        y=np.ascontiguousarray(standard[ahead:, series.target]),
    )
    ends = np.array([known, known + valid]) - ahead
    train, valid_rows, test_rows = np.split(np.arange(len(x)), ends)
    return Windows(
        whole=whole,
        parts=Split(train=train, valid=valid_rows, test=test_rows),
        scale=inputs[series.names[series.target]],
        inputs=inputs,
    )


def _scale(column: NDArray[np.float32]) -> Scale:
    """Return mean and standard deviation of (R,); 1 for a constant.  Exact sums: equal on every processor."""
    values = column.astype(np.float64)
    mean = math.fsum(values) / len(values)
    std = math.sqrt(math.fsum((values - mean) ** 2) / len(values))
    return Scale(mean=mean, std=std if np.ptp(column) > 0 else 1.0)
