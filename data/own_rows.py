"""Data sets of a user's code: their functions may raise anything and return anything, which is checked."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.arrays import Part
from data.config import DataOptions
from data.errors import DataError
from data.rows import DataSet, Rows, classes
from data.series import Series


def checked(data_set: DataSet) -> DataSet:
    """Return the data set of a user's code with functions that raise DataError where anything is wrong with them."""
    return replace(data_set, find=partial(_found, data_set), load=partial(_loaded, data_set))


def _found(data_set: DataSet, options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    try:
        paths = data_set.find(options, datasets)
    except (DataError, MemoryError):
        raise
    except Exception as error:
        raise _failed(options, "find", error) from error
    if not isinstance(paths, tuple) or not all(isinstance(path, Path) for path in paths):
        raise DataError(f"{options.dataset}: find must return a tuple of paths; got {str(paths)[:100]}")
    return paths


def _loaded(data_set: DataSet, options: DataOptions, paths: tuple[Path, ...]) -> Rows | Series:
    try:
        rows: Any = data_set.load(options, paths)
    except (DataError, MemoryError):
        raise
    except Exception as error:
        raise _failed(options, "load", error) from error
    expected = Series if data_set.kind == "series" else Rows
    if not isinstance(rows, expected):
        raise DataError(
            f"{options.dataset}: load must return {expected.__name__} of kind {data_set.kind!r}; got "
            f"{type(rows).__name__}"
        )
    if isinstance(rows, Series):
        _check_series(options.dataset, rows)
    else:
        for name, part in (("rows", rows.rows), ("test", rows.test)):
            if isinstance(part, Part):
                _check_part(options.dataset, name, part, len(rows.class_names))
                if rows.channels and len(rows.channels) != part.x.shape[2]:
                    raise DataError(
                        f"{options.dataset}: channels has {len(rows.channels)} names; {name} has {part.x.shape[2]} "
                        "channels. Name all of them, or leave channels out"
                    )
        _check_groups(options.dataset, rows)
    return rows


def _check_series(dataset: str, series: Series) -> None:
    values: Any = series.values
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype != np.float32:  # noqa: PLR2004 - (R, C)
        raise DataError(f"{dataset}: values must be a (R, C) float32 array, in order of time; got {_kind(values)}")
    channels = values.shape[1]
    if len(series.names) != channels:
        raise DataError(f"{dataset}: names has {len(series.names)} names; values has {channels} channels. Name all")
    if not isinstance(series.target, int | np.integer) or not 0 <= series.target < channels:
        raise DataError(
            f"{dataset}: target must be the number of a channel, from 0 to {channels - 1}; got {series.target}"
        )
    bad = ~np.isfinite(values)
    if bad.any():
        row, channel = np.argwhere(bad)[0]
        raise DataError(
            f"{dataset}: values, row {row + 1}, channel {series.names[channel]!r}: got {values[row, channel]} "
            f"({bad.sum():,} such values). Every value must be a finite number: fill the gap, or begin the series "
            "after it"
        )


def _check_groups(dataset: str, rows: Rows) -> None:
    groups: Any = rows.groups
    if groups is None:
        return
    n = len(classes(rows.rows))
    if not isinstance(groups, np.ndarray) or groups.shape != (n,) or groups.dtype.kind not in "iu":
        raise DataError(
            f"{dataset}: groups must be a ({n},) array of whole numbers, one for each of rows; got {_kind(groups)}"
        )


def _kind(values: Any) -> str:
    return f"{values.shape} {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__


def _check_part(dataset: str, name: str, part: Part, classes: int) -> None:
    where = f"{dataset}: {name}"
    n = len(part.y)
    x: Any = part.x
    if x.ndim != 3 or x.dtype != np.float32 or len(x) != n or part.lengths.shape != (n,):  # noqa: PLR2004 - (N, T, C)
        raise DataError(
            f"{where}: x must be (N, T, C) float32 with one length and one class for each row; got {x.shape} {x.dtype}"
            f", {len(part.lengths)} lengths and {n} classes. Make it with data.rows.part(x, y, lengths)"
        )
    if not np.isfinite(x).all():
        raise DataError(f"{where}: x holds NaN or infinite values. Every value must be a number: fill or drop them")
    if n and not (part.lengths.min() >= 1 and part.lengths.max() <= x.shape[1]):
        raise DataError(
            f"{where}: lengths must be from 1 to {x.shape[1]}; got {part.lengths.min()} to {part.lengths.max()}"
        )
    if part.y.dtype != np.int64 or (n and not (part.y.min() >= 0 and part.y.max() < classes)):
        raise DataError(
            f"{where}: y must be int64 classes from 0 to {classes - 1}, the places in class_names; got {part.y.dtype}"
            f"{f', {part.y.min()} to {part.y.max()}' if n else ''}"
        )


def _failed(options: DataOptions, function: str, error: Exception) -> DataError:
    return DataError(f"{options.dataset}: {function} raised {type(error).__name__}: {str(error)[:200]}")
