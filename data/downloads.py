"""One file over HTTP: resumed where it broke off, and verified before it takes its place."""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import DataError

if TYPE_CHECKING:
    from requests import Response, Session

Progress = Callable[[str, int, int | None], None]
"""Told a file's name, the bytes of it that are there, and the bytes it will have, if the server says so."""
TIMEOUT_S = (10.0, 60.0)
"""To connect, and between two blocks."""
RETRIES = 3
"""Of a request that a server is too busy for; with pauses of 0.5 s and more."""
BREAKS = 5
"""How often one file's connection may break before we give up for this time."""
BLOCK = 2**14
"""Bytes read at once; of one that a break cuts off nothing is kept."""
OK, PARTIAL, BEYOND = 200, 206, 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that is there, whole.  new: it was downloaded now;  checked: its sha256 is a published one."""

    path: Path
    bytes: int
    sha256: str
    new: bool
    checked: bool


class _BrokenError(Exception):
    """The connection broke in the middle of a file; what came is kept."""


def open_session() -> "Session":
    """Return a session that asks a busy server again, and for plain bytes: offsets into a compressed file mean none."""
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
    """Return a small text file; DataError where it cannot be had."""
    with _get(session, url, 0) as response:
        _refuse(response, url)
        return _body(response, url)


def download(session: "Session", url: str, target: Path, *, sha256: str | None, progress: Progress) -> Fetched:
    """Download ``url`` to ``target``, or find it there.

    While it comes it is called ``target``.part; there a later call goes on.  It takes its place when it is whole and,
    where ``sha256`` is known, the right one.  A part that gives a wrong one is thrown away and fetched once more.

    Raises:
        DataError: no connection, not there, broken off too often, a wrong checksum, or not to be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        if sha256 is not None and target.is_file() and digest(target) == sha256:
            return Fetched(path=target, bytes=target.stat().st_size, sha256=sha256, new=False, checked=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.exists()
        found = _whole(session, url, part, progress)
        if sha256 is not None and found != sha256 and resumed:
            part.unlink()
            found = _whole(session, url, part, progress)
        if sha256 is not None and found != sha256:
            part.unlink()
            raise DataError(
                f"{url}: sha256 is {found}, published is {sha256}. What came was thrown away. Try again; if it stays "
                "so, the server has another file."
            )
        part.replace(target)
        return Fetched(path=target, bytes=target.stat().st_size, sha256=found, new=True, checked=sha256 is not None)
    except OSError as error:
        raise unwritable(error, target) from error


def unwritable(error: OSError, target: Path) -> DataError:
    """Return the message for a file that the disk does not take."""
    return DataError(f"{target}: cannot be written: {error.strerror or error}. Make room, and run the command again.")


def _whole(session: "Session", url: str, part: Path, progress: Progress) -> str:
    """Stream until ``part`` is whole, going on after each break; return its sha256."""
    for _ in range(BREAKS):
        try:
            while not _stream(session, url, part, progress):
                part.unlink()
        except _BrokenError as error:
            reason = error
            continue
        return digest(part)
    raise DataError(
        f"{url}: the connection broke {BREAKS} times, at last after {part.stat().st_size:,} bytes ({reason}). What "
        "came is kept: the same command goes on from there."
    )


def _stream(session: "Session", url: str, part: Path, progress: Progress) -> bool:
    """Append to ``part`` what it lacks; False where what it holds is of no use, so that it must be fetched anew."""
    from requests import RequestException

    there = part.stat().st_size if part.exists() else 0
    with _get(session, url, there) as response:
        if there and response.status_code == BEYOND:
            return response.headers.get("Content-Range") == f"bytes */{there}"
        _refuse(response, url)
        if response.status_code == PARTIAL:
            begins, total = _range(response)
            if begins != there:
                return False
        else:
            there, total = 0, _length(response)
        with part.open("ab" if there else "wb") as file:
            progress(part.stem, there, total)
            try:
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    there += len(block)
                    progress(part.stem, there, total)
            except RequestException as error:
                raise _BrokenError(_reason(error)) from error
            finally:
                with suppress(OSError):  # of a full disk; what it took is kept
                    file.flush()
            os.fsync(file.fileno())
    return True


def _get(session: "Session", url: str, there: int) -> "Response":
    from requests import RequestException

    try:
        headers = {"Range": f"bytes={there}-"} if there else {}
        return session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
    except (RequestException, ValueError) as error:  # ValueError: of a URL that is none
        raise DataError(
            f"{url}: no connection ({_reason(error)}). Is there a network? Where there is none, bring the files from a "
            "machine that has one, or name a mirror within reach with --from URL."
        ) from error


def _refuse(response: "Response", url: str) -> None:
    if response.status_code not in {OK, PARTIAL}:
        raise DataError(
            f"{url}: the server says {response.status_code} {response.reason}. Check the name; a mirror is named with "
            "--from URL."
        )


def _body(response: "Response", url: str) -> str:
    from requests import RequestException

    try:
        return response.content.decode("utf-8", errors="replace")
    except RequestException as error:
        raise DataError(f"{url}: the connection broke ({_reason(error)}). Run the command again.") from error


def _range(response: "Response") -> tuple[int, int | None]:
    """Return where a partial answer begins, and how long the whole file is."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if found is None:
        return -1, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _length(response: "Response") -> int | None:
    said = response.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() else None


def _reason(error: BaseException) -> str:
    """Return the innermost reason that requests and urllib3 have wrapped."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
    return re.sub(r"^<?HTTPS?Connection[^:]*: ", "", str(error)) or type(error).__name__


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
