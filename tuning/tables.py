"""Tables and lines for people on a terminal, in a pipe and in a log; JSON for programs."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

UNBOUNDED = 10_000
"""Characters a line may have where no terminal limits it: a pipe or a file gets whole lines."""

SHORT = 5
"""Characters of a number that is shown as it is: 0.2, 1e-05."""

SMALL = 0.001
"""Metrics below it are told with four digits: the error of a regression is in the data's own unit."""

WIDE, NARROW = 2, 1
"""Blanks between columns."""

Cell = bool | int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.  spare: 0 always stays; of the others the largest goes first where the terminal is too narrow."""

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
    target.print(Text(text, style=style), soft_wrap=whole or not target.is_terminal)


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
    cells = [[shown(cell) for cell in row] for row in rows]
    keep = list(range(len(columns)))
    built = _built(columns, cells, keep, WIDE, styles)
    while _width(target, built) > target.width:
        narrow = _built(columns, cells, keep, NARROW, styles)
        spare = [i for i in keep if columns[i].spare]
        if not spare or _width(target, narrow) <= target.width:
            built = narrow
            break
        keep.remove(max(spare, key=lambda i: columns[i].spare))
        built = _built(columns, cells, keep, WIDE, styles)
    return built, [column.head for i, column in enumerate(columns) if i not in keep]


def json_lines(data: Any) -> str:
    """Return data as indented JSON; what is no finite number is null."""
    return to_json(data, indent=2, inf_nan_mode="null").decode()


def shown(value: Cell) -> str:
    """Return a value as it stands in a table: a real number with four digits where it is not shorter."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and len(str(value)) > SHORT:
        return min(str(value), f"{value:#.4g}", key=len)
    return str(value)


def score(value: float | None) -> str:
    """Return a metric with four decimals, or four digits where it is so small that they would say little."""
    if value is None:
        return ""
    return f"{value:.4f}" if value == 0 or abs(value) >= SMALL else f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """Return a time span in two units at most: ``41 s``, ``3 min 20 s``, ``2 h 5 min``, ``4 d 3 h``."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next(i for i, (_, size) in enumerate(units) if whole >= size)
    parts = []
    for unit, size in units[first : first + 2]:
        if count := whole // size:
            parts.append(f"{count} {unit}")
        whole %= size
    return " ".join(parts)


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return path -> last word, or the whole path where two end alike."""
    whole = list(paths)
    last = [path.rpartition(".")[2] for path in whole]
    return {path: word if last.count(word) == 1 else path for path, word in zip(whole, last, strict=True)}


def folded(name: str) -> str:
    """Break a name into two lines, so that its column is no wider than its figures."""
    return name.replace("_", "\n", 1)


def searched_columns(assignments: Sequence[Mapping[str, Cell]]) -> dict[str, Column]:
    """Return path -> column of every dimension that a trial searched; those that not all did may be left out."""
    names = short_names(dict.fromkeys(path for assignment in assignments for path in assignment))
    return {
        path: Column(head=folded(name), right=True, spare=int(any(path not in one for one in assignments)))
        for path, name in names.items()
    }


def settings(assignment: Mapping[str, Cell]) -> str:
    """Return ``hidden=64 balance=smote``."""
    names = short_names(assignment)
    return " ".join(f"{names[path]}={shown(value)}" for path, value in assignment.items())


def _built(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], keep: Sequence[int], gap: int, styles: Sequence[str]
) -> Table:
    built = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    lines = max(columns[i].head.count("\n") for i in keep)
    for i in keep:
        head = "\n" * (lines - columns[i].head.count("\n")) + columns[i].head
        built.add_column(Text(head), justify="right" if columns[i].right else "left")
    for number, row in enumerate(cells):
        built.add_row(*(Text(row[i]) for i in keep), style=styles[number] if styles else None)
    return built


def _width(target: Console, built: Table) -> int:
    return Measurement.get(target, target.options.update(max_width=UNBOUNDED), built).maximum
