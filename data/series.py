"""One continuous series: cut into windows by the position of their targets, in order of time.

The last rows are the targets of the test part, those before them of the validation part, for every window and horizon:
scores of different windows are comparable.  Only the training part loses targets, the first ones, which have no
complete window before them.  Windows of later parts may begin in earlier parts: a forecast may use all earlier rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from data.arrays import Part, Scale
from data.config import DataOptions
from data.errors import DataError
from data.memory import check_bytes
from data.scaling import Scaling, fit, mean_and_deviation
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
    """A series cut and scaled.  whole: all N windows, x a view of the series;  parts: the rows of each part.

    scale: of the target, which is always standardised, so that losses can be compared.  scaling: of the inputs.
    """

    whole: Part
    parts: Split
    scale: Scale
    scaling: Scaling | None


def cut(series: Series, options: DataOptions) -> Windows:
    """Return the windows of a series, scaled by the rows before the first validation target.

    Inputs by ``options.scale`` (default: standardised), a window's own steps for ``per-sequence``.
    ``max_rows``: only the last rows.  Raises DataError where a part would be empty, but for
    a test part without ``test_fraction``.
    """
    values = series.values if options.max_rows is None else series.values[-options.max_rows :]
    rows = len(values)
    test, valid = round(rows * options.test_fraction), round(rows * options.valid_fraction)
    known = rows - valid - test
    ahead = options.window - 1 + options.horizon
    """Rows from a window's first step to its target."""
    missing = valid < 1 or (test < 1 and options.test_fraction > 0)
    if missing or known - ahead < 2:  # noqa: PLR2004 - at least two training windows
        raise DataError(
            f"{options.dataset}: {rows:,} rows give {max(known, 0):,} for training, {valid:,} for validation and "
            f"{test:,} for testing; data.window = {options.window} and data.horizon = {options.horizon} need at least "
            f"{ahead + 2:,}, 1 and 1. Use a shorter window, or smaller fractions."
        )
    check_bytes(
        f"{options.dataset}, {rows - ahead:,} windows of {options.window:,} steps",
        (rows - ahead) * options.window * len(series.names) * 4,
    )
    scaling = fit(options.scale or "standard", values[None, :known], np.array([known]), np.array([0]), series.names)
    each = scaling is not None and scaling.method == "per-sequence"
    steps = values if scaling is None or each else scaling.apply(values[None], np.array([rows]))[0]
    x = sliding_window_view(steps, options.window, axis=0).transpose(0, 2, 1)[: rows - ahead]
    lengths = np.full(len(x), options.window, dtype=np.int64)
    target = values[:, series.target]
    scale = _scale(target[:known])
    whole = Part(
        x=scaling.apply(x, lengths) if scaling is not None and each else x,
        lengths=lengths,
        y=((target[ahead:].astype(np.float64) - scale.mean) / scale.std).astype(np.float32),
    )
    ends = np.array([known, known + valid]) - ahead
    train, valid_rows, test_rows = np.split(np.arange(len(x)), ends)
    return Windows(
        whole=whole,
        parts=Split(train=train, valid=valid_rows, test=test_rows),
        scale=scale,
        scaling=scaling,
    )


def _scale(column: NDArray[np.float32]) -> Scale:
    """Return mean and standard deviation of (R,); 1 for a constant."""
    mean, std = mean_and_deviation(column)
    return Scale(mean=mean, std=std or 1.0)
