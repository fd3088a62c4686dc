"""Columns of a long table that are no numbers: ids, labels and groups as codes, times as numbers that sort.

A long table has a row per time step, so a text of its own for each row would take more memory than the channels.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.datasets.columns import check_lengths
from data.datasets.csv_columns import is_number
from data.datasets.parquet_columns import holds_text
from data.errors import DataError

LONGEST = 60
"""Characters of a value that a message repeats."""

# R rows of the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """A column of R values.  values: the different ones, in order of their first row;  codes: (R,) int64."""

    values: list[Any]
    codes: NDArray[np.int64]


def coded(column: Any, path: Path, name: str, noun: str) -> Codes:
    """Return an Arrow column as codes.  Raises DataError where a value is missing.  noun: what it holds."""
    import pyarrow as pa

    check_lengths(column, path, name)
    try:
        plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        chunks = plain.dictionary_encode().unify_dictionaries().chunks
    except pa.ArrowException as error:
        raise DataError(f"{path}: column {name!r} holds {column.type}, needs texts or numbers: {error}") from error
    values = chunks[0].dictionary.to_pylist()
    codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks])
    empty = [code for code, value in enumerate(values) if value == "" or value != value]  # noqa: PLR0124 - NaN
    _check_present(np.isin(codes, [-1, *empty]), path, name, noun)
    return Codes(values=values, codes=codes.astype(np.int64))


def sortable(column: Any, path: Path, name: str) -> NDArray[Any]:
    """Return (R,) int64 or float64 in the order of an Arrow column of numbers, dates or times, or of texts of these.

    Whole numbers stay exact: nanoseconds since 1970 are beyond float64.  Raises DataError for a value that is none.
    """
    import pyarrow as pa
    from pyarrow import compute

    if holds_text(column.type):
        _check_present(compute.equal(column, "").fill_null(fill_value=True).to_numpy(), path, name, "time")
        column = _parsed(column, path, name)
    _check_present(column.is_null(nan_is_null=True).to_numpy(), path, name, "time")
    kind = column.type
    try:
        if pa.types.is_date32(kind) or pa.types.is_time32(kind):
            column = column.cast(pa.int32())
        exact = not (pa.types.is_floating(kind) or pa.types.is_decimal(kind))
        return np.asarray(column.cast(pa.int64() if exact else pa.float64()).to_numpy())
    except pa.ArrowException as error:
        raise DataError(f"{path}: column {name!r} holds {kind}; data.time needs numbers, dates or times.") from error


def _parsed(column: Any, path: Path, name: str) -> Any:
    """Return texts as numbers, or as times of ISO 8601."""
    import pyarrow as pa

    for kind in (pa.int64(), pa.float64(), pa.timestamp("ns"), pa.timestamp("ns", tz="UTC")):
        try:
            return column.cast(kind)
        except pa.ArrowException:
            continue
    values: list[str] = column.to_pylist()
    fits = is_number if is_number(values[0]) else is_time
    row = next((row for row, value in enumerate(values) if not fits(value)), 0)
    raise DataError(
        f"{path}: row {row + 1}, column {name!r}: got {values[row][:LONGEST]!r}; data.time needs numbers, or dates and "
        "times as 2024-05-31 13:45:00.5, by which rows can be sorted."
    )


def is_time(value: str) -> bool:
    """Return whether a text is a date, or a date and time, of ISO 8601."""
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _check_present(missing: NDArray[np.bool_], path: Path, name: str, noun: str) -> None:
    if missing.any():
        raise DataError(
            f"{path}: row {int(missing.argmax()) + 1}, column {name!r}: no {noun} ({missing.sum():,} such rows). Fill "
            "it in, or drop these rows."
        )
