"""Tables and lines for people on a terminal, in a pipe and in a log; JSON for programs."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from tuning.cli.printing import printable, say_json
from tuning.journal.text import Cell, short_names, shown

UNBOUNDED = 10_000
"""Characters a line may have where no terminal limits it: a pipe or a file gets whole lines."""

WIDE, NARROW = 2, 1
"""Blanks between columns."""

BEST = "bold green"
"""How the best trial or level is printed on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.  spare: 0 is always shown; where the terminal is too narrow, the largest is left out first."""

    head: str
    spare: int = 0
    right: bool = False


def console(*, error: bool = False) -> Console:
    """Return where to print: as wide as the terminal, unbounded where there is none."""
    found = Console(stderr=error, highlight=False, soft_wrap=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = UNBOUNDED
    return found


def line(target: Console, text: str, style: str = "", *, whole: bool = False) -> None:
    """Print text without markup; on a terminal wrapped between words, but for a ``whole`` line, as one to be copied."""
    target.print(Text(printable(text), style=style), soft_wrap=whole or not target.is_terminal)


@contextmanager
def spinner(target: Console, text: str) -> Iterator[Callable[[str], None]]:
    """Show a text beside a spinner on a terminal, nothing elsewhere; yield what replaces the text."""
    with target.status(Text(printable(text))) as status:
        yield lambda new: status.update(Text(printable(new)))


def table(
    target: Console, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], styles: Sequence[str] = ()
) -> list[str]:
    """Print rows under their heads; return the heads of columns that the terminal has no room for."""
    built, hidden = fitted(target, columns, rows, styles)
    if target.is_terminal:
        target.print(built)
    else:
        with target.capture() as capture:
            target.print(built)
        for row in capture.get().splitlines():
            target.out(row.rstrip(), highlight=False)
    return hidden


def fitted(
    target: Console, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], styles: Sequence[str] = ()
) -> tuple[Table, list[str]]:
    """Return a table that the terminal has room for, and the heads of the columns left out.

    styles: one for each row, or none.  Gaps are narrowed before a column is left out.
    """
    cells = [[printable(shown(cell)) for cell in row] for row in rows]
    keep = list(range(len(columns)))
    built = _built(columns, cells, keep, WIDE, styles)
    while _width(target, built) > target.width:
        narrow = _built(columns, cells, keep, NARROW, styles)
        spare = [i for i in keep if columns[i].spare]
        if not spare or _width(target, narrow) <= target.width:
            built = narrow
            break
        keep.remove(max(spare, key=lambda i: (columns[i].spare, i)))
        built = _built(columns, cells, keep, WIDE, styles)
    return built, [column.head for i, column in enumerate(columns) if i not in keep]


def hidden_columns(target: Console, heads: Sequence[str]) -> None:
    """Say how many columns the terminal had no room for, and which."""
    if heads:
        names = ", ".join(head.replace("-\n", "").replace("\n", "_") for head in heads)
        count = f"{len(heads)} {'column' if len(heads) == 1 else 'columns'}"
        line(target, f"({count} hidden: {names}. Widen the terminal, or use --json)", "dim")


def emit(data: Any, *, as_json: bool, show: Callable[[], None]) -> None:
    """Print data as JSON, or call ``show`` to print it for people."""
    if as_json:
        say_json(data)
    else:
        show()


def folded(name: str) -> str:
    """Break a name into two lines, so that its column is no wider than its figures."""
    return printable(name).replace("_", "\n", 1)


def searched_columns(assignments: Sequence[Mapping[str, Cell]]) -> dict[str, Column]:
    """Return path -> column of every searched dimension; those that some trials lack are left out first."""
    names = short_names(dict.fromkeys(path for assignment in assignments for path in assignment))
    return {
        path: Column(head=folded(name), right=True, spare=1 + any(path not in values for values in assignments))
        for path, name in names.items()
    }


def _built(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], keep: Sequence[int], gap: int, styles: Sequence[str]
) -> Table:
    built = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    lines = max(columns[i].head.count("\n") for i in keep)
    for i in keep:
        head = "\n" * (lines - columns[i].head.count("\n")) + columns[i].head  # of our own words, or ``folded``
        built.add_column(Text(head), justify="right" if columns[i].right else "left")
    for number, row in enumerate(cells):
        built.add_row(*(Text(row[i]) for i in keep), style=styles[number] if styles else None)
    return built


def _width(target: Console, built: Table) -> int:
    return Measurement.get(target, target.options.update(max_width=UNBOUNDED), built).maximum
