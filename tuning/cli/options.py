"""What several commands share: options, exit codes and the home."""

import os
import sys
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuning.journal.events import Interrupted
    from tuning.journal.home import Home

EXIT_NEGATIVE = 1
"""It ran, and the answer is no."""
EXIT_USAGE = 2
"""The user's error."""
EXIT_INTERRUPTED = 130
"""Ctrl-C or SIGTERM."""

VAR = Path("var")

HomeOption = Annotated[
    Path,
    typer.Option("--home", envvar="SEQTUNE_HOME", help="Folder of journals, arrays and runs.", metavar="FOLDER"),
]
DatasetsOption = Annotated[
    Path | None,
    typer.Option("--datasets", envvar="SEQTUNE_DATASETS", help="Folder of the data sets.", metavar="FOLDER"),
]
CodeOption = Annotated[
    list[Path] | None,
    typer.Option("--code", help="Code of your own that the record names; it is run; repeatable.", metavar="FILE"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LabelOption = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Label column of a table.")]
TextOption = Annotated[str | None, typer.Option("--text", metavar="COLUMN", help="Text column: one text per row.")]
SequenceOption = Annotated[
    str | None, typer.Option("--sequence", metavar="COLUMN", help="Long tables: column with the id of each sequence.")
]


def completed_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a campaign's name in a shell."""
    home = Path(ctx.params.get("home") or VAR).expanduser()
    return sorted(
        path.parent.name for path in home.glob("campaigns/*/journal.jsonl") if path.parent.name.startswith(incomplete)
    )


NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a campaign.", autocompletion=completed_names, show_default=False)
]


def open_home(path: Path) -> "Home":
    """Return the home of an existing folder or of one that a launch may create.

    Raises:
        RecordError: the path is a file, or the default and the system's ``/var``.
    """
    from tuning.campaign.errors import RecordError
    from tuning.journal.home import Home

    if path == VAR and path.absolute() == Path("/var"):
        raise RecordError("the default home ./var would be the system's /var here. Name a folder with --home")
    path = path.expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise RecordError(f"--home {path}: is a file. Name a folder")
    return Home(path)


def existing_home(path: Path) -> "Home":
    """Return the home of a folder that a launch has made.

    Raises:
        RecordError: there is no such folder, or it holds no campaigns.
    """
    from tuning.campaign.errors import RecordError

    home = open_home(path)
    if not (home.path / "campaigns").is_dir():
        missing = "no such folder" if not home.path.exists() else "holds no campaigns"
        raise RecordError(
            f"--home {home.path}: {missing}. Launch a campaign there first, or name another with --home or SEQTUNE_HOME"
        )
    return home


@contextmanager
def json_only(*, as_json: bool) -> "Iterator[None]":
    """Keep standard output for JSON: what a user's code prints meanwhile goes to standard error."""
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield


def no_trial(name: str) -> typer.Exit:
    """Say that no trial has completed, and return the exit."""
    say(f"seqtune: campaign {name!r}: no trial has completed", error=True)
    return typer.Exit(EXIT_NEGATIVE)


def end_interrupted(interruption: "Interrupted") -> NoReturn:
    """Say why a launch or a confirmation ended early, and exit."""
    ending = "" if interruption.cause == "limits" else ". The same command resumes the campaign"
    say(f"seqtune: {interruption.reason}{ending}", error=True)
    code = {"user": EXIT_INTERRUPTED, "budget": 0}.get(interruption.cause, EXIT_NEGATIVE)
    if interruption.cause == "ray":  # without Python's own end, which would wait for Ray's lost processes
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise typer.Exit(code)
