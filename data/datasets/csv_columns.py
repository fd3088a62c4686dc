"""CSV files: their header and their columns as Arrow tables; every fault becomes one message with row and column."""

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import DataError
from data.messages import listed, quoted

LONGEST_HEADER = 10**7
"""Characters of the first line."""
BLOCK = 8 * 2**20
"""Bytes of a CSV file that are read at a time; a longer row cannot be."""
LONGEST = 200
"""Characters of a value that a message repeats."""
SEPARATORS = {";": "semicolons", "\t": "tabs"}


def csv_names(path: Path, *, header: bool) -> list[str]:
    """Return the column names of the first line; without a header "0", "1", ...

    Raises DataError where the file cannot be read or is empty, is UTF-16, another separator is used, or the header is
    missing.
    """
    try:
        with path.open("rb") as opened:
            utf_16 = opened.read(2) in {BOM_UTF16_LE, BOM_UTF16_BE}
        with path.open(
            encoding="utf-8-sig", errors="replace", newline=""
        ) as file:  # Arrow reports where UTF-8 is wrong
            line = file.readline(LONGEST_HEADER + 1)
            file.seek(0)
            first = next(csv.reader(file), []) if len(line) <= LONGEST_HEADER else []
    except (OSError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}.") from error
    if utf_16:
        raise DataError(f'{path}: the file is UTF-16; save it as UTF-8 (Excel: "CSV UTF-8"), separated by commas.')
    if len(line) > LONGEST_HEADER:
        raise DataError(
            f"{path}: the first line has more than {LONGEST_HEADER:,} characters. It must be a header with a name for "
            "each column. Has the file another format?"
        )
    if not first:
        raise DataError(f"{path}: the file is empty, or begins with an empty line.")
    for separator, plural in SEPARATORS.items():
        if line.count(separator) > line.count(","):
            raise DataError(f"{path}: {_separator_fault(path, separator, plural)}")
    if not header:
        return [str(place) for place in range(len(first))]
    _check_header(path, first)
    return first


def _separator_fault(path: Path, separator: str, plural: str) -> str:
    read = f"pandas.read_csv({quoted(path.name)}, sep={quoted(separator)})"
    converted = quoted(f"{path.stem}-commas.csv")
    decimals = ' If its numbers have decimal commas, add decimal="," to read_csv.' if separator == ";" else ""
    return (
        f"the columns are separated by {plural}; a CSV file needs commas. Convert it: "
        f"{read}.to_csv({converted}, index=False).{decimals}"
    )


def _check_header(path: Path, names: list[str]) -> None:
    """Raise DataError where the first line holds numbers only, except consecutive ones: pandas numbers columns so."""
    if all(map(is_number, names)) and not consecutive(names):
        raise DataError(
            f"{path}: the first line holds only numbers ({listed(names)[:LONGEST]}): the header is missing. "
            "The first line must be a header with a name for each column, as t0,t1,t2,label."
        )


def consecutive(names: list[str]) -> bool:
    """Return whether the names are numbers, each one more than the one before."""
    return all(map(str.isdecimal, names)) and bool((np.diff([int(name) for name in names]) == 1).all())


def read_csv(
    path: Path,
    names: Sequence[str],
    wanted: Sequence[str],
    others: Sequence[str],
    *,
    header: bool,
    line_breaks: bool,
    hint: Callable[[str], str],
) -> Iterator[Any]:
    """Yield one Arrow table of the columns ``wanted``: ``others`` as text, all others as float32.

    names: all columns of the file.  line_breaks: values may contain line breaks, which takes longer.  Raises DataError
    where the file cannot be read, or has one column and a blank line before its last value.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    if len(names) == 1:
        _check_blank_lines(path)
    types = {name: pa.string() if name in others else pa.float32() for name in names}
    try:
        yield arrow.read_csv(
            path,
            read_options=arrow.ReadOptions(column_names=list(names), skip_rows=int(header), use_threads=False),
            parse_options=arrow.ParseOptions(newlines_in_values=line_breaks),
            convert_options=arrow.ConvertOptions(column_types=types, include_columns=list(wanted)),
        )
    except pa.ArrowException as error:
        raise DataError(f"{path}: {_explained(path, str(error), names, skipped=int(header), hint=hint)}") from error


def _check_blank_lines(path: Path) -> None:
    """Raise DataError for a blank line before the last value of a file with one column, which Arrow would leave out.

    Blank lines at the end, and within a value in quotation marks, are allowed.
    """
    blank, inside = 0, False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not inside and not line.strip(b"\r\n"):
                blank = blank or number
                continue
            if blank:
                raise DataError(
                    f"{path}: line {blank} is blank, and values follow: a missing value. Fill it in, or remove the "
                    "line."
                )
            if inside or line.startswith(b'"'):
                inside ^= line.count(b'"') % 2 == 1


def first_row(path: Path) -> dict[str, str]:
    """Return the texts of the first row by column, of any length; bytes that are not UTF-8 are replaced."""
    names = csv_names(path, header=True)
    for batch in stream_csv(path, names, decoded=False):
        texts = (column[0].as_py().decode(errors="replace") for column in batch.columns)
        return dict(zip(names, texts, strict=True))
    return {}


def stream_csv(path: Path, names: Sequence[str], *, decoded: bool = True) -> Iterator[Any]:
    """Yield all columns as text, or as bytes, in Arrow batches of some rows.  names: of all columns.

    Raises DataError where a row has another number of columns, or text is not UTF-8.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    kind = pa.string() if decoded else pa.binary()
    try:
        with arrow.open_csv(
            path,
            read_options=arrow.ReadOptions(column_names=list(names), skip_rows=1, use_threads=False, block_size=BLOCK),
            parse_options=arrow.ParseOptions(newlines_in_values=True),
            convert_options=arrow.ConvertOptions(column_types=dict.fromkeys(names, kind)),
        ) as batches:
            yield from batches
    except pa.ArrowException as error:
        if "Empty CSV" in str(error):
            return
        raise DataError(f"{path}: {_explained(path, str(error), names, skipped=1, hint=lambda _: '')}") from error


def _encoding_advice(path: Path) -> str:
    read = f'pandas.read_csv({quoted(path.name)}, encoding="latin-1")'
    return f"If it is Latin-1, convert it: {read}.to_csv({quoted(f'{path.stem}-utf8.csv')}, index=False)."


def _explained(path: Path, fault: str, names: Sequence[str], skipped: int, hint: Callable[[str], str]) -> str:
    """Return Arrow's message about a CSV file in our words; other messages as they are."""
    value = re.search(r"CSV column #(\d+): Row #(\d+): CSV conversion error to (\w+): (?:invalid value )?(.*)", fault)
    if value:
        place, line, kind, got = value.groups()
        name, start = names[int(place)], f"row {int(line) - skipped}, column {names[int(place)]!r}: got {got}, needs"
        start = start if len(got) <= LONGEST else start.replace(got, f"{got[:LONGEST]}...")
        return f"{start} UTF-8 text. {_encoding_advice(path)}" if kind == "string" else f"{start} a number.{hint(name)}"
    width = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", fault)
    if width:
        line, expected, got = width.groups()
        return f"row {int(line) - skipped} has {got} columns, the first line has {expected}."
    return f"cannot be read as CSV: {fault[:LONGEST]}."


def is_number(value: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(value)
    except ValueError:
        return False
    return True
