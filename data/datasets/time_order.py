"""Whether the rows of a series are in order of time, by its columns of dates that are no inputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.datasets.columns import read_arrow
from data.datasets.csv_columns import first_row, is_number
from data.datasets.long_columns import is_time, sortable
from data.datasets.parquet_columns import holds_text
from data.errors import DataError
from data.formats import PARQUET_SUFFIXES
from data.messages import as_list, quoted


def time_order_notes(path: Path, names: Sequence[str], ignored: Sequence[str]) -> tuple[str, ...]:
    """Return a note for each column of dates among ``names`` whose rows are not in order, or have equal dates.

    Columns without dates, with missing ones, or with dates in another form than ISO 8601 are not looked at.  ignored:
    ``data.ignore``; such a column may be no time of the rows, so it is noted only.

    Raises:
        DataError: the newest row is the first one: the parts would be in reverse order of time.
    """
    notes = []
    for name in _dated(path, names):
        try:
            times = _times(path, name)
        except DataError:  # no dates in another row, or text that is not UTF-8: the column is no input
            continue
        if times is None or (times == times[0]).all():
            continue
        backwards, equal = int((times[1:] < times[:-1]).sum()), int((times[1:] == times[:-1]).sum())
        if backwards == len(times) - 1 and name not in ignored:
            raise DataError(
                f"{path}: the rows are in descending order of {quoted(name)}, the newest first. Rows of a series must "
                f"be in order of time: sort the file by {quoted(name)}. If it is not the time of the rows, leave it "
                f"out with data.ignore = {as_list([*ignored, name])}."
            )
        if backwards:
            row = int((times[1:] < times[:-1]).argmax()) + 2
            notes.append(
                f"the rows are not in order of {quoted(name)} (row {row:,} is earlier than the one before it; "
                f"{backwards:,} such rows). Rows of a series must be in order of time: sort the file."
            )
        elif equal:
            row = int((times[1:] == times[:-1]).argmax()) + 2
            notes.append(
                f"row {row:,} has the same {quoted(name)} as the row before it ({equal:,} such rows). A series has one "
                "row per time step."
            )
    return tuple(notes)


def _dated(path: Path, names: Sequence[str]) -> list[str]:
    """Return the columns that may hold dates: by type in Parquet, by the first row in CSV."""
    if path.suffix in PARQUET_SUFFIXES:
        import pyarrow as pa
        from pyarrow import parquet

        schema = parquet.read_schema(path, memory_map=False)
        kinds = (holds_text, pa.types.is_timestamp, pa.types.is_date)
        return [name for name in names if any(is_kind(schema.field(name).type) for is_kind in kinds)]
    first = first_row(path)
    return [name for name in names if _is_date(first.get(name, ""))]


def _times(path: Path, name: str) -> NDArray[Any] | None:
    """Return (R,) values in the order of a column's dates; None where it has texts that are no dates."""
    column: Any = read_arrow(path, numbers=(), others=[name])[1][name]
    if holds_text(column.type) and not _is_date(column[0].as_py() or ""):
        return None
    return np.asarray(sortable(column, path, name))


def _is_date(value: str) -> bool:
    return is_time(value) and not is_number(value)
