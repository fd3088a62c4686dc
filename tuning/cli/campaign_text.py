"""The text of a campaign file that a command writes."""

import re
import textwrap
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomli_w

from tuning.campaign.draft import Entry
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load
from tuning.cli.printing import printable

COMMENT = 36
"""Column at which comments begin."""
LONGEST = 120
"""Characters of a comment beside a key; a longer one stands above it, in lines of as many."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(head: str, entries: Iterable[Entry]) -> str:
    """Return a campaign file of the entries, tables in the order of their first entries.  head: a comment above."""
    listed = list(entries)
    order = list(dict.fromkeys(entry.table for entry in listed))
    listed.sort(key=lambda entry: order.index(entry.table))
    lines = [f"# {line}" for line in textwrap.wrap(printable(head), LONGEST - 2)]
    for table, members in groupby(listed, key=lambda entry: entry.table):
        lines += ["", f"[{_key(table)}]"] if table else []
        for entry in members:
            lines += _lines(entry)
    return "\n".join(lines) + "\n"


def _lines(entry: Entry) -> list[str]:
    line = f"{'' if entry.active else '# '}{_key(entry.key)} = {_value(entry.value)}"
    why = printable(entry.why)
    if not why:
        return [line]
    beside = f"{line:<{COMMENT}}  # {why}"
    if len(beside) <= LONGEST:
        return [beside]
    return [*(f"# {text}" for text in textwrap.wrap(why, LONGEST)), line]


def _value(value: Any) -> str:
    """Return a value as TOML: on one line, but a list of tables with a line for each."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_value(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, list | tuple):
        if value and all(isinstance(inner, dict) for inner in value):
            return "\n".join(["[", *(f"    {_value(inner)}," for inner in value), "]"])
        return f"[{', '.join(map(_value, value))}]"
    return _toml("value", value).removeprefix("value = ")


def _key(key: str) -> str:
    """Return a key, in quotes where it needs them."""
    return key if _BARE.fullmatch(key) else _toml(key, 0).removesuffix(" = 0")


def _toml(key: str, value: Any) -> str:
    return tomli_w.dumps({key: value}).rstrip("\n")


def check_new(path: Path, argument: str = "--out") -> None:
    """Raise CampaignError where a file is there already, which is not overwritten.  argument: what named it."""
    with suppress(OSError):  # writing the file tells what is wrong with its folder
        if path.exists() or path.is_symlink():
            raise CampaignError(f"{path}: exists, and is not overwritten. Choose another {argument}, or remove it")


def check(content: str) -> None:
    """Read a file's content as a launch would.

    Raises:
        CampaignError: it is no campaign, for example with a name that is not allowed.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.toml"
        path.write_text(content, encoding="utf-8")
        try:
            load(path)
        except CampaignError as error:
            raise CampaignError(*(str(line).removeprefix(f"{path}: ") for line in error.args)) from None
