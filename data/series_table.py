"""A user's own series: CSV or Parquet, its rows in order of time, one column to forecast."""

from pathlib import Path

from data.columns import column_names, known, number_columns, read_columns
from data.config import DataOptions
from data.rows import DataSet
from data.series import Series
from data.table import find


def load(options: DataOptions, paths: tuple[Path, ...]) -> Series:
    """Return all columns of numbers as inputs, the target ``options.target`` among them.

    A column that holds no numbers, such as a date, is left out, and a note says so.
    """
    path = paths[0]
    names = column_names(path)
    target = known(path, names, options.target or "", "data.target")
    numbers = set(number_columns(path, names))
    inputs = [name for name in names if name in numbers or name == target]
    left_out = [name for name in names if name not in inputs]
    values, _ = read_columns(path, numbers=inputs, advice="fill the gap, or begin the series after it")
    notes = (f"columns left out, since they hold no numbers: {', '.join(left_out)}.",) if left_out else ()
    return Series(values=values, names=tuple(inputs), target=inputs.index(target), notes=notes)


SERIES_TABLE = DataSet(
    about="a table of your own: one series to forecast",
    size="any",
    find=find,
    load=load,
    kind="series",
    splits=("chronological",),
)
