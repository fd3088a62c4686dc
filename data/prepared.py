"""Open prepared arrays: verified first, then mapped from the disk.

Imports neither pandas nor scikit-learn, so that workers stay small.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Arrays, Part
from data.errors import DataError
from data.manifest import GROUPS, MANIFEST, TEST, TRAINING, Manifest
from data.store import content_sha256

_AGAIN = "A launch prepares the data again"

Signature = tuple[int, ...]
"""A file's identity, size and time of the last change."""

_verified: dict[tuple[Path, tuple[str, ...]], tuple[Manifest, list[Signature]]] = {}
"""What this process has verified: directory and arrays -> manifest, and the files as they were."""


def open_arrays(directory: Path) -> Arrays:
    """Return a prepared directory's training and validation part, read-only and memory-mapped.

    Processes that open the same directory share its pages: no copy per trial.

    Raises:
        DataError: there are none, or they are not what was prepared (see ``verify``).
    """
    manifest = verify(directory)
    return Arrays(
        train=_part(directory, "train"),
        valid=_part(directory, "valid"),
        order=_array(directory, "order"),
        class_weights=_array(directory, "class_weights") if "class_weights" in manifest.arrays else None,
        class_names=manifest.class_names,
        sha256=manifest.sha256,
        tokens=manifest.tokens,
        scale=manifest.scale,
    )


def open_test(directory: Path) -> Part:
    """Return a prepared directory's test part.  Models are selected without it."""
    verify(directory, TEST)
    return _part(directory, "test")


def open_test_groups(directory: Path) -> NDArray[np.int64] | None:
    """Return (N,) the group of each test row; None where parts are not of complete groups."""
    manifest = verify(directory, GROUPS)
    return _array(directory, GROUPS[0]) if GROUPS[0] in manifest.arrays else None


def verify(directory: Path, names: tuple[str, ...] = TRAINING) -> Manifest:
    """Return the manifest of a directory whose named arrays have the hashes that it lists.

    A process hashes files once (0.15 s for 129 MiB), and again where one was written, replaced or touched since.

    Raises:
        DataError: a file is damaged, unreadable or gone.
    """
    known = _verified.get((directory, names))
    if known is not None and _signatures(directory, known[0], names) == known[1]:
        return known[0]
    manifest = Manifest.read(directory)
    if manifest is None:
        raise DataError(f"{directory / MANIFEST}: damaged or gone. {_AGAIN}")
    signatures = _signatures(directory, manifest, names)
    for name in _present(manifest, names):
        path = directory / f"{name}.npy"
        if content_sha256(path) != manifest.arrays[name].sha256:
            raise DataError(f"{path}: damaged, its content is not what was prepared. {_AGAIN}")
    _verified[directory, names] = (manifest, signatures)
    return manifest


def _present(manifest: Manifest, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in manifest.arrays]


def _signatures(directory: Path, manifest: Manifest, names: tuple[str, ...]) -> list[Signature]:
    return [_signature(directory / file) for file in (MANIFEST, *(f"{n}.npy" for n in _present(manifest, names)))]


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). {_AGAIN}") from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _part(directory: Path, name: str) -> Part:
    return Part(
        x=_array(directory, f"{name}_x"),
        lengths=_array(directory, f"{name}_lengths"),
        y=_array(directory, f"{name}_y"),
    )


def _array(directory: Path, name: str) -> NDArray[Any]:
    path = directory / f"{name}.npy"
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))  # a plain array on the mapped pages
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}). {_AGAIN}") from error
