"""What reaches the terminal: one line at a time, without characters that control it."""

import json
import re
from typing import Any

import typer

from data.addresses import masked

_NOT_ASCII = re.compile(r"[^\n -~]")


def printable(text: str) -> str:
    r"""Return a text with escapes for line breaks and all that is not printable, as ``repr`` has them.

    Names, paths and reasons may come from files and servers of others: ``\x1b`` or ``\x9b`` would command the terminal,
    ``\n`` forge a line, ``\u202e`` reverse one.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def say(text: str, *, error: bool = False) -> None:
    """Print one line."""
    typer.echo(printable(text), err=error)


def say_lines(text: str, *, error: bool = False) -> None:
    """Print the lines of a text in which line breaks are our own, without secrets of addresses."""
    typer.echo("\n".join(printable(masked(line)) for line in text.split("\n")), err=error)


def say_error(error: Exception) -> None:
    """Print a user's error: each of its arguments is a line."""
    lines = error.args if all(isinstance(line, str) for line in error.args) else (str(error),)
    typer.echo("\n".join(printable(masked(line)) for line in (f"seqtune: {lines[0]}", *lines[1:])), err=True)


def say_json(data: Any) -> None:
    """Print data as JSON, which escapes controls of ASCII itself."""
    from tuning.journal.text import json_text

    typer.echo(_NOT_ASCII.sub(_escaped, json_text(data)))


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]
