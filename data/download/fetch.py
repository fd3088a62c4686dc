"""Data sets that can be downloaded: their files, their sources, and their folders."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from data.addresses import masked
from data.datasets.patients import RECORDS
from data.datasets.ucr import PREFIX, archive_name
from data.download.http import (
    MAX_BYTES,
    DownloadProgress,
    Fetched,
    digest,
    download,
    open_session,
    read_text,
    unwritable,
)
from data.download.unpack import unpack
from data.errors import DataError
from data.files import hint
from data.messages import nearest

if TYPE_CHECKING:
    from requests import Session

HEARTBEATS = "heartbeats-physionet"
PHYSIONET = "https://physionet.org/files/mitdb/1.0.0/"
ARCHIVES = "https://www.timeseriesclassification.com/aeon-toolkit/"
RECORD_BYTES = 4_000_000
"""Of one file of MIT-BIH; its largest have 1,950,000."""
SUMS = "SHA256SUMS.txt"
SOURCE = "SOURCE.json"
"""Beside an archive's files: its URL without secrets and its SHA-256, which is not published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedDataSet:
    """A complete data set.  notes: for the user, about its source."""

    name: str
    folder: Path
    files: tuple[Fetched, ...]
    notes: tuple[str, ...] = ()


def fetch(
    name: str, datasets: Path | None, *, source: str | None, progress: DownloadProgress, max_bytes: int | None = None
) -> FetchedDataSet:
    """Download a data set into ``datasets``; complete files are not downloaded again.

    source: the URL of a mirror's folder, instead of the publisher's.
    max_bytes: of one file; default: what the publisher's files have at most.

    Raises:
        DataError: an unknown name, no folder, another call at work on the folder, or an error of ``download``.
    """
    from filelock import FileLock, Timeout

    if name != HEARTBEATS and not name.startswith(PREFIX):
        meant = nearest(name, [HEARTBEATS], cutoff=0.4)
        raise DataError(f"{name!r} cannot be downloaded. Known: {HEARTBEATS}, {PREFIX}NAME.{meant}")
    archive = None if name == HEARTBEATS else archive_name(name)
    if datasets is None:
        raise DataError(f"{name}: no folder to download to.{hint(datasets)}")
    base = source or (PHYSIONET if archive is None else ARCHIVES)
    if not _is_url(base):
        raise DataError(f"--from {masked(base)}: needs the URL of a folder, http://... or https://...")
    folder = datasets.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fetch.lock", timeout=0), open_session() as session:
            if archive is None:
                return _records(session, base, folder / "mitdb", max_bytes=max_bytes or RECORD_BYTES, progress=progress)
            return _archive(session, base, archive, folder / "ucr", max_bytes=max_bytes or MAX_BYTES, progress=progress)
    except Timeout:
        raise DataError(
            f"{folder}: another `seqtune datasets fetch` is running on this folder. Wait for it to end."
        ) from None
    except OSError as error:
        raise unwritable(error, folder) from error


def _is_url(base: str) -> bool:
    try:
        return urlsplit(base).scheme in {"http", "https"}
    except ValueError:  # [ without ]
        return False


def _address(base: str, name: str) -> str:
    """Return the URL of a file in a folder, which may have a query with a token."""
    parts = urlsplit(base)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def _records(
    session: "Session", base: str, folder: Path, *, max_bytes: int, progress: DownloadProgress
) -> FetchedDataSet:
    """Download the 48 records of MIT-BIH, each file verified with PhysioNet's published checksums."""
    sums_url = _address(base, SUMS)
    text = read_text(session, sums_url)
    pairs = (line.split(maxsplit=1) for line in text.splitlines())
    sums = {pair[1].strip("* "): pair[0].lower() for pair in pairs if len(pair) == 2}  # noqa: PLR2004 - sum and name
    names = ["RECORDS", *(f"{record}.{suffix}" for record in RECORDS for suffix in ("hea", "atr", "dat"))]
    missing = [name for name in names if name not in sums]
    if missing:
        raise DataError(
            f"{masked(sums_url)}: has no checksum of {missing[0]}: not the folder of MIT-BIH's records. Check --from."
        )
    files = tuple(
        download(
            session,
            _address(base, name),
            folder / name,
            sha256=sums[name],
            max_bytes=max_bytes,
            progress=progress,
        )
        for name in names
    )
    (folder / SUMS).write_text(text, encoding="utf-8")
    return FetchedDataSet(name=HEARTBEATS, folder=folder, files=files, notes=("every file has its published sha256",))


def _archive(
    session: "Session", base: str, name: str, folder: Path, *, max_bytes: int, progress: DownloadProgress
) -> FetchedDataSet:
    """Download one archive and unpack its training and test file."""
    paths = tuple(folder / name / f"{name}_{which}.ts" for which in ("TRAIN", "TEST"))
    notes: tuple[str, ...] = ()
    new = not all(path.is_file() for path in paths)
    if new:
        url = _address(base, f"{name}.zip")
        packed = download(session, url, folder / f"{name}.zip", sha256=None, max_bytes=max_bytes, progress=progress)
        try:
            unpack(packed.path, paths)
        finally:
            packed.path.unlink()
        record = folder / name / SOURCE
        origin = {"url": masked(url), "bytes": packed.bytes, "sha256": packed.sha256}
        record.write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
        notes = (f"sha256 of the archive: {packed.sha256}; none is published for comparison. Recorded in {record}",)
    files = tuple(
        Fetched(path=path, bytes=path.stat().st_size, sha256=digest(path), new=new, checked=False) for path in paths
    )
    return FetchedDataSet(name=f"{PREFIX}{name}", folder=folder / name, files=files, notes=notes)
