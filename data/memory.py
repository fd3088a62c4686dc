"""How much memory a file may take once it is read: compressed files and headers may claim any size."""

from data.errors import DataError
from data.machine import machine_bytes

SHARE = 4
"""One part in this many of the machine's memory may be filled by one file: reading makes up to three copies of it."""

RATIO = 100
"""A file may become this many times as large as it is.  Measured data do not compress so well."""

SMALLEST = 256 * 2**20
"""Below this size the ratio does not count."""


def check_bytes(where: str, needed: int, *, file_bytes: int | None = None) -> None:
    """Check the memory that rows will take, before they are read.

    where: the file.  file_bytes: its size; None where the rows are in memory already, and only their number grows.

    Raises:
        DataError: it is more than a share of the machine's memory, or out of proportion to the file.
    """
    there = machine_bytes()
    if needed > there // SHARE:
        raise DataError(
            f"{where}: takes {shown_bytes(needed)} in memory; allowed are {shown_bytes(there // SHARE)}, 1/{SHARE} of "
            f"this machine's {shown_bytes(there)}. Use fewer rows, shorter sequences, or a larger machine."
        )
    if file_bytes is not None and needed > max(SMALLEST, RATIO * file_bytes):
        raise DataError(
            f"{where}: has {shown_bytes(file_bytes)} and takes {shown_bytes(needed)} in memory; allowed are {RATIO} "
            f"times its size, or {shown_bytes(SMALLEST)}. If these rows are real, store them uncompressed."
        )


def shown_bytes(count: int) -> str:
    """Return a size in the unit that reads best: ``3.9 GiB``."""
    size, units = float(count), ["bytes", "KiB", "MiB", "GiB"]
    while size >= 1024 and len(units) > 1:  # noqa: PLR2004 - to the next unit
        size, units = size / 1024, units[1:]
    return f"{size:,.1f} {units[0]}" if units[0] != "bytes" else f"{count} bytes"
