"""Files out of a zip file from somebody else: those that are wanted, all of them or none."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from zipfile import ZipFile, ZipInfo

from data.errors import DataError
from data.memory import RATIO, SMALLEST, shown_bytes

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Of compression.  The others can decompress one block to any size before it is counted."""

ENCRYPTED = 1
"""In a member's flags."""

DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def unpack(archive: Path, targets: tuple[Path, ...]) -> None:
    """Write the members of a zip file that have the names of ``targets``, and no others.

    Raises:
        DataError: it is no zip file or damaged (each member has a CRC-32), has a member outside its folder, lacks one
            of ``targets`` as a regular file, or would unpack to much more than its own size or than fits on the disk.
        OSError: a target cannot be written.
    """
    try:
        with ZipFile(archive) as opened:
            members = _wanted(archive, opened, targets)
            _check_size(archive, sum(member.file_size for member in members.values()))
            _write(opened, members)
    except DataError:
        raise
    except DAMAGE as error:
        raise DataError(f"{archive}: no zip file, or damaged: {error}. Run the command again.") from error


def _wanted(archive: Path, opened: ZipFile, targets: Iterable[Path]) -> dict[Path, ZipInfo]:
    """Return the member for each target.  Raises DataError where there is none that can be unpacked."""
    files: dict[str, ZipInfo] = {}
    for member in opened.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise DataError(f"{archive}: not unpacked: its member {member.filename!r} is outside the archive's folder.")
        files[path.name or "."] = member
    members: dict[Path, ZipInfo] = {}
    for target in targets:
        if target.name not in files:
            raise DataError(f"{archive}: has no {target.name}. Files: {', '.join(sorted(files)[:8])}.")
        members[target] = files[target.name]
        if problem := _problem(members[target]):
            raise DataError(f"{archive}: not unpacked: its member {target.name} {problem}. Try a mirror with --from.")
        if members[target].header_offset < 0:
            raise zipfile.BadZipFile(f"{target.name} begins before the file")
    return members


def _problem(member: ZipInfo) -> str | None:
    """Return why a member is not unpacked, else None."""
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the archive was not made on Unix
    if kind not in {0, stat.S_IFREG} or member.is_dir():
        return "is a symbolic link" if kind == stat.S_IFLNK else "is no regular file"
    if member.flag_bits & ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in METHODS:
        return f"is compressed by method {member.compress_type}, not by deflate (8)"
    return None


def _check_size(archive: Path, needed: int) -> None:
    """Check the size that the members claim, beyond which zipfile reads nothing of them."""
    packed = archive.stat().st_size
    if needed > max(SMALLEST, RATIO * packed):
        raise DataError(
            f"{archive}: has {shown_bytes(packed)} and unpacks to {shown_bytes(needed)}; allowed are {RATIO} times its "
            f"size, or {shown_bytes(SMALLEST)}. Try a mirror with --from."
        )
    free = shutil.disk_usage(archive.parent).free
    if needed > free:
        raise DataError(f"{archive}: needs {needed:,} bytes to unpack; {free:,} are free. Free some space.")


def _write(opened: ZipFile, members: Mapping[Path, ZipInfo]) -> None:
    """Write each member beside its target, and rename them when all are complete."""
    parts = {target: target.with_name(f"{target.name}.part") for target in members}
    with ExitStack() as stack:
        for target, part in parts.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(part.unlink, missing_ok=True)
            with opened.open(members[target]) as packed, part.open("wb") as file:
                shutil.copyfileobj(packed, file)
        for target, part in parts.items():
            part.replace(target)
