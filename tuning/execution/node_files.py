"""Arrays, code, checkpoints and weights on their way between the driver and a node of a cluster.

Nothing is shared but Ray: prepared arrays and the user's code are copied to a node once, and kept there under their
hash; a trial's files travel to the node when it starts, and to the driver with each report.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.manifest import GROUPS, MANIFEST, TEST, TRAINING
from data.prepared import open_arrays
from tuning.campaign.code_files import CodeFile, read_copies
from tuning.training.files import CHECKPOINT, WEIGHTS, write_file

Files = dict[str, NDArray[np.uint8]]
"""Names and contents.  Arrays of bytes: Ray maps them from its store without a copy."""

UNUSED_DAYS = 7.0
"""After which a node removes arrays, and what a worker left that was killed."""
_TRIAL = "trial-"


def packed_arrays(directory: Path, *, test: bool = False) -> Files:
    """Return the files of prepared arrays.  test: with the test part, which a confirmation needs alone."""
    parts = (*TRAINING, *TEST, *GROUPS) if test else TRAINING
    names = [MANIFEST, *(f"{name}.npy" for name in parts if (directory / f"{name}.npy").exists())]
    return {name: np.fromfile(directory / name, dtype=np.uint8) for name in names}


def unpacked_arrays(files: Files, key: str) -> Path:
    """Write arrays into this node's folder, unless they are there, and return their directory.

    key: the name of the prepared directory, which tells its content.  One process of a node writes, others wait.

    Raises:
        DataError: what was received is not what was prepared.
        OSError: the disk is full, or cannot be written.
    """
    root = node_folder()
    directory = root / "arrays" / key
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            open_arrays(directory)
        except DataError:
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
        for name in sorted(files, key=MANIFEST.__eq__):  # the manifest last, as it says that all is there
            if not (directory / name).exists():  # other launches may be reading those that are there
                write_file(directory / name, files[name].data)
    os.utime(directory)
    _remove_unused([*directory.parent.iterdir(), *root.glob(f"{_TRIAL}*")])
    open_arrays(directory)
    return directory


def packed_code(folder: Path, files: Sequence[CodeFile]) -> dict[str, bytes]:
    """Return the copies of the user's code, hash -> content.  CampaignError: one is missing or damaged."""
    own = [file for file in files if file.kind == "file"]  # packages are installed on the node
    return {source.file.sha256: source.content for source in read_copies(folder, own)}


def unpacked_code(contents: Mapping[str, bytes]) -> Path:
    """Write the user's code into this node's folder and return the folder; who reads a copy compares its hash.

    Raises:
        DataError: the folder belongs to another user.
        OSError: it cannot be written.
    """
    folder = node_folder() / "code"
    folder.mkdir(exist_ok=True)
    for sha256, content in contents.items():
        write_file(folder / f"{sha256}.py", content)
    return folder


def node_folder() -> Path:
    """Return this user's folder for trials on this node; nobody else may enter it.

    Raises:
        DataError: the folder belongs to another user.
    """
    folder = Path(tempfile.gettempdir()) / f"seqtune-node-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise DataError(f"{folder}: belongs to somebody else, or others may enter it. Remove it")
    return folder


def unpack_trial(content: bytes | None) -> Path:
    """Return an empty folder for a trial on this node, with its checkpoint where there is one."""
    folder = Path(tempfile.mkdtemp(prefix=_TRIAL, dir=node_folder()))
    if content is not None:
        (folder / CHECKPOINT).write_bytes(content)
    return folder


def pack_trial(folder: Path) -> dict[str, bytes]:
    """Return what a trial has written."""
    return {name: (folder / name).read_bytes() for name in (CHECKPOINT, WEIGHTS) if (folder / name).exists()}


def _remove_unused(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):  # another process of this node was faster
            if path.is_dir() and time.time() - path.stat().st_mtime > UNUSED_DAYS * 24 * 3600:
                shutil.rmtree(path, ignore_errors=True)
