"""One file over HTTP: an interrupted download resumes, and a complete one is verified before it is renamed."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.addresses import masked
from data.download.reading import LEAST_BYTES, WINDOW_S, BrokenError, NoAnswerError, SlowError, reading
from data.errors import DataError

if TYPE_CHECKING:
    from requests import Response, Session

DownloadProgress = Callable[[str, int, int | None], None]
"""Takes a file's name, its bytes so far, and its size, if the server reports it."""
RETRIES = 3
"""Of a connection that cannot be made, with growing pauses."""
PAUSES_S = (0.5, 1.0, 2.0)
"""Before a busy server is asked again."""
ATTEMPTS = 5
"""Broken connections of one file after which a call gives up."""
MAX_BYTES = 4 * 2**30
"""Of one file, where its publisher names no size."""
TEXT_BYTES = 2**20
"""Of a list of checksums, which has a line for each file."""
OK, PARTIAL, BEYOND = 200, 206, 416
BUSY = {429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A complete file.  new: downloaded by this call;  checked: compared with a published sha256."""

    path: Path
    bytes: int
    sha256: str
    new: bool
    checked: bool


def open_session() -> "Session":
    """Return a session that requests uncompressed bytes, so that ranges are offsets.

    The bodies of redirects, which may be of any size, are not read.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"
    session.hooks["response"].append(lambda response, **_: response.raw.close() if response.is_redirect else None)
    # Statuses are retried here: urllib3 reads their whole bodies, and waits as long as Retry-After says.
    retries = Retry(RETRIES, backoff_factor=0.5, respect_retry_after_header=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retries))
    return session


def read_text(session: "Session", url: str) -> str:
    """Return a small text file.

    Raises:
        DataError: it cannot be downloaded, or is no small file.
    """
    text = bytearray()
    with _opened(session, url, 0) as (response, blocks):
        _check_status(response, url, {OK})
        try:
            for block in blocks:
                text += block
                if len(text) > TEXT_BYTES:
                    raise _error(url, f"has more than {TEXT_BYTES:,} bytes: not a list of checksums. Check --from.")
        except BrokenError as error:
            raise _error(url, f"the connection broke ({error}). Run the command again.") from error
    return text.decode("utf-8", errors="replace")


def download(
    session: "Session", url: str, target: Path, *, sha256: str | None, max_bytes: int, progress: DownloadProgress
) -> Fetched:
    """Download ``url`` to ``target``, unless it exists with the right ``sha256``.

    An incomplete file is called ``target``.part, which a later call resumes.  It is renamed once it is complete and,
    where ``sha256`` is given, verified.  A resumed file with a wrong checksum is downloaded once more from the start.

    Raises:
        DataError: no connection, no such file, too many interruptions, too few bytes a minute, more than ``max_bytes``
            or than announced, a wrong checksum, or a file that cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        if sha256 is not None and target.is_file() and digest(target) == sha256:
            return Fetched(path=target, bytes=target.stat().st_size, sha256=sha256, new=False, checked=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.exists()
        checksum = _complete(session, url, part, max_bytes, progress)
        if sha256 is not None and checksum != sha256 and resumed:
            part.unlink()
            checksum = _complete(session, url, part, max_bytes, progress)
        if sha256 is not None and checksum != sha256:
            part.unlink()
            raise _error(
                url,
                f"sha256 is {checksum}, published is {sha256}. The download was deleted. Try again; if the error "
                "persists, the server has another file.",
            )
        part.replace(target)
        return Fetched(path=target, bytes=target.stat().st_size, sha256=checksum, new=True, checked=sha256 is not None)
    except OSError as error:
        raise unwritable(error, target) from error


def unwritable(error: OSError, target: Path) -> DataError:
    """Return the error for a file that cannot be written."""
    reason = error.strerror or error
    return DataError(f"{target}: cannot be written: {reason}. Free some space, and run the command again.")


def _complete(session: "Session", url: str, part: Path, max_bytes: int, progress: DownloadProgress) -> str:
    """Stream until ``part`` is complete, resuming after each interruption; return its sha256."""
    for _ in range(ATTEMPTS):
        try:
            while not _stream(session, url, part, max_bytes, progress):
                part.unlink()
        except BrokenError as error:
            reason = error
            continue
        return digest(part)
    raise _error(
        url,
        f"the connection broke {ATTEMPTS} times, the last time after {part.stat().st_size:,} bytes ({reason}). An "
        "interrupted download resumes: run the same command again.",
    )


def _stream(session: "Session", url: str, part: Path, max_bytes: int, progress: DownloadProgress) -> bool:
    """Append the missing bytes to ``part``; False where it is of another file and must be downloaded from the start."""
    offset = part.stat().st_size if part.exists() else 0
    with _opened(session, url, offset) as (response, blocks):
        if offset and response.status_code == BEYOND:
            return response.headers.get("Content-Range") == f"bytes */{offset}"
        _check_status(response, url, {OK, PARTIAL} if offset else {OK})
        encoded = response.headers.get("Content-Encoding", "identity") != "identity"  # although not requested
        if response.status_code == PARTIAL:
            start, total = _range(response)
            if start != offset or encoded:
                return False
        else:
            offset, total = 0, None if encoded else _length(response)
        if total is not None and total > max_bytes:
            raise _too_large(url, part, f"has {total:,} bytes", max_bytes)
        with part.open("ab" if offset else "wb") as file:
            progress(part.stem, offset, total)
            try:
                for block in blocks:
                    offset += len(block)
                    if total is not None and offset > total:
                        part.unlink()
                        raise _error(url, f"the server sends more than the {total:,} bytes of the file. Try a mirror.")
                    if offset > max_bytes:
                        raise _too_large(url, part, f"has more than {max_bytes:,} bytes", max_bytes)
                    file.write(block)
                    progress(part.stem, offset, total)
            except BrokenError:
                if encoded:  # cannot be resumed, as ranges are those of the encoded bytes
                    file.flush()
                    file.truncate(0)
                raise
            finally:
                with suppress(OSError):  # a full disk; the written part is kept
                    file.flush()
            os.fsync(file.fileno())
    return True


@contextmanager
def _opened(session: "Session", url: str, offset: int) -> "Iterator[tuple[Response, Iterator[bytes]]]":
    """Request a file from ``offset`` on; ask a busy server again."""
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    try:
        for pause_s in (*PAUSES_S, None):
            with reading(session, url, headers) as (response, blocks):
                if pause_s is None or response.status_code not in BUSY:
                    yield response, blocks
                    return
            time.sleep(pause_s)
    except SlowError as error:
        raise _error(
            url,
            f"fewer than {LEAST_BYTES:,} bytes in {WINDOW_S:.0f} s. An interrupted download resumes: run the same "
            "command again later, or name a mirror with --from URL.",
        ) from error
    except NoAnswerError as error:
        raise _error(
            url,
            f"no connection ({error}). Is there a network? Without one, copy the files from a machine that has one, "
            "or name a reachable mirror with --from URL.",
        ) from error


def _check_status(response: "Response", url: str, allowed: set[int]) -> None:
    if response.status_code not in allowed:
        raise _error(
            url,
            f"the server answers {response.status_code} {response.reason}. Check the name, or name a mirror with "
            "--from URL.",
        )


def _too_large(url: str, part: Path, found: str, max_bytes: int) -> DataError:
    part.unlink(missing_ok=True)
    return _error(url, f"{found}; --max-bytes allows {max_bytes:,}. Nothing was kept. Check the source, or allow more.")


def _range(response: "Response") -> tuple[int, int | None]:
    """Return the start of a partial response, and the size of the complete file."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if match is None:
        return -1, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _length(response: "Response") -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _error(url: str, text: str) -> DataError:
    return DataError(masked(f"{url}: {text}"))


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
