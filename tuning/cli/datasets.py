"""``seqtune datasets``: the data sets known by name, and downloads."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import EXIT_INTERRUPTED, DatasetsOption, JsonOption
from tuning.cli.printing import printable, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from data.catalogue import Description
    from data.download.fetch import FetchedDataSet
    from data.download.http import DownloadProgress

datasets_app = typer.Typer(rich_markup_mode=None)


@datasets_app.callback(invoke_without_command=True)
def datasets(ctx: typer.Context, *, datasets: DatasetsOption = None, as_json: JsonOption = False) -> None:
    """Show the data sets known by name, or download one.

    Example: seqtune datasets --datasets ../datasets
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = (datasets, as_json)
        return
    from data.catalogue import describe
    from tuning.cli import tables

    rows = describe(datasets)
    tables.emit(rows, as_json=as_json, show=lambda: _show_all(rows, tables.console()))


@datasets_app.command()
def fetch(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="heartbeats-physionet, or ucr/NAME.")],
    datasets: Annotated[
        Path | None, typer.Option("--datasets", help="Folder to write to; default: SEQTUNE_DATASETS.", metavar="FOLDER")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="A mirror of the publisher's folder.", metavar="URL")
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option(help="Largest file; default: 4 MB of a record, 4 GiB of an archive.", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Download a data set, or resume its download.

    heartbeats-physionet: 48 records, 94 MB, from physionet.org.  ucr/NAME: an archive of timeseriesclassification.com.
    Example: seqtune datasets fetch ucr/ItalyPowerDemand --datasets ../datasets
    """
    from data.download.fetch import fetch as download
    from tuning.cli import tables

    folder, listed = ctx.obj  # of `seqtune datasets --datasets FOLDER fetch NAME`, and of SEQTUNE_DATASETS
    try:
        with _bar(tables.console(error=True)) as report:
            outcome = download(name, datasets or folder, source=source, progress=report, max_bytes=max_bytes)
    except KeyboardInterrupt:
        say("seqtune: interrupted; the same command resumes the download", error=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    tables.emit(_row(outcome), as_json=as_json or listed, show=lambda: _show_fetched(outcome, tables.console()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file.  new: downloaded now;  checked: its sha256 is a published one."""

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


@contextmanager
def _bar(target: "Console") -> "Iterator[DownloadProgress]":
    """Show the file under way on a terminal; nothing elsewhere."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=target, transient=True, disable=not target.is_terminal) as progress:
        task = progress.add_task("connecting", total=None)
        shown = ""

        def report(file: str, there: int, total: int | None) -> None:
            nonlocal shown
            if file != shown:
                progress.reset(task, description=printable(file))
                shown = file
            progress.update(task, completed=there, total=total)

        yield report


def _row(outcome: "FetchedDataSet") -> FetchRow:
    files = [
        FileRow(file=file.path.name, bytes=file.bytes, sha256=file.sha256, new=file.new, checked=file.checked)
        for file in outcome.files
    ]
    return FetchRow(name=outcome.name, folder=str(outcome.folder), files=files, notes=outcome.notes)


def _show_fetched(outcome: "FetchedDataSet", target: "Console") -> None:
    from tuning.cli import tables

    new = sum(file.new for file in outcome.files)
    there = len(outcome.files) - new
    tables.line(target, f"{outcome.name}: {new} files downloaded, {there} already there: {outcome.folder}", "bold")
    for note in outcome.notes:
        tables.line(target, f"  {note}")
    tables.line(target, f'  in a campaign file: data.dataset = "{outcome.name}"')


def _show_all(rows: "Sequence[Description]", target: "Console") -> None:
    from tuning.cli import tables

    for row in rows:
        tables.line(target, f"{row.name}  {row.size}", "bold")
        tables.line(target, f"  {row.about}")
        tables.line(target, f"  found: {row.where}" if row.found else f"  {row.where}")
    tables.line(target, "")
    tables.line(
        target, "Any table works too: data.dataset = the path of a .csv, .parquet or .npz, one sequence per row."
    )
    tables.line(target, "Archives of timeseriesclassification.com are called ucr/NAME; any .ts file by its path.")
    tables.line(target, "`seqtune datasets fetch NAME` downloads heartbeats-physionet or ucr/NAME.")
