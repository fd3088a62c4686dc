"""Source files: the places searched for them, and their hashes."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from data.errors import DataError


class SourceFile(BaseModel):
    """A file that rows were read from, identified by its hash; the name is for the reader."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    bytes: int


def locate(name: str, datasets: Path | None) -> Path:
    """Return the path of a user's file: as given from the working directory, else in the data sets' folder."""
    candidates = [Path(name).expanduser()]
    if datasets is not None and not candidates[0].is_absolute():
        candidates.append(datasets / name)
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
        if candidate.is_dir():
            raise DataError(f"{name}: {candidate.absolute()} is a folder. Name a file.")
    searched = " and ".join(str(candidate.absolute()) for candidate in candidates)
    raise DataError(f"{name}: no such file. Looked for {searched}.{hint(datasets)}")


def file_names(paths: Sequence[Path]) -> str:
    """Return the names of files for a line of text; of many, the first two."""
    names = [path.name for path in paths]
    return ", ".join(names if len(names) <= 4 else [*names[:2], f"... ({len(names)} files)"])  # noqa: PLR2004


def find_file(name: str, places: Sequence[str], datasets: Path | None) -> Path:
    """Return the first existing file of ``places``, relative to the data sets' folder: the file of ``name``."""
    if datasets is None:
        raise DataError(f"{name}: not found.{hint(datasets)}")
    for place in places:
        if (datasets / place).is_file():
            return datasets / place
    searched = " and ".join(str((datasets / place).absolute()) for place in places)
    raise DataError(f"{name}: not found. Looked for {searched}.")


def hint(datasets: Path | None) -> str:
    """Return the sentence about how to name the folder of data sets, where none was named; else nothing."""
    if datasets is not None:
        return ""
    return " No folder of data sets was given: use --datasets FOLDER or SEQTUNE_DATASETS."


def fingerprint(path: Path) -> SourceFile:
    """Return a file's name, size and SHA-256 (129 MiB take about 0.15 s)."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    if size == 0:
        raise DataError(f"{path}: the file is empty.")
    return SourceFile(name=path.name, sha256=digest, bytes=size)
