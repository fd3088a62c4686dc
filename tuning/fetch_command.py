"""A download as the command line shows it: a bar on a terminal, then what is there and how it was checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from data.downloads import Progress as Report
from data.fetch import Outcome, fetch
from tuning import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file.  new: downloaded now, not found there;  checked: its sha256 is a published one."""

    file: str
    bytes: int
    sha256: str
    new: bool
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRow:
    """One download."""

    name: str
    folder: str
    files: list[FileRow]
    notes: tuple[str, ...]


def run(name: str, *, datasets: Path | None, source: str | None, as_json: bool) -> bool:
    """Download a data set and say so; False where Ctrl-C ended it.  Raises what ``fetch`` raises."""
    try:
        with _bar(tables.console(error=True)) as report:
            outcome = fetch(name, datasets, source=source, progress=report)
    except KeyboardInterrupt:
        typer.echo("seqtune: interrupted; the same command goes on where it stands", err=True)
        return False
    if as_json:
        typer.echo(tables.json_lines(_row(outcome)))
    else:
        _show(outcome, tables.console())
    return True


@contextmanager
def _bar(target: Console) -> Iterator[Report]:
    """Show the file that comes, on a terminal; nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=target, transient=True, disable=not target.is_terminal) as progress:
        task = progress.add_task("connecting", total=None)
        shown = ""

        def report(file: str, there: int, total: int | None) -> None:
            nonlocal shown
            if file != shown:
                progress.reset(task, description=file)
                shown = file
            progress.update(task, completed=there, total=total)

        yield report


def _row(outcome: Outcome) -> FetchRow:
    files = [
        FileRow(file=file.path.name, bytes=file.bytes, sha256=file.sha256, new=file.new, checked=file.checked)
        for file in outcome.files
    ]
    return FetchRow(name=outcome.name, folder=str(outcome.folder), files=files, notes=outcome.notes)


def _show(outcome: Outcome, target: Console) -> None:
    new = sum(file.new for file in outcome.files)
    there = len(outcome.files) - new
    tables.line(target, f"{outcome.name}: {new} files downloaded, {there} were there already: {outcome.folder}", "bold")
    for note in outcome.notes:
        tables.line(target, f"  {note}")
    tables.line(target, f'  in a campaign file: data.dataset = "{outcome.name}"')
