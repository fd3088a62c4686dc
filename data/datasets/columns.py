"""CSV and Parquet files as columns: every fault becomes one message with file, row and column."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.config import DataOptions
from data.datasets.csv_columns import consecutive, csv_names, first_row, is_number, read_csv
from data.datasets.parquet_columns import holds_text, parquet_names, read_parquet
from data.errors import DataError
from data.formats import PARQUET_SUFFIXES
from data.messages import as_list, listed, nearest, quoted
from data.rows import check_finite

MOST_COLUMNS = 100_000
LONGEST_LABEL = 1000
"""Characters of a label, a group or another value that is no text to train on."""
LABELS = ("label", "target", "class")
"""Names by which a label column is recognised."""
UNNAMED = ("", "__index_level_0__")
"""What pandas calls row numbers in a CSV and in a Parquet file."""
DIFFERENT_LENGTHS = "fill or drop them; sequences of different length go into an .npz file with an array `lengths`"


def column_names(path: Path, *, header: bool = True) -> list[str]:
    """Return a file's column names; a CSV file without a header has the columns "0", "1", ...

    Raises DataError where the file cannot be read, its header is missing, or two columns have the same name.
    """
    names = parquet_names(path) if path.suffix in PARQUET_SUFFIXES else csv_names(path, header=header)
    if len(names) > MOST_COLUMNS:
        raise DataError(
            f"{path}: {len(names):,} columns; at most {MOST_COLUMNS:,} are read. Store longer sequences in an .npz "
            "file, with an array x (N, T) or (N, T, C)."
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"{path}: {len(repeated)} column names occur more than once, {repeated[0]!r} first. "
            "The first line must be a header with a name for each column."
        )
    return names


def known(path: Path, names: list[str], wanted: str, key: str) -> str:
    """Return the column ``wanted``, which the option ``key`` names; DataError where there is none."""
    if wanted in names:
        return wanted
    raise DataError(f"{path}: {key} = {wanted!r}: no such column. Columns: {listed(names)}.{nearest(wanted, names)}")


def label_column(
    path: Path, names: list[str], wanted: str | None, *, unused: Sequence[str] = (), key: str = "data.label"
) -> str:
    """Return the label column: ``wanted``, or the only one outside ``unused`` with one of the usual names.

    key: by which a user names it.
    """
    if wanted is not None:
        return known(path, names, wanted, key)
    candidates = [name for name in names if name in LABELS and name not in unused]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        problem, hint = f"{len(candidates)} columns may be the label ({', '.join(candidates)})", ""
    else:
        problem, hint = "no label column", _label_hint(names, key)
    raise DataError(f"{path}: {problem}. Name it with {key}. Columns: {listed(names)}.{hint}")


def number_steps(
    path: Path, names: list[str], options: DataOptions, roles: Mapping[str, str], *, official_test: bool = False
) -> list[str]:
    """Return the columns to read as numbers: those listed, or all but those with a role and ``data.ignore``.

    roles: column -> the option that names it, as ``data.label``.  official_test: ignored columns may be missing.

    Raises:
        DataError: an unknown column, one with two roles, a column without a name, or none left.
    """
    lists = {"data.ignore": options.ignore, "data.columns": options.columns, "data.channels": options.channels}
    for key, chosen in lists.items():
        for name in chosen:
            if not (official_test and key == "data.ignore"):
                known(path, names, name, key)
            if name in roles:
                raise DataError(f"{path}: {key} = {as_list(chosen)}: {quoted(name)} is the column of {roles[name]}.")
    if options.columns or options.channels:
        return list(options.columns or options.channels)
    steps = [name for name in names if name not in roles and name not in options.ignore]
    for name in steps:
        if name in UNNAMED:
            raise DataError(
                f"{path}: column {names.index(name) + 1} has no name: probably row numbers, which reveal the label "
                "where rows are ordered by class. Remove the column (pandas: index=False), or leave it out with "
                f"data.ignore = {as_list([*options.ignore, name])}."
            )
    if not steps:
        raise DataError(f"{path}: no columns are left to train on. Columns: {listed(names)}.")
    return steps


def number_columns(path: Path, names: Sequence[str]) -> list[str]:
    """Return those of ``names`` that hold numbers: by type in Parquet, by the first row in CSV.

    An empty first value counts as a missing number; reading the column then reports its row.
    """
    if path.suffix in PARQUET_SUFFIXES:
        import pyarrow as pa
        from pyarrow import parquet

        schema = parquet.read_schema(path, memory_map=False)
        kinds = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean, pa.types.is_decimal)
        return [name for name in names if any(is_kind(schema.field(name).type) for is_kind in kinds)]
    first = first_row(path)
    return [name for name in names if not first.get(name) or is_number(first[name])]


def no_hint(_column: str) -> str:
    """Give no hint about a column that holds no numbers."""
    return ""


def read_columns(
    path: Path,
    *,
    numbers: Sequence[str],
    others: Sequence[str] = (),
    header: bool = True,
    advice: str = DIFFERENT_LENGTHS,
    hint: Callable[[str], str] = no_hint,
) -> tuple[NDArray[np.float32], dict[str, NDArray[Any]]]:
    """Return the columns ``numbers`` as (N, len(numbers)) float32, all finite, and each of ``others`` as (N,).

    A decimal number becomes the nearest float32, whatever the format.  Rows are counted from 1, without the header.
    advice: how to treat a missing value.  hint: column -> a sentence for a column that holds no numbers.
    """
    x, columns = read_arrow(path, numbers=numbers, others=others, header=header, advice=advice, hint=hint)
    return x, {name: _values(column, path, name) for name, column in columns.items()}


def read_arrow(
    path: Path,
    *,
    numbers: Sequence[str],
    others: Sequence[str],
    header: bool = True,
    advice: str = DIFFERENT_LENGTHS,
    hint: Callable[[str], str] = no_hint,
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Return what ``read_columns`` returns, with ``others`` as Arrow columns: texts in CSV, any type in Parquet."""
    import pyarrow as pa

    place = {name: number for number, name in enumerate(numbers)}
    x = np.empty((0, 0), dtype=np.float32)
    columns: dict[str, Any] = {}
    for table in _tables(path, [*numbers, *others], others, header=header, hint=hint):
        if not x.size:
            x = np.empty((table.num_rows, len(numbers)), dtype=np.float32)
        for name, column in zip(table.column_names, table.columns, strict=True):
            if name in place:
                try:
                    x[:, place[name]] = column.cast(pa.float32(), safe=False).to_numpy()
                except pa.ArrowException as error:
                    raise DataError(f"{path}: {_first_text(column.to_pylist(), name)}{hint(name)}") from error
            elif name in others:
                columns[name] = column
    check_finite(x, str(path), numbers, advice=advice)
    return x, columns


def read_texts(path: Path, text: str, others: Sequence[str]) -> tuple[list[str | None], dict[str, NDArray[Any]]]:
    """Return the column ``text``, which may contain line breaks, and each of ``others`` as (N,); reads no other."""
    import pyarrow as pa

    names = [text, *others]
    (table,) = _tables(path, names, names, header=True, line_breaks=True)
    column = table[text]
    if not any(is_text(column.type) for is_text in (pa.types.is_string, pa.types.is_large_string)):
        raise DataError(f"{path}: column {text!r} holds {column.type}, needs text. Is data.text the right column?")
    return column.to_pylist(), {name: _values(table[name], path, name) for name in others}


def _values(column: Any, path: Path, name: str) -> NDArray[Any]:
    """Return labels or groups as (N,), in which each text takes as much memory as the longest."""
    import pyarrow as pa

    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if any(is_kind(column.type) for is_kind in kinds):
        raise DataError(
            f"{path}: column {name!r} holds {column.type}; labels and groups are texts or numbers. Is it the right "
            "column?"
        )
    check_lengths(column, path, name)
    return np.array(column.to_pylist())


def check_lengths(column: Any, path: Path, name: str) -> None:
    """Raise DataError where a text of an Arrow column of labels, groups or ids is too long."""
    from pyarrow import compute

    if holds_text(column.type):
        longest = compute.max(compute.binary_length(column)).as_py() or 0
        if longest > LONGEST_LABEL:
            raise DataError(
                f"{path}: column {name!r} has a value of {longest:,} bytes; labels and groups have at most "
                f"{LONGEST_LABEL:,}. Is it the right column?"
            )


def _tables(
    path: Path,
    names: Sequence[str],
    others: Sequence[str],
    *,
    header: bool,
    line_breaks: bool = False,
    hint: Callable[[str], str] = no_hint,
) -> Iterator[Any]:
    """Yield Arrow tables with the columns ``names``; of a CSV file those of ``others`` are text, the rest numbers."""
    if path.suffix in PARQUET_SUFFIXES:
        tables = read_parquet(path, names)
    else:
        everything = column_names(path, header=header)
        tables = read_csv(path, everything, names, others, header=header, line_breaks=line_breaks, hint=hint)
    for table in tables:
        if table.num_rows == 0:
            raise DataError(f"{path}: the file has no rows.")
        yield table


def _first_text(values: list[Any], name: str) -> str:
    """Return the sentence about the first value of a column that is not a number."""
    for row, value in enumerate(values, start=1):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"row {row}, column {name!r}: got {value!r}, needs a number."
    return f"column {name!r} holds numbers as {type(values[0]).__name__}: store them as float32."


def _label_hint(names: list[str], key: str) -> str:
    """Return the label column that was probably meant, or that the first line looks like a row."""
    for name in names:
        if nearest(name, LABELS):
            return f" Did you mean {key} = {quoted(name)}?"
    numbers = [name for name in names if is_number(name)]
    if numbers and not consecutive(numbers):
        return " Is the header missing? The first line must have a name for each column."
    return ""
