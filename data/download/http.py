"""One file over HTTP: an interrupted download resumes, and a complete one is verified before it is renamed."""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.addresses import masked
from data.errors import DataError

if TYPE_CHECKING:
    from requests import Response, Session

DownloadProgress = Callable[[str, int, int | None], None]
"""Takes a file's name, its bytes so far, and its size, if the server reports it."""
TIMEOUT_S = (10.0, 60.0)
"""For connecting, and between two blocks."""
RETRIES = 3
"""Of a request to a busy server, with pauses of 0.5 s and more."""
ATTEMPTS = 5
"""Broken connections of one file after which a call gives up."""
BLOCK = 2**14
"""Bytes read at once; an interrupted block is not kept."""
OK, PARTIAL, BEYOND = 200, 206, 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A complete file.  new: downloaded by this call;  checked: compared with a published sha256."""

    path: Path
    bytes: int
    sha256: str
    new: bool
    checked: bool


class _BrokenError(Exception):
    """The connection broke in the middle of a file; the downloaded part is kept."""


def open_session() -> "Session":
    """Return a session that retries a busy server and requests uncompressed bytes, so that ranges are offsets."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"
    busy = Retry(RETRIES, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=busy))
    return session


def read_text(session: "Session", url: str) -> str:
    """Return a small text file; DataError where it cannot be downloaded."""
    with _get(session, url, 0) as response:
        _check_status(response, url)
        return _body(response, url)


def download(session: "Session", url: str, target: Path, *, sha256: str | None, progress: DownloadProgress) -> Fetched:
    """Download ``url`` to ``target``, unless it exists with the right ``sha256``.

    An incomplete file is called ``target``.part, which a later call resumes.  It is renamed once it is complete and,
    where ``sha256`` is given, verified.  A resumed file with a wrong checksum is downloaded once more from the start.

    Raises:
        DataError: no connection, no such file, too many interruptions, a wrong checksum, or a file that cannot be
            written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        if sha256 is not None and target.is_file() and digest(target) == sha256:
            return Fetched(path=target, bytes=target.stat().st_size, sha256=sha256, new=False, checked=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.exists()
        checksum = _complete(session, url, part, progress)
        if sha256 is not None and checksum != sha256 and resumed:
            part.unlink()
            checksum = _complete(session, url, part, progress)
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


def _complete(session: "Session", url: str, part: Path, progress: DownloadProgress) -> str:
    """Stream until ``part`` is complete, resuming after each interruption; return its sha256."""
    for _ in range(ATTEMPTS):
        try:
            while not _stream(session, url, part, progress):
                part.unlink()
        except _BrokenError as error:
            reason = error
            continue
        return digest(part)
    raise _error(
        url,
        f"the connection broke {ATTEMPTS} times, the last time after {part.stat().st_size:,} bytes ({reason}). An "
        "interrupted download resumes: run the same command again.",
    )


def _stream(session: "Session", url: str, part: Path, progress: DownloadProgress) -> bool:
    """Append the missing bytes to ``part``; False where it is of another file and must be downloaded from the start."""
    from requests import RequestException

    offset = part.stat().st_size if part.exists() else 0
    with _get(session, url, offset) as response:
        if offset and response.status_code == BEYOND:
            return response.headers.get("Content-Range") == f"bytes */{offset}"
        _check_status(response, url)
        if response.status_code == PARTIAL:
            start, total = _range(response)
            if start != offset:
                return False
        else:
            offset, total = 0, _length(response)
        with part.open("ab" if offset else "wb") as file:
            progress(part.stem, offset, total)
            try:
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    offset += len(block)
                    progress(part.stem, offset, total)
            except RequestException as error:
                raise _BrokenError(_reason(error)) from error
            finally:
                with suppress(OSError):  # a full disk; the written part is kept
                    file.flush()
            os.fsync(file.fileno())
    return True


def _get(session: "Session", url: str, offset: int) -> "Response":
    from requests import RequestException

    try:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        return session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
    except (RequestException, ValueError) as error:  # ValueError: an invalid URL
        raise _error(
            url,
            f"no connection ({_reason(error)}). Is there a network? Without one, copy the files from a machine that "
            "has one, or name a reachable mirror with --from URL.",
        ) from error


def _check_status(response: "Response", url: str) -> None:
    if response.status_code not in {OK, PARTIAL}:
        raise _error(
            url,
            f"the server answers {response.status_code} {response.reason}. Check the name, or name a mirror with "
            "--from URL.",
        )


def _body(response: "Response", url: str) -> str:
    from requests import RequestException

    try:
        return response.content.decode("utf-8", errors="replace")
    except RequestException as error:
        raise _error(url, f"the connection broke ({_reason(error)}). Run the command again.") from error


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


def _reason(error: BaseException) -> str:
    """Return the innermost reason in an exception of requests and urllib3."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
    return re.sub(r"^<?HTTPS?Connection[^:]*: ", "", str(error)) or type(error).__name__


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
