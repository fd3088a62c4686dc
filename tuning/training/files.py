"""The files of a trial, and writing a file so that it is complete or absent."""

import os
from collections.abc import Sequence
from pathlib import Path

from tuning.campaign.errors import CampaignError, StoreError

CHECKPOINT = "checkpoint.pt"
"""A running trial's state after its last epoch."""

WEIGHTS = "weights.safetensors"
"""The weights of a trial's best epoch."""


def check_suffix(path: Path, allowed: Sequence[str], argument: str = "--out") -> None:
    """Raise CampaignError unless the path's suffix is allowed.  argument: what the user calls the path."""
    if path.suffix.lower() not in allowed:
        raise CampaignError(f"{argument} {path}: unknown suffix. Allowed: {', '.join(allowed)}")


def write_output(path: Path, content: bytes | memoryview, argument: str = "--out") -> None:
    """Write a file that a user asked for, as ``write_file``.  StoreError: it cannot be written."""
    try:
        write_file(path, content)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}. Choose another {argument}") from error


def write_file(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file through a temporary one beside it: after a crash the old content is there, or all of the new.

    Raises:
        OSError: the folder is missing or cannot be written, or the disk is full; the old file is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a new or renamed file in it survives a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
