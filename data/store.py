"""Prepared directories on disk: each is complete or absent."""

import contextlib
import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from data.errors import DataError
from data.manifest import ArrayFile, Manifest

PARTIAL = ".partial-"
ABANDONED_S = 24 * 3600.0
"""An unfinished directory older than this was left by a killed process."""
BLOCK_ROWS = 4096
BLOCK_BYTES = 2**20


def find(directory: Path, key: str, *, verify: bool) -> Manifest | None:
    """Return the manifest of a complete directory, or None.

    Complete: every file has its recorded size and, with ``verify``, its recorded hash.
    """
    manifest = Manifest.read(directory)
    if manifest is None or manifest.key != key:
        return None
    for name, recorded in manifest.arrays.items():
        path = directory / f"{name}.npy"
        if not path.is_file() or path.stat().st_size != recorded.bytes:
            return None
        if verify and content_sha256(path) != recorded.sha256:
            return None
    return manifest


@contextlib.contextmanager
def building(directory: Path, key: str, *, verify: bool) -> Iterator[Path]:
    """Yield an empty directory that is renamed to ``directory`` when the block ends without an error.

    Raises DataError where the disk is full or not writable.  After any error the empty directory is removed.
    """
    partial = directory.with_name(f"{PARTIAL}{uuid.uuid4().hex}")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(directory.parent)
        partial.mkdir()
        yield partial
        if find(directory, key, verify=verify) is None:  # else another process has prepared the same arrays
            if directory.exists():
                shutil.rmtree(directory)  # damaged
            _place(partial, directory)
    except OSError as error:
        raise DataError(
            f"{directory.parent}: prepared arrays cannot be written: {error.strerror or error}. Free some space, or "
            "choose another folder with --home."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write(path: Path, blocks: Iterable[NDArray[Any]], *, shape: tuple[int, ...], dtype: DTypeLike) -> ArrayFile:
    """Write blocks of rows as one .npy file of this shape, and return its hash and size.

    Plain writes, not a memory map: a full disk then raises an error instead of killing the process.
    """
    digest = _digest(np.dtype(dtype), shape)
    header: Any = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        for block in blocks:
            content = _bytes(np.ascontiguousarray(block, dtype=dtype))
            digest.update(content)
            file.write(content)
        size = file.tell()
    return ArrayFile(sha256=digest.hexdigest(), bytes=size)


def rows_of(array: NDArray[Any], rows: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Yield ``array[rows]`` block by block."""
    for start in range(0, len(rows), BLOCK_ROWS):
        yield array[rows[start : start + BLOCK_ROWS]]


def content_sha256(path: Path) -> str:
    """Return the hash of a file as ``write`` returned it; empty where it cannot be read or is no such file.

    Plain reads, not a memory map: a broken disk then raises an error instead of killing the process.
    """
    try:
        with path.open("rb") as file:
            np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)  # type: ignore[no-untyped-call]
            digest = _digest(dtype, shape)
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except Exception:  # noqa: BLE001 - NumPy parses a damaged header with errors of many kinds
        return ""
    return str(digest.hexdigest())


def share(name: str, source: Path, target: Path) -> None:
    """Add a prepared file to another directory, as a hard link where the file system allows it, else as a copy."""
    try:
        os.link(source / f"{name}.npy", target / f"{name}.npy")
    except OSError:
        shutil.copyfile(source / f"{name}.npy", target / f"{name}.npy")


def _digest(dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    return hashlib.sha256(f"{dtype.str} {shape} ".encode())


def _bytes(array: NDArray[Any]) -> Any:
    return array.reshape(-1).view(np.uint8).data


def _place(partial: Path, directory: Path) -> None:
    try:
        partial.rename(directory)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:  # these: another process has placed it
            raise


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(f"{PARTIAL}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(path)
