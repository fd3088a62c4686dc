"""Parquet files: their columns as Arrow tables, whose size in memory is checked before they are read."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.errors import DataError
from data.memory import check_bytes

COLUMNS_AT_ONCE = 16
FLOAT32_BYTES = 4
WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8}
"""Parquet's types -> bytes of a value; others have a length of their own, and an offset of 8 bytes."""


def parquet_names(path: Path) -> list[str]:
    """Return the names of a file's columns.  DataError where it cannot be read."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return list(parquet.read_schema(path, memory_map=False).names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet (truncated, or another format?): {error}") from error


def read_parquet(path: Path, names: Sequence[str]) -> Iterator[Any]:
    """Yield Arrow tables of a few columns each: a table of all columns would double the memory of the rows."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(path, memory_map=False)
        wanted = set(names)
        texts = [field.name for field in schema if field.name in wanted and holds_text(field.type)]
        # A text that is repeated is read once, and repeated only after its size is known.
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            check_bytes(str(path), _parquet_bytes(file, names), file_bytes=path.stat().st_size)
            for start in range(0, len(names), COLUMNS_AT_ONCE):
                table = file.read(columns=list(names[start : start + COLUMNS_AT_ONCE]), use_threads=False)
                yield _repeated(table, path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet (truncated, or another format?): {error}") from error


def _parquet_bytes(file: Any, names: Sequence[str]) -> int:
    """Return the bytes that columns take at least, by the file's metadata: equal values are stored once."""
    wanted, total, metadata = set(names), 0, file.metadata
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            if column.path_in_schema in wanted or column.path_in_schema.partition(".")[0] in wanted:
                total += column.num_values * max(WIDTHS.get(column.physical_type, 8), FLOAT32_BYTES)
    return total


def holds_text(kind: Any) -> bool:
    """Return whether an Arrow type is text."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _repeated(table: Any, path: Path) -> Any:
    """Return a table with its texts repeated as often as they occur.  DataError where that takes too much memory."""
    import pyarrow as pa
    from pyarrow import compute

    for place, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type) and holds_text(column.type.value_type):
            lengths = (compute.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks)
            size = sum(compute.sum(chunk).as_py() or 0 for chunk in lengths)
            check_bytes(str(path), size, file_bytes=path.stat().st_size)
            table = table.set_column(place, table.column_names[place], column.cast(column.type.value_type))
    return table
