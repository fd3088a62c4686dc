"""TOML and JSON of unknown origin: bounded in size, depth and numbers before anything else looks at them."""

import errno
import json
import math
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, NoReturn

DEEPEST = 100
"""Tables and lists within one another; a campaign file has three levels, an export eight."""

MOST_WORDS = 50
"""Words of a dotted key; tomllib takes memory with the square of their number."""

_INTEGERS = range(-(2**63), 2**63)
# A word is looked for at its beginning only: from each of its characters the time would grow with its length squared.
_LONG_KEY = re.compile(rf"""(?:(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MOST_WORDS}}}""")
_TOO_DEEP = f"its tables and lists are nested too deeply; at most {DEEPEST} levels are read"


class DocumentError(ValueError):
    """A document that is refused as a whole; the message does not name the file."""


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes.

    Raises:
        DocumentError: a pipe or a device, which may never end, or a larger file.
        OSError: it cannot be read.
    """
    check_regular(path)
    size = path.stat().st_size
    if size > most:
        raise DocumentError(f"has {size:,} bytes; at most {most:,} are read. Is it the right file?")
    return path.read_bytes()


def check_regular(path: Path) -> None:
    """Raise DocumentError for a pipe or a device, IsADirectoryError for a folder, OSError where there is nothing."""
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a NUL in the path
        raise DocumentError(f"is no path: {error}") from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise DocumentError("is not a regular file but a pipe or a device. Copy its content to a file")


def parse_toml(text: str) -> dict[str, Any]:
    """Return a TOML document.

    Raises:
        tomllib.TOMLDecodeError: it is not TOML.
        DocumentError: it is nested too deeply, or holds a number or a key that is too long.
    """
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise DocumentError(f"line {line}: a key of more than {MOST_WORDS} words")
    try:
        document = tomllib.loads(text)
        checked(document)
    except RecursionError:
        raise DocumentError(_TOO_DEEP) from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # Python's limit on the digits of a number
        raise DocumentError(str(error)) from None
    else:
        return document


def parse_json(text: str | bytes, *, finite: bool = True) -> Any:
    """Return a JSON document.  finite: refuse NaN and Infinity, which Python writes and JSON does not know.

    Raises:
        ValueError: it is not JSON, it is nested too deeply, or holds a number that is too long.
    """
    try:
        return checked(json.loads(text, parse_constant=_no_number if finite else None), finite=finite)
    except RecursionError:
        raise DocumentError(_TOO_DEEP) from None


def checked(document: Any, *, finite: bool = False) -> Any:
    """Return a parsed document, whose numbers have 64 bits and whose levels can be walked through.

    Raises:
        DocumentError: it is not so.
    """
    waiting = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise DocumentError(_TOO_DEEP)
        if isinstance(value, dict | list):
            waiting += [(inner, depth + 1) for inner in (value.values() if isinstance(value, dict) else value)]
        elif isinstance(value, int) and value not in _INTEGERS:
            raise DocumentError("holds a whole number of more than 64 bits")
        elif finite and isinstance(value, float) and not math.isfinite(value):
            _no_number(str(value))
    return document


def _no_number(constant: str) -> NoReturn:
    raise DocumentError(f"holds {constant} where a finite number is needed")
