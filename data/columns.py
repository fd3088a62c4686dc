"""CSV and Parquet files as columns: every fault becomes one message with file, row and column."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.rows import refuse_non_finite

PARQUET = (".parquet", ".parq")
COLUMNS_AT_ONCE = 16
LABELS = ("label", "target", "class")
"""What a label column may be called without being named in the campaign file."""
DIFFERENT_LENGTHS = "fill or drop them; sequences of different length go into an .npz file with an array `lengths`"


def column_names(path: Path, *, header: bool = True) -> list[str]:
    """Return a file's column names; a CSV file without a header has the columns "0", "1", ...

    Raises DataError where the file cannot be read, or a column has no name or another's.
    """
    names = _parquet_names(path) if path.suffix in PARQUET else _csv_names(path, header=header)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{path}: {len(twice)} column names occur more than once, {twice[0]!r} first. "
            "The first line must be a header with a name for each column."
        )
    for place, name in enumerate(names, start=1):
        if not name or name == "__index_level_0__":
            raise DataError(
                f"{path}: column {place} has no name: probably row numbers, which would give away the label where "
                "rows are ordered by class. Remove the column (pandas: index=False)."
            )
    return names


def known(path: Path, names: list[str], wanted: str, key: str) -> str:
    """Return the column ``wanted``, which the option ``key`` names; DataError where there is none."""
    if wanted in names:
        return wanted
    near = get_close_matches(wanted, names, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(f"{path}: {key} = {wanted!r}: no such column. Columns: {listed(names)}.{meant}")


def label_column(path: Path, names: list[str], wanted: str | None) -> str:
    """Return the label column: ``wanted``, or the one that is called as labels are."""
    if wanted is not None:
        return known(path, names, wanted, "data.label")
    found = [name for name in names if name in LABELS]
    if len(found) != 1:
        what = "no label column" if not found else f"{len(found)} columns may be the label ({', '.join(found)})"
        raise DataError(f"{path}: {what}. Name it with data.label. Columns: {listed(names)}.")
    return found[0]


def listed(names: list[str]) -> str:
    """Return up to eight names: sequences have hundreds of columns, and the label stands first or last."""
    return ", ".join(names if len(names) <= 8 else [*names[:4], "...", *names[-4:]])  # noqa: PLR2004


def number_columns(path: Path, names: Sequence[str]) -> list[str]:
    """Return those of ``names`` that hold numbers: by type in Parquet, by the first row in CSV.

    An empty first value is taken for a number that is missing, so that reading the column names the row.
    """
    if path.suffix in PARQUET:
        import pyarrow as pa
        from pyarrow import parquet

        schema = parquet.read_schema(path, memory_map=False)
        kinds = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean, pa.types.is_decimal)
        return [name for name in names if any(is_kind(schema.field(name).type) for is_kind in kinds)]
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        first = dict(zip(next(rows), next(rows, []), strict=False))
    return [name for name in names if not first.get(name) or _is_number(first[name])]


def read_columns(
    path: Path,
    *,
    numbers: Sequence[str],
    others: Sequence[str] = (),
    header: bool = True,
    advice: str = DIFFERENT_LENGTHS,
) -> tuple[NDArray[np.float32], dict[str, NDArray[Any]]]:
    """Return the columns ``numbers`` as (N, len(numbers)) float32, all finite, and each of ``others`` as (N,).

    A decimal number becomes the nearest float32, whatever the format.  Rows are counted from 1, without the header.
    advice: what to do about a value that is missing.
    """
    import pyarrow as pa

    place = {name: number for number, name in enumerate(numbers)}
    x = np.empty((0, 0), dtype=np.float32)
    texts: dict[str, NDArray[Any]] = {}
    for table in _tables(path, [*numbers, *others], others, header=header):
        if not x.size:
            x = np.empty((table.num_rows, len(numbers)), dtype=np.float32)
        for name, column in zip(table.column_names, table.columns, strict=True):
            if name in place:
                try:
                    x[:, place[name]] = column.cast(pa.float32(), safe=False).to_numpy()
                except pa.ArrowException as error:
                    raise DataError(f"{path}: {_first_text(column.to_pylist(), name)}") from error
            elif name in others:
                texts[name] = np.array(column.to_pylist())
    refuse_non_finite(x, str(path), numbers, advice=advice)
    return x, texts


def read_texts(path: Path, text: str, others: Sequence[str]) -> tuple[list[str | None], dict[str, NDArray[Any]]]:
    """Return the column ``text``, which may contain line breaks, and each of ``others`` as (N,); reads no other."""
    import pyarrow as pa

    names = [text, *others]
    (table,) = _tables(path, names, names, header=True, line_breaks=True)
    column = table[text]
    if not any(is_text(column.type) for is_text in (pa.types.is_string, pa.types.is_large_string)):
        raise DataError(f"{path}: column {text!r} holds {column.type}, needs text. Is data.text the right column?")
    return column.to_pylist(), {name: np.array(table[name].to_pylist()) for name in others}


def read_parquet(path: Path, names: Sequence[str]) -> Iterator[Any]:
    """Yield Arrow tables of some columns each: a whole one would need the memory of the rows once more."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            for start in range(0, len(names), COLUMNS_AT_ONCE):
                yield file.read(columns=list(names[start : start + COLUMNS_AT_ONCE]), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet (truncated, or another format?): {error}") from error


def _tables(
    path: Path, names: Sequence[str], others: Sequence[str], *, header: bool, line_breaks: bool = False
) -> Iterator[Any]:
    """Yield Arrow tables with the columns ``names``; of a CSV file those of ``others`` are text, the rest numbers."""
    is_parquet = path.suffix in PARQUET
    for table in (
        read_parquet(path, names) if is_parquet else _read_csv(path, names, others, header=header, breaks=line_breaks)
    ):
        if table.num_rows == 0:
            raise DataError(f"{path}: the file has no rows.")
        yield table


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _first_text(values: list[Any], name: str) -> str:
    """Return the sentence about the first value of a column that is no number."""
    for row, value in enumerate(values, start=1):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"row {row}, column {name!r}: got {value!r}, needs a number."
    return f"column {name!r} holds numbers as {type(values[0]).__name__}: store them as float32."


def _csv_names(path: Path, *, header: bool) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:  # Arrow says where it is not UTF-8
            first = next(csv.reader(file), [])
    except (OSError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}.") from error
    if not first:
        raise DataError(f"{path}: the file is empty, or begins with an empty line.")
    return first if header else [str(place) for place in range(len(first))]


def _read_csv(path: Path, wanted: Sequence[str], others: Sequence[str], *, header: bool, breaks: bool) -> Iterator[Any]:
    """Yield one Arrow table: float32 but for ``others``, which are text.  Types are given: none is guessed.

    breaks: values may contain line breaks, which takes longer.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = column_names(path, header=header)
    types = {name: pa.string() if name in others else pa.float32() for name in names}
    try:
        yield arrow.read_csv(
            path,
            read_options=arrow.ReadOptions(column_names=names, skip_rows=int(header), use_threads=False),
            parse_options=arrow.ParseOptions(newlines_in_values=breaks),
            convert_options=arrow.ConvertOptions(column_types=types, include_columns=list(wanted)),
        )
    except pa.ArrowException as error:
        raise DataError(f"{path}: {_explained(str(error), names, skipped=int(header))}") from error


def _explained(fault: str, names: list[str], skipped: int) -> str:
    """Return Arrow's message about a CSV file in our words; other messages as they are."""
    value = re.search(r"CSV column #(\d+): Row #(\d+): CSV conversion error to (\w+): (?:invalid value )?(.*)", fault)
    if value:
        place, line, kind, got = value.groups()
        needed = "UTF-8 text" if kind == "string" else "a number"
        return f"row {int(line) - skipped}, column {names[int(place)]!r}: got {got}, needs {needed}."
    width = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", fault)
    if width:
        line, expected, got = width.groups()
        return f"row {int(line) - skipped} has {got} columns, the first line has {expected}."
    return f"cannot be read as CSV: {fault}."


def _parquet_names(path: Path) -> list[str]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return list(parquet.read_schema(path, memory_map=False).names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet (truncated, or another format?): {error}") from error
