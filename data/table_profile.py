"""What each column of a CSV or Parquet file holds, whether or not the file could be trained on."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.datasets.columns import column_names
from data.datasets.csv_columns import stream_csv
from data.datasets.parquet_columns import holds_text, read_parquet
from data.errors import DataError
from data.formats import PARQUET_SUFFIXES
from data.messages import shortened

ColumnKind = Literal["number", "integer", "text", "time", "list"]

MOST_VALUES = 100_000
"""Different values that are counted; a column with more has no count."""
EXAMPLES = 3
"""Different values that a profile keeps, of the first rows."""
SAMPLE = 1000
"""Those rows."""
LONGEST = 40
"""Characters of such a value."""
NO_NUMBER = ("", "#N/A", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null")
"""What a missing number looks like in a CSV file."""
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|\d{4}/\d{1,2}/\d{1,2}.*|\d{1,2}:\d{2}.*")
"""A date or a time of day, at the beginning of a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column of a table.

    kind: integers may be stored as real numbers.  missing: empty values, and NaN.  distinct: different values, None of
    real numbers and where there are very many.  words: mean number per value of a text.  numbers: values that are
    numbers, of a text too.  increasing: every value is larger than the one before it.
    """

    name: str
    kind: ColumnKind
    rows: int
    missing: int
    distinct: int | None
    words: float
    numbers: int
    increasing: bool
    examples: tuple[str, ...]


def profile(path: Path) -> tuple[ColumnProfile, ...]:
    """Return the profile of each column, in the file's order; reads the file once, a piece at a time.

    Raises:
        DataError: the file cannot be read, has no rows, or two columns have the same name.
    """
    names = column_names(path)
    tallies = {name: _Tally(name) for name in names}
    for name, values in _pieces(path, names):
        tallies[name].add(values)
    if not any(tally.rows for tally in tallies.values()):
        raise DataError(f"{path}: the file has no rows.")
    return tuple(tally.profile() for tally in tallies.values())


def _pieces(path: Path, names: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield a column's name and a piece of its values as an Arrow array; values of a CSV file are text."""
    tables: Iterable[Any] = read_parquet(path, names) if path.suffix in PARQUET_SUFFIXES else stream_csv(path, names)
    for table in tables:
        for name, column in zip(table.schema.names, table.columns, strict=True):
            for piece in getattr(column, "chunks", [column]):
                yield name, piece


@dataclass(slots=True)
class _Tally:
    """A column as far as it has been read."""

    name: str
    rows: int = 0
    missing: int = 0
    words: int = 0
    numbers: int = 0
    kind: ColumnKind | None = None
    values: set[Any] | None = field(default_factory=set)
    increasing: bool = True
    last: Any = None
    examples: list[str] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Add a piece of the column."""
        import pyarrow as pa

        if len(values) == 0:
            return
        if pa.types.is_nested(values.type):
            self._add_others(values, "list")
        elif pa.types.is_temporal(values.type):
            self._add_others(values, "time")
        elif holds_text(values.type) or pa.types.is_null(values.type):
            numbers = None if self.kind in {"text", "time"} else _as_numbers(values)
            self._add_texts(values.cast(pa.string())) if numbers is None else self._add_numbers(numbers, values)
        else:
            try:
                self._add_numbers(_floats(values), values)
            except pa.ArrowException:  # bytes, for example
                self._add_others(values, "list")
        self.rows += len(values)

    def profile(self) -> ColumnProfile:
        """Return what has been found."""
        kind = self.kind or "number"  # no value at all
        present = self.rows - self.missing
        counted = self.values is not None and kind in {"integer", "text", "time"}
        return ColumnProfile(
            name=self.name,
            kind=kind,
            rows=self.rows,
            missing=self.missing,
            distinct=len(self.values or ()) if counted else None,
            words=self.words / present if kind == "text" and present else 0.0,
            numbers=self.numbers,
            increasing=self.increasing and present == self.rows and kind != "list",
            examples=tuple(self.examples),
        )

    def _add_numbers(self, numbers: NDArray[np.float64], values: Any) -> None:
        """Add numbers, NaN where one is missing."""
        there = numbers[np.isfinite(numbers)]
        self.missing += len(numbers) - len(there)
        if not len(there):
            return
        self.numbers += len(there)
        self._show(values)
        self._follow(bool((np.diff(there) > 0).all()), there[0], there[-1])
        if self.kind != "number" and (there == np.floor(there)).all():
            self.kind = "integer"
            self._collect(np.unique(there).tolist())
        else:
            self.kind, self.values = "number", None

    def _add_texts(self, values: Any) -> None:
        from pyarrow import compute

        if self.kind in {"integer", "number"}:  # numbers so far
            kept = self.values
            self.values = None if kept is None else {str(int(value)) for value in kept}
        there = values.filter(compute.and_kleene(compute.is_valid(values), compute.not_equal(values, "")))
        self.missing += len(values) - len(there)
        if not len(there):
            return
        self._show(there)
        if self.kind != "text":
            self.kind = "time" if all(TIME.fullmatch(text) for text in self.examples) else "text"
        self.numbers += compute.sum(compute.match_substring_regex(there, NUMBER)).as_py()
        self.words += compute.sum(compute.add(compute.count_substring(there, " "), 1)).as_py()
        ordered = compute.all(compute.greater(there[1:], there[:-1])).as_py() if len(there) > 1 else True
        self._follow(bool(ordered), there[0].as_py(), there[-1].as_py())
        self._collect(compute.unique(there).to_pylist())

    def _add_others(self, values: Any, kind: ColumnKind) -> None:
        from pyarrow import compute

        self.kind = kind
        there = values.drop_null()
        self.missing += len(values) - len(there)
        if kind == "list" or not len(there):  # lists have no order, and are too long to show
            return
        self._show(there)
        ordered = compute.all(compute.greater(there[1:], there[:-1])).as_py() if len(there) > 1 else True
        self._follow(bool(ordered), there[0].as_py(), there[-1].as_py())
        self._collect(compute.unique(there).to_pylist())

    def _show(self, values: Any) -> None:
        from pyarrow import compute

        if self.examples:
            return
        for value in compute.unique(values[:SAMPLE])[:EXAMPLES].to_pylist():
            text = str(value)
            self.examples.append(shortened(text, LONGEST))

    def _follow(self, ordered: bool, first: Any, last: Any) -> None:  # noqa: FBT001 - a method of this module
        """Keep whether the values increase, from one piece to the next too."""
        same_type = self.last is None or isinstance(first, type(self.last))
        self.increasing &= ordered and same_type and (self.last is None or first > self.last)
        self.last = last

    def _collect(self, different: list[Any]) -> None:
        if self.values is not None:
            self.values.update(different)
            if len(self.values) > MOST_VALUES:
                self.values = None


def _as_numbers(texts: Any) -> NDArray[np.float64] | None:
    """Return texts as numbers, NaN for a missing one; None where one of them is no number."""
    import pyarrow as pa
    from pyarrow import compute

    missing = compute.is_in(texts, value_set=pa.array(NO_NUMBER, texts.type))
    try:
        return _floats(compute.if_else(missing, None, compute.utf8_trim_whitespace(texts)))
    except pa.ArrowException:
        return None


def _floats(values: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
