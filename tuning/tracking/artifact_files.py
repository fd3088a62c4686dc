"""Artifacts of runs as files that others may have put there: regular, not too large, and copied without MLflow's trust.

MLflow's local store fails for a whole run where one of its files is a dangling link, and follows links within the run.
"""

import shutil
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

MOST_BYTES = 64 * 2**20
"""Of an artifact that is text."""


class ArtifactError(ValueError):
    """An artifact that is there and is not used."""


def downloaded(client: Any, run: str, name: str, folder: Path, most: int) -> Path | None:
    """Return one of a run's files, copied into a folder; None where the run has none of that name.

    client: MLflow's.  name: with the folders that it lies in.

    Raises:
        ArtifactError: it is a link, a folder, a pipe or a device, or larger than ``most`` bytes.
    """
    local = _local_folder(str(client.get_run(run).info.artifact_uri))
    if local is not None:
        if any((local / parent).is_symlink() for parent in Path(name).parents):
            raise ArtifactError(f"{name} is in a folder that is a symbolic link")
        return _copied(local / name, folder, most)
    parent = name.rpartition("/")[0]
    sizes = {file.path: file.file_size for file in client.list_artifacts(run, parent or None)}
    if name not in sizes:
        return None
    _check_size(name, sizes[name], most)
    return Path(client.download_artifacts(run, name, str(folder))).replace(folder / Path(name).name)


def read_text(file: Path) -> str:
    """Return a text.  ArtifactError: it is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{file.name} is not UTF-8: {error}") from None


def _local_folder(uri: str) -> Path | None:
    """Return the folder of a run's artifacts, None where a server or a cloud keeps them."""
    parts = urlsplit(uri)
    return Path(url2pathname(parts.path)) if parts.scheme in ("", "file") else None


def _copied(file: Path, folder: Path, most: int) -> Path | None:
    """Copy a local artifact into a folder; None where there is none.

    Raises:
        ArtifactError: it is a link, a folder, a pipe or a device, or larger than ``most`` bytes.
        OSError: it cannot be read, or the folder cannot be written.
    """
    try:
        state = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(state.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(state.st_mode) else "no regular file"
        raise ArtifactError(f"{file.name} is {kind}")
    _check_size(file.name, state.st_size, most)
    return Path(shutil.copyfile(file, folder / file.name, follow_symlinks=False))


def _check_size(name: str, size: int | None, most: int) -> None:
    """Raise ArtifactError for more than ``most`` bytes.  size: None where the store does not know it."""
    if size is not None and size > most:
        raise ArtifactError(f"{name} has {size:,} bytes; at most {most:,} are read")
