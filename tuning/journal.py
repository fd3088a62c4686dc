"""The journal: a campaign's append-only event log, on disk before anything depends on an event.

One JSON object a line: ``n`` (0, 1, ...), ``at`` (Unix time, s), ``kind``, the event's fields, and last ``crc``, the
CRC-32 of the line before it, so that damage is told from an append cut short by a crash.
"""

import contextlib
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import TypeAdapter, ValidationError

from tuning.errors import JournalError, StoreError
from tuning.events import Event

VERSION = 1
_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
_CRC = ',"crc":"'


class Entry(NamedTuple):
    """One line."""

    n: int
    at: float
    event: Event


class Journal:
    """The writer; hold the campaign's lock while it is open."""

    def __init__(self, path: Path) -> None:
        """Open for appending; a torn last line is cut off (nothing can have depended on it)."""
        self.path = path
        self.entries, sound = _read(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error}. Choose another --home") from error
        if sound < path.stat().st_size:
            self._file.truncate(sound)
            os.fsync(self._file.fileno())
        self._size = sound

    def append(self, event: Event) -> Entry:
        """Write one event, flush it to the disk, and return its entry.

        Raises:
            StoreError: the disk is full or gone; nothing of the event stays in the file.
        """
        entry = Entry(len(self.entries), time.time(), event)
        line = encode(entry)
        try:
            if self._file.write(line) != len(line):
                raise OSError("the disk took only a part of the line; it is probably full")  # noqa: TRY301 - joins the disk's own errors
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            raise StoreError(
                f"{self.path}: the journal cannot be written: {error}. The campaign stops here; "
                "make room and launch it again, it goes on from this point"
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
    """Return the entries of a journal, a torn last line left out.

    Raises:
        JournalError: a damaged line, or a journal of a newer version.
    """
    return _read(path)[0]


def create(path: Path, events: Iterable[tuple[float, Event]]) -> None:
    """Write a whole journal of (Unix time in s, event), which is there at the end or not at all.

    Raises:
        StoreError: the disk is full or gone.
    """
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("wb") as file:
            file.writelines(encode(Entry(n, at, event)) for n, (at, event) in enumerate(events))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise StoreError(f"{path} cannot be written: {error}. Make room, or choose another --home") from error


def encode(entry: Entry) -> bytes:
    """One line, newline included."""
    fields = _EVENTS.dump_python(entry.event, mode="json")
    head: dict[str, Any] = {"n": entry.n, "at": entry.at}
    if entry.n == 0:
        head["journal"] = VERSION
    body = json.dumps(head | fields, separators=(",", ":"))[:-1]
    return f'{body}{_CRC}{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def _read(path: Path) -> tuple[list[Entry], int]:
    """Entries, and how many bytes of the file they fill."""
    if not path.exists():
        return [], 0
    content = path.read_bytes()
    entries: list[Entry] = []
    sound = 0
    for number, line in _lines(content):
        end = sound + len(line)
        if not line.endswith(b"\n"):
            break  # torn by a crash: it was never acknowledged
        entries.append(_decode(line, path, number))
        sound = end
    return entries, sound


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    return enumerate(content.splitlines(keepends=True), start=1)


def _decode(line: bytes, path: Path, number: int) -> Entry:
    advice = "Restore the file from a backup, or move it away and launch again to begin anew"
    try:
        body, _, crc = line.decode().rstrip("\n").rpartition(_CRC)
        if f'{zlib.crc32(body.encode()):08x}"}}' != crc:
            raise ValueError("its checksum does not fit")  # noqa: TRY301 - one message for all damage
        fields = json.loads(body + "}")
        version = fields.pop("journal", VERSION)
    except (ValueError, UnicodeDecodeError) as error:
        raise JournalError(f"{path}, line {number}: damaged ({error}). {advice}") from error
    if version > VERSION:
        raise JournalError(
            f"{path}: journal of version {version}; this seqtune reads up to {VERSION}. Install the newer seqtune"
        )
    try:
        n, at = fields.pop("n"), fields.pop("at")
        event = _EVENTS.validate_python(fields)
    except (KeyError, ValidationError) as error:
        raise JournalError(f"{path}, line {number}: not an event of this version ({error}). {advice}") from error
    if n != number - 1:
        raise JournalError(f"{path}, line {number}: event {n} stands where event {number - 1} belongs. {advice}")
    return Entry(n, at, event)
