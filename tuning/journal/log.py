"""The journal: a campaign's append-only event log, on disk before anything depends on an event.

One JSON object per line: ``n`` (0, 1, ...), ``at`` (Unix time, s), ``kind``, the event's fields, and last ``crc``, the
CRC-32 of the line before it, which tells damage from an append that a crash cut short.
"""

import contextlib
import fcntl
import gc
import gzip
import json
import os
import re
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import TypeAdapter, ValidationError

from tuning.campaign.documents import DEEPEST, DocumentError, check_regular, parse_json
from tuning.campaign.errors import JournalError, StoreError
from tuning.campaign.messages import shown
from tuning.journal.events import Event
from tuning.journal.upgrade import VERSION, upgrade_event
from tuning.training.files import sync_folder, write_file

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
_CRC = ',"crc":"'

_SHAPE = bytes.maketrans(b"123456789,[- \t", b"000000000:::::")
_LONG_NUMBER = b":" + b"0" * 19
"""What a whole number of more than 64 bits looks like in the shape of a line."""

_COMPLETE = re.compile(rb',"crc":"[0-9a-f]{8}"}.')

COMPRESSED = ".gz"
"""Ending of a journal that is read and created compressed with gzip."""

MOST_UNCOMPRESSED = 256 * 1024**2
"""What is read of a compressed journal, in bytes; a million zeros fill a kilobyte."""

BRIEF = 200
"""Longest problem that a message repeats, in characters."""

END_OF_TIME = 253_402_300_800
"""Unix time of the year 10000, s."""

ADVICE = "Keep the sound lines with `seqtune repair NAME`, or restore the file from a backup"


class Entry(NamedTuple):
    """One line."""

    n: int
    at: float
    event: Event


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
        content = _read(path)
        self.entries = content.entries
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if content.version < VERSION:
                write_file(path.with_suffix(f".v{content.version}.jsonl"), path.read_bytes())
                write_file(path, b"".join(map(encode, self.entries)))
                content = _read(path)
            new = not path.exists()
            self._file = path.open("ab", buffering=0)
            if new:
                sync_folder(path.parent)
            # Beside the campaign's lock, a file of its own that somebody may delete.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if content.sound < path.stat().st_size:
                write_file(path.with_suffix(".torn"), path.read_bytes()[content.sound :])
                self._file.truncate(content.sound)
                os.fsync(self._file.fileno())
        except BlockingIOError as error:
            self._file.close()
            raise StoreError(f"{path} is being written by another process. Wait for it or end it") from error
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error}. Choose another --home") from error
        self._size = content.sound

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
            fields = _fields(line, path, number)
            version = _version(fields, path) if number == 1 else version
            _entry(fields, path, number, version)
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


def encode(entry: Entry) -> bytes:
    """One line, newline included."""
    fields = _EVENTS.dump_python(entry.event, mode="json")
    head: dict[str, Any] = {"n": entry.n, "at": entry.at}
    if entry.n == 0:
        head["journal"] = VERSION
    body = json.dumps(head | fields, separators=(",", ":"))[:-1]
    return f'{body}{_CRC}{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def _read(path: Path) -> _Content:
    if not path.exists():
        return _Content([], 0, VERSION)
    *lines, torn = _bytes(path).split(b"\n")  # not splitlines: a damaged byte may be another line break
    entries: list[Entry] = []
    version = VERSION
    with _without_collection():
        for number, line in enumerate(lines, start=1):
            entry = _as_encoded(line, number - 1) if version == VERSION else None
            if entry is None:
                fields = _fields(line, path, number)
                if number == 1:
                    version = _version(fields, path)
                entry = _entry(fields, path, number, version)
            entries.append(entry)
    if _COMPLETE.search(torn):  # not torn by a crash: its end of line is damaged
        raise JournalError(f"{path}, line {len(lines) + 1}: damaged (it does not end with a line break). {ADVICE}")
    return _Content(entries, sum(len(line) + 1 for line in lines), version)


def _as_encoded(line: bytes, n: int) -> Entry | None:
    """Read a line as ``encode`` writes it, in a fraction of the time; None for any other, which may be damaged."""
    head = b'{"n":%d,"at":' % n
    body, _, crc = line.rpartition(_CRC.encode())
    if not body.startswith(head) or crc != b'%08x"}' % zlib.crc32(body):
        return None
    at, _, event = body[len(head) :].partition(b",")
    seconds, point, fraction = at.partition(b".")
    if not (point and seconds.isdigit() and fraction.isdigit() and float(at) < END_OF_TIME):
        return None
    if event.count(b"[") + event.count(b"{") >= DEEPEST or _LONG_NUMBER in event.translate(_SHAPE):
        return None
    with contextlib.suppress(ValidationError):
        return Entry(n, float(at), _EVENTS.validate_json(b"{" + event + b"}"))
    return None


def _fields(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        body, _, crc = line.decode().rpartition(_CRC)
        if f'{zlib.crc32(body.encode()):08x}"}}' != crc:
            raise ValueError("its checksum does not match")  # noqa: TRY301 - one message for all damage
        fields = parse_json(body + "}", finite=False)
        if not isinstance(fields, dict):
            raise ValueError("it is no object")  # noqa: TRY301, TRY004 - likewise
    except (ValueError, UnicodeDecodeError) as error:
        raise JournalError(f"{path}, line {number}: damaged ({error}). {ADVICE}") from error
    return fields


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
    try:
        check_regular(path)
        return _decompressed(path) if path.suffix == COMPRESSED else path.read_bytes()
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


def _version(fields: dict[str, Any], path: Path) -> int:
    version = fields.get("journal", 1)
    if type(version) is not int or version < 1:
        raise JournalError(f"{path}, line 1: journal = {shown(version)} is no version. {ADVICE}")
    if version > VERSION:
        raise JournalError(
            f"{path}: journal of version {version}; this seqtune reads up to {VERSION}. Install a newer seqtune"
        )
    return version


def _entry(fields: dict[str, Any], path: Path, number: int, version: int) -> Entry:
    try:
        fields.pop("journal", None)
        n, at = fields.pop("n"), fields.pop("at")
        event = _EVENTS.validate_python(upgrade_event(fields) if version < VERSION else fields)
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise JournalError(
            f"{path}, line {number}: not an event of this version ({_brief(error)}). {ADVICE}"
        ) from error
    if type(at) not in (int, float) or not 0 <= at < END_OF_TIME:  # NaN is not
        raise JournalError(f"{path}, line {number}: at = {shown(at)} is no time. {ADVICE}")
    if n != number - 1:
        raise JournalError(f"{path}, line {number}: event {n} where event {number - 1} was expected. {ADVICE}")
    return Entry(n, at, event)


def _brief(error: Exception) -> str:
    """Return the first problem, without the values that pydantic repeats."""
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"[:BRIEF]
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:BRIEF]
