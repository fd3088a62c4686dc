"""A user's own series: CSV or Parquet, its rows in order of time, one column to forecast."""

from pathlib import Path

from data.config import DataOptions
from data.datasets.columns import column_names, known, number_columns, number_steps, read_columns
from data.datasets.table import find
from data.datasets.time_order import time_order_notes
from data.errors import DataError
from data.messages import as_list, quoted
from data.rows import DataSet
from data.series import Series


def load(options: DataOptions, paths: tuple[Path, ...]) -> Series:
    """Return the inputs, the target ``options.target`` among them: ``options.columns``, or all columns of numbers.

    Other columns, such as dates, are left out, and a note lists them unless they are in ``options.ignore``.  Rows whose
    dates descend are refused.
    """
    path = paths[0]
    names = column_names(path)
    target = known(path, names, options.target or "", "data.target")
    if target in options.ignore:
        raise DataError(
            f"{path}: data.ignore = {as_list(options.ignore)}: {quoted(target)} is the column of data.target."
        )
    inputs = number_steps(path, names, options, {})
    notes: tuple[str, ...] = ()
    if not options.columns:
        numbers = set(number_columns(path, inputs))
        left_out = [name for name in inputs if name not in numbers and name != target]
        inputs = [name for name in inputs if name not in left_out]
        if left_out:
            notes = (f"columns left out, since they hold no numbers: {', '.join(left_out)}.",)
    elif target not in inputs:
        inputs.append(target)
        notes = (f"the target {quoted(target)} is an input beside data.columns.",)
    values, _ = read_columns(
        path,
        numbers=inputs,
        advice="fill the gap, or begin the series after it",
        hint=lambda name: "" if name == target else f" Or leave the column out with data.ignore = [{quoted(name)}].",
    )
    notes += time_order_notes(path, [name for name in names if name not in inputs], options.ignore)
    return Series(values=values, names=tuple(inputs), target=inputs.index(target), notes=notes)


SERIES_TABLE = DataSet(
    about="a table of your own: one series to forecast",
    size="any",
    find=find,
    load=load,
    kind="series",
    splits=("chronological",),
)
