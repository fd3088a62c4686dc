"""One request, read in a thread of its own: it ends in time, whatever the server does and wherever it is slow."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import Response, Session

    Part = Response | bytes | Exception | None

TIMEOUT_S = (10.0, 60.0)
"""For connecting, and between two bytes."""
WINDOW_S = 60.0
LEAST_BYTES = 10_000
"""Bytes of a body that must come while it is waited for ``WINDOW_S``; a header sent byte by byte has none."""
BLOCK = 2**14
"""Most bytes read at once."""
QUEUED = 8
"""Blocks read ahead."""


class NoAnswerError(Exception):
    """There was no response."""


class BrokenError(Exception):
    """The connection broke in the middle of a body."""


class SlowError(Exception):
    """Too few bytes came."""


@contextmanager
def reading(session: "Session", url: str, headers: dict[str, str]) -> Iterator[tuple["Response", Iterator[bytes]]]:
    """Request ``url``; yield the response and the blocks of its body, decoded.

    Raises:
        NoAnswerError: no connection, or an invalid URL.
        BrokenError, SlowError: also by the blocks.
    """
    parts: Queue[Part] = Queue(QUEUED)
    left = Event()
    Thread(target=_read, args=(session, url, headers, parts, left), daemon=True).start()
    arriving = _arriving(parts)
    try:
        response = next(arriving)
        yield response, arriving  # type: ignore[misc] # the first is the response, all others are bytes
    finally:
        left.set()


def _arriving(parts: "Queue[Part]") -> "Iterator[Response | bytes]":
    """Yield what comes; the time in which nobody asks for it does not count."""
    waited_s, count = 0.0, 0
    while True:
        before = time.monotonic()
        try:
            part = parts.get(timeout=max(0.0, WINDOW_S - waited_s))
        except Empty:
            part = b""
        waited_s += time.monotonic() - before
        if part is None:
            return
        if isinstance(part, Exception):
            raise part
        count += len(part) if isinstance(part, bytes) else 0
        if waited_s >= WINDOW_S:
            if count < LEAST_BYTES:
                raise SlowError
            waited_s, count = 0.0, 0
        if part != b"":
            yield part


def _read(
    session: "Session",
    url: str,
    headers: dict[str, str],
    parts: "Queue[Part]",
    left: Event,
) -> None:
    """Put a response, the blocks of its body, and None or an exception, until ``left``."""
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    def put(part: "Part") -> bool:
        while not left.is_set():
            try:
                parts.put(part, timeout=0.2)
            except Full:
                continue
            return True
        return False

    try:
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
    except (RequestException, HTTPError, ValueError) as error:  # ValueError: an invalid URL
        put(NoAnswerError(_reason(error)))
        return
    with response:
        try:
            there = put(response)
            # Not iter_content, which waits for a whole block: a byte at a time would never be seen.
            while there and (block := response.raw.read1(BLOCK, decode_content=True)):
                there = put(block)
            put(None)
        except (HTTPError, OSError) as error:
            put(BrokenError(_reason(error)))


def _reason(error: BaseException) -> str:
    """Return the innermost reason in an exception of requests and urllib3."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
    return re.sub(r"^<?HTTPS?Connection[^:]*: ", "", str(error)) or type(error).__name__
