"""Tables and lines for people on a terminal, in a pipe and in a log; JSON for programs."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console
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
    """One column.

    head: of one or more lines; an underscore at a line's end is not printed.  spare: 0 is always shown; where the
    terminal is too narrow, the largest is left out first.
    """

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
    """Print rows under their heads; return the heads of columns that the terminal has no room for.

    A table that needs no wrapping is printed line by line: Rich takes milliseconds for each of its rows.
    """
    grid = _Grid(target, columns, rows)
    if grid.width > target.width:
        target.print(grid.built(styles))
    else:
        for number, text in enumerate(grid.lines()):
            row = number - grid.head_lines
            style = "bold" if row < 0 else styles[row] if styles else ""
            target.print(Text(text if target.is_terminal else text.rstrip(), style=style), soft_wrap=True)
    return grid.hidden


def fitted(
    target: Console, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], styles: Sequence[str] = ()
) -> tuple[Table, list[str]]:
    """Return a table that the terminal has room for, and the heads of the columns left out.

    styles: one for each row, or none.  Gaps are narrowed before a column is left out.
    """
    grid = _Grid(target, columns, rows)
    return grid.built(styles), grid.hidden


class _Grid:
    """Cells of those columns that a terminal has room for."""

    def __init__(self, target: Console, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        self.columns = columns
        self.cells = [[printable(shown(cell)) for cell in row] for row in rows]
        self.widths = [
            max(cell_len(text) for text in (*_head_lines(column), *(row[i] for row in self.cells)))
            for i, column in enumerate(columns)
        ]
        self.keep = list(range(len(columns)))
        self.gap = WIDE
        while self.width > target.width:
            self.gap = NARROW
            spare = [i for i in self.keep if columns[i].spare]
            if not spare or self.width <= target.width:
                break
            self.keep.remove(max(spare, key=lambda i: (columns[i].spare, i)))
            self.gap = WIDE

    @property
    def width(self) -> int:
        """Width of the columns kept, with their gaps."""
        return sum(self.widths[i] for i in self.keep) + self.gap * (len(self.keep) - 1)

    @property
    def hidden(self) -> list[str]:
        """Heads of the columns left out."""
        return [column.head for i, column in enumerate(self.columns) if i not in self.keep]

    @property
    def head_lines(self) -> int:
        """How many lines the heads take."""
        return 1 + max(self.columns[i].head.count("\n") for i in self.keep)

    def heads(self) -> list[list[str]]:
        """The lines of each kept column's head, aligned at the bottom."""
        heads = [_head_lines(self.columns[i]) for i in self.keep]
        return [[""] * (self.head_lines - len(head)) + head for head in heads]

    def lines(self) -> Iterator[str]:
        """The table without Rich."""
        yield from map(self._line, zip(*self.heads(), strict=True))
        for row in self.cells:
            yield self._line([row[i] for i in self.keep])

    def _line(self, texts: Sequence[str]) -> str:
        padded = []
        for i, text in zip(self.keep, texts, strict=True):
            blanks = " " * (self.widths[i] - cell_len(text))
            padded.append(blanks + text if self.columns[i].right else text + blanks)
        return (" " * self.gap).join(padded)

    def built(self, styles: Sequence[str]) -> Table:
        """The table as Rich's."""
        built = Table(box=None, pad_edge=False, padding=(0, self.gap, 0, 0), header_style="bold")
        for i, head in zip(self.keep, self.heads(), strict=True):  # of our own words, or ``folded``
            built.add_column(Text("\n".join(head)), justify="right" if self.columns[i].right else "left")
        for number, row in enumerate(self.cells):
            built.add_row(*(Text(row[i]) for i in self.keep), style=styles[number] if styles else None)
        return built


def hidden_columns(target: Console, heads: Sequence[str]) -> None:
    """Say how many columns the terminal had no room for, and which."""
    if heads:
        names = ", ".join(head.replace("-\n", "").replace("_\n", "_").replace("\n", " ") for head in heads)
        count = f"{len(heads)} {'column' if len(heads) == 1 else 'columns'}"
        line(target, f"({count} hidden: {names}. Widen the terminal, or use --json)", "dim")


def emit(data: Any, *, as_json: bool, show: Callable[[], None]) -> None:
    """Print data as JSON, or call ``show`` to print it for people."""
    if as_json:
        say_json(data)
    else:
        show()


def folded(name: str) -> str:
    """Break a name after its first underscore, so that its column is no wider than its figures."""
    return printable(name).replace("_", "_\n", 1)


def _head_lines(column: Column) -> list[str]:
    return [text.removesuffix("_") for text in column.head.split("\n")]


def searched_columns(assignments: Sequence[Mapping[str, Cell]]) -> dict[str, Column]:
    """Return path -> column of every searched dimension; those that some trials lack are left out first."""
    names = short_names(dict.fromkeys(path for assignment in assignments for path in assignment))
    return {
        path: Column(head=folded(name), right=True, spare=1 + any(path not in values for values in assignments))
        for path, name in names.items()
    }
