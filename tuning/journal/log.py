"""The journal: a campaign's append-only event log, on disk before anything depends on an event.

``tuning.journal.lines`` describes a line.
"""

import contextlib
import fcntl
import gc
import gzip
import os
import re
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from tuning.campaign.documents import DocumentError, check_regular
from tuning.campaign.errors import JournalError, StoreError
from tuning.journal.events import Event
from tuning.journal.lines import ADVICE, Entry, encode, entry_of, fields_of, read_encoded, version_of
from tuning.journal.upgrade import VERSION
from tuning.training.files import sync_folder, write_file

_COMPLETE = re.compile(rb',"crc":"[0-9a-f]{8}"}.')

COMPRESSED = ".gz"
"""Ending of a journal that is read and created compressed with gzip."""

MOST_UNCOMPRESSED = 256 * 1024**2
"""What is read of a compressed journal, in bytes; a million zeros fill a kilobyte."""


class _Content(NamedTuple):
    """A journal's file: entries, how many bytes they fill, and the version that it was written in."""

    entries: list[Entry]
    sound: int
    version: int


class Journal:
    """The writer; hold the campaign's lock while it is open."""

    def __init__(self, path: Path) -> None:
        """Open for appending.

        A torn last line is cut off, kept beside the journal as ``journal.torn``: nothing can have depended on it.  A
        journal of a former version is rewritten in the present one; the original stays as ``journal.v1.jsonl``.
        """
        self.path = path
        if path.exists():
            _check_regular(path)  # opening a pipe would wait
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
            try:
                content = _read(path)  # under the lock: another writer may have ended just now
                if content.version < VERSION:
                    write_file(path.with_suffix(f".v{content.version}.jsonl"), path.read_bytes())
                    write_file(path, b"".join(map(encode, content.entries)))
                    self._file.close()
                    self._open()  # the file was replaced
                    content = _read(path)
                if content.sound < path.stat().st_size:
                    write_file(path.with_suffix(".torn"), path.read_bytes()[content.sound :])
                    self._file.truncate(content.sound)
                    os.fsync(self._file.fileno())
            except BaseException:
                self._file.close()
                raise
        except BlockingIOError as error:
            raise StoreError(f"{path} is being written by another process. Wait for it or end it") from error
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error}. Choose another --home") from error
        self.entries = content.entries
        self._size = content.sound

    def _open(self) -> None:
        """Open the file for appending, and lock it: beside the campaign's lock, a file that somebody may delete."""
        new = not self.path.exists()
        self._file = self.path.open("ab", buffering=0)
        try:
            if new:
                sync_folder(self.path.parent)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self._file.close()
            raise

    def append(self, event: Event) -> Entry:
        """Write one event, flush it to the disk, and return its entry.

        Raises:
            StoreError: the disk is full or gone; nothing of the event stays in the file.
        """
        entry = Entry(len(self.entries), time.time(), event)
        line = encode(entry)
        try:
            if self._file.write(line) != len(line):
                raise OSError("only a part of the line was written; the disk is probably full")  # noqa: TRY301 - joins the disk's own errors
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            raise StoreError(
                f"{self.path}: the journal cannot be written: {error}. The campaign stops here; "
                "free some space and launch it again to resume"
            ) from error
        self._size += len(line)
        self.entries.append(entry)
        return entry

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: Path) -> list[Entry]:
    """Return the entries of a journal, without a torn last line.  A file that ends in ``.gz`` is decompressed.

    Raises:
        JournalError: a damaged line, or a journal of a newer version.
    """
    return _read(path).entries


def create(path: Path, events: Iterable[tuple[float, Event]]) -> None:
    """Write a whole journal of (Unix time in s, event), which is complete afterwards or absent.

    A path that ends in ``.gz`` is compressed; the same events then give the same bytes.

    Raises:
        StoreError: the disk is full or gone.
    """
    try:
        content = b"".join(encode(Entry(n, at, event)) for n, (at, event) in enumerate(events))
        write_file(path, gzip.compress(content, mtime=0) if path.suffix == COMPRESSED else content)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error}. Free some space, or choose another --home") from error


class Repair(NamedTuple):
    """What ``repair`` did.  lines: of the damaged file, complete or not."""

    kept: int
    lines: int
    problem: str
    backup: Path


def repair(path: Path) -> Repair | None:
    """Cut a damaged journal before its first damaged line; the whole file is kept beside it.  None: it is sound.

    Later lines depend on the lost one.  What they recorded is trained again by the next launch, with the same bits.

    Raises:
        JournalError: not even the first line is sound.
        StoreError: the folder cannot be written.
    """
    try:
        _read(path)
    except JournalError as error:
        problem = str(error).partition(f". {ADVICE}")[0]
    else:
        return None
    lines = path.read_bytes().split(b"\n")
    sound: list[bytes] = []
    version = VERSION
    for number, line in enumerate(lines[:-1], start=1):
        try:
            fields = fields_of(line, path, number)
            version = version_of(fields, path) if number == 1 else version
            entry_of(fields, path, number, version)
        except JournalError:
            break
        sound.append(line + b"\n")
    if not sound:
        raise JournalError(f"{problem}. No line before it is sound: restore a backup, or delete the campaign")
    backup = path.with_suffix(".damaged")
    try:
        write_file(backup, path.read_bytes())
        write_file(path, b"".join(sound))
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error}. Free some space") from error
    return Repair(len(sound), len([line for line in lines if line]), problem, backup)


def _read(path: Path) -> _Content:
    if not path.exists():
        return _Content([], 0, VERSION)
    *lines, torn = _bytes(path).split(b"\n")  # not splitlines: a damaged byte may be another line break
    entries: list[Entry] = []
    version = VERSION
    with _without_collection():
        for number, line in enumerate(lines, start=1):
            entry = read_encoded(line, number - 1) if version == VERSION else None
            if entry is None:
                fields = fields_of(line, path, number)
                if number == 1:
                    version = version_of(fields, path)
                entry = entry_of(fields, path, number, version)
            entries.append(entry)
    if _COMPLETE.search(torn):  # not torn by a crash: its end of line is damaged
        raise JournalError(f"{path}, line {len(lines) + 1}: damaged (it does not end with a line break). {ADVICE}")
    return _Content(entries, sum(len(line) + 1 for line in lines), version)


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Pause Python's garbage collector, which would look at all events again and again while none is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _bytes(path: Path) -> bytes:
    _check_regular(path)
    try:
        return _decompressed(path) if path.suffix == COMPRESSED else path.read_bytes()
    except DocumentError as error:
        raise JournalError(f"{path}: {error}") from None
    except OSError as error:
        raise JournalError(f"{path}: the journal cannot be read: {error.strerror or error}") from error


def _check_regular(path: Path) -> None:
    try:
        check_regular(path)
    except DocumentError as error:
        raise JournalError(f"{path}: {error}") from None
    except OSError as error:
        raise JournalError(f"{path}: the journal cannot be read: {error.strerror or error}") from error


def _decompressed(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            content = file.read(MOST_UNCOMPRESSED + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DocumentError(f"is damaged or not compressed with gzip ({error}). Copy the file again") from None
    if len(content) > MOST_UNCOMPRESSED:
        raise DocumentError(
            f"holds more than {MOST_UNCOMPRESSED:,} bytes, the most that is read of a compressed journal. "
            "Decompress it with gunzip"
        )
    return content
