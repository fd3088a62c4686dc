"""Arrays of an NPZ file, whose headers are checked before anything is allocated."""

import math
import zlib
from collections.abc import Iterable
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.memory import check_bytes

DAMAGE = (OSError, ValueError, EOFError, NotImplementedError, RuntimeError)
"""What the readers raise besides their own errors: an unknown compression, an encrypted member, a wrong header."""

LONGEST = 200
"""Characters of a problem that a message repeats."""


def read_arrays(path: Path, wanted: Iterable[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return those of the ``wanted`` arrays that a file has, and the names of all of them.

    Raises:
        DataError: it is no NPZ file or damaged, holds Python objects, or would take too much memory.
    """
    try:
        with path.open("rb") as opened, ZipFile(opened) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            read = {name: member for name, member in members.items() if name in set(wanted)}
            sizes = [_claimed(archive, name, member) for name, member in read.items()]
            check_bytes(str(path), sum(sizes), file_bytes=path.stat().st_size)
            arrays = {name: _array(archive, member) for name, member in read.items()}
    except DataError:
        raise
    except (*DAMAGE, BadZipFile, zlib.error, LZMAError) as error:
        raise DataError(
            f"{path}: cannot be read as NPZ (truncated, or Python objects in it?): {str(error)[:LONGEST]}"
        ) from error
    return arrays, sorted(members)


def _claimed(archive: ZipFile, name: str, member: ZipInfo) -> int:
    """Return the bytes that an array takes as it is, and at least as float32, by its header.

    Raises:
        DataError: it is one of Python objects.
        ValueError: it is no array, or its header does not match its size.
    """
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
        if version not in HEADERS:
            raise ValueError(f"array {name!r} has a format of version {version}")
        shape, _, dtype = HEADERS[version](file)  # type: ignore[no-untyped-call]
        values = math.prod(shape)
        if dtype.hasobject:
            raise DataError(f"{archive.filename}: array {name!r} holds Python objects. {_advice(name)}")
        if min(shape, default=1) < 0 or file.tell() + values * dtype.itemsize != member.file_size:
            raise ValueError(f"array {name!r} of shape {shape} and type {dtype} does not have {member.file_size} bytes")
    return int(values * max(dtype.itemsize, np.dtype(np.float32).itemsize))


def _advice(name: str) -> str:
    if name == "x":
        return "If sequences differ in length, pad them to (N, T) or (N, T, C), and save their lengths as `lengths`."
    return f"Save it as text with {name}.astype(str), or as numbers."


HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def _array(archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)  # type: ignore[no-untyped-call]
        return array
