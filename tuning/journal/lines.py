"""One line of a journal: an event as JSON, numbered, timed and checked.

``n`` (0, 1, ...), ``at`` (Unix time, s), ``kind``, the event's fields, and last ``crc``, the CRC-32 of the line before
it, which tells damage from an append that a crash cut short.
"""

import contextlib
import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from tuning.campaign.documents import DEEPEST, parse_json
from tuning.campaign.errors import JournalError
from tuning.campaign.messages import shown
from tuning.journal.events import Event
from tuning.journal.upgrade import VERSION, upgrade_event

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
_CRC = ',"crc":"'

_SHAPE = bytes.maketrans(b"123456789,[- \t", b"000000000:::::")
_LONG_NUMBER = b":" + b"0" * 19
"""What a whole number of more than 64 bits looks like in the shape of a line."""

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


def encode(entry: Entry) -> bytes:
    """Return an entry as a line, newline included."""
    fields = _EVENTS.dump_python(entry.event, mode="json")
    head: dict[str, Any] = {"n": entry.n, "at": entry.at}
    if entry.n == 0:
        head["journal"] = VERSION
    body = json.dumps(head | fields, separators=(",", ":"))[:-1]
    return f'{body}{_CRC}{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def read_encoded(line: bytes, n: int) -> Entry | None:
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


def fields_of(line: bytes, path: Path, number: int) -> dict[str, Any]:
    """Return the object of a line whose checksum matches.  path, number (from 1): what messages name.

    Raises:
        JournalError: the line is damaged.
    """
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


def version_of(fields: dict[str, Any], path: Path) -> int:
    """Return the version that a journal's first line names.

    Raises:
        JournalError: it is no version, or a newer one than this seqtune reads.
    """
    version = fields.get("journal", 1)
    if type(version) is not int or version < 1:
        raise JournalError(f"{path}, line 1: journal = {shown(version)} is no version. {ADVICE}")
    if version > VERSION:
        raise JournalError(
            f"{path}: journal of version {version}; this seqtune reads up to {VERSION}. Install a newer seqtune"
        )
    return version


def entry_of(fields: dict[str, Any], path: Path, number: int, version: int) -> Entry:
    """Return the entry of line ``number`` (from 1) of a journal of a version.

    Raises:
        JournalError: the fields are no event, its time is none, or its number is not that of the line.
    """
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
