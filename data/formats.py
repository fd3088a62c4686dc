"""Which files can be a data set, and how to convert other files."""

import json
from pathlib import Path

PARQUET_SUFFIXES = (".parquet", ".parq")
TABLE_SUFFIXES = (".csv", *PARQUET_SUFFIXES, ".npz")
TS_SUFFIX = ".ts"
ALLOWED_SUFFIXES = (*TABLE_SUFFIXES, TS_SUFFIX)
COMPRESSED_SUFFIXES = (".gz", ".zip", ".bz2", ".xz", ".7z")
READERS = {
    ".xlsx": "read_excel({name})",
    ".xls": "read_excel({name})",
    ".ods": "read_excel({name})",
    ".tsv": 'read_csv({name}, sep="\\t")',
    ".txt": 'read_csv({name}, sep="\\t")',
    ".json": "read_json({name})",
    ".jsonl": "read_json({name}, lines=True)",
    ".feather": "read_feather({name})",
    ".pkl": "read_pickle({name})",
    ".h5": "read_hdf({name})",
}
"""Suffix -> the pandas call that reads such a file."""
SHOWN = 4
"""Tables of a folder that a message lists."""


def unsupported(name: str) -> str | None:
    """Return why the path ``name`` cannot be a data set and how to convert it; None if its suffix is allowed.

    A name without a suffix is a path only if such a file or folder exists.
    """
    path = Path(name).expanduser()
    if path.is_dir() or name.endswith(("/", "\\")):
        return _folder(path)
    if path.suffix in ALLOWED_SUFFIXES:
        return None
    allowed = f"Allowed: {', '.join(ALLOWED_SUFFIXES)}."
    if path.suffix:
        return f"{path.suffix} files cannot be read. {allowed} {_conversion(path)}"
    return f"the file has no suffix. {allowed} Rename it." if path.is_file() else None


def _folder(path: Path) -> str:
    tables = sorted(file.name for file in path.glob("*") if file.suffix in ALLOWED_SUFFIXES)
    if not tables:
        return f"this is a folder. Name a file: {', '.join(ALLOWED_SUFFIXES)}."
    more = ", ..." if len(tables) > SHOWN else ""
    return f"this is a folder. Name one of its files: {', '.join(tables[:SHOWN])}{more}."


def _conversion(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in ALLOWED_SUFFIXES:
        return f"Rename it to {path.with_suffix(suffix).name}."
    if suffix in COMPRESSED_SUFFIXES:
        return "Decompress it."
    if suffix == ".npy":
        return f"Add the labels and save both: numpy.savez({_quoted(path.with_suffix('.npz'))}, x=x, y=y)."
    if suffix in READERS:
        read = READERS[suffix].format(name=_quoted(path))
        return f"Convert it: pandas.{read}.to_csv({_quoted(path.with_suffix('.csv'))}, index=False)."
    return "Convert it to .csv or .parquet, for example with pandas."


def _quoted(path: Path) -> str:
    return json.dumps(path.name, ensure_ascii=False)
