"""Tables printed line by line are those of Rich."""

import io

import pytest
from rich.console import Console
from rich.measure import Measurement

from tuning.cli.tables import UNBOUNDED, Column, fitted, folded, hidden_columns, table
from tuning.journal.text import Cell

COLUMNS = [
    Column(head="trial"),
    Column(head="recall\nmacro", right=True),
    Column(head="batch\nsize", right=True, spare=2),
    Column(head="remark", spare=1),
]
ROWS: list[list[Cell]] = [
    ["t000", 0.5, 16, ""],
    ["t001", None, 3200000, "out of memory, 三百"],
    ["t10000", 0.123456789, "", "a\nb"],
]
STYLES = ["bold green", "", "red"]


def console(width: int, *, terminal: bool) -> Console:
    environment = {"TERM": "xterm"} if terminal else {}
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
        width=width,
        height=20,
        _environ=environment,
    )


def plain(target: Console) -> list[str]:
    written = target.file
    assert isinstance(written, io.StringIO)
    return [line.rstrip() for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("width", [12, 20, 26, 30, 34, 36, 38, 40, 44, 46, 50, 80, UNBOUNDED])
def test_a_table_is_printed_as_rich_prints_it(width: int, *, terminal: bool) -> None:
    ours, rich = console(width, terminal=terminal), console(width, terminal=terminal)
    ours.no_color = rich.no_color = True
    hidden = table(ours, COLUMNS, ROWS)
    built, left_out = fitted(rich, COLUMNS, ROWS)
    rich.print(built)
    assert hidden == left_out
    assert [line.replace("\x1b[1m", "").replace("\x1b[0m", "").rstrip() for line in plain(ours)] == [
        line.replace("\x1b[1m", "").replace("\x1b[0m", "").rstrip() for line in plain(rich)
    ]


@pytest.mark.parametrize("width", range(12, 60))
def test_no_column_is_left_out_that_rich_has_room_for(width: int) -> None:
    target = console(width, terminal=True)
    built, hidden = fitted(target, COLUMNS, ROWS)
    needed = Measurement.get(target, target.options.update(max_width=UNBOUNDED), built).maximum
    assert needed <= width or hidden == ["batch\nsize", "remark"]


def test_hidden_columns_have_their_names_in_one_line() -> None:
    target = console(200, terminal=True)
    hidden_columns(target, ["search\nscore", folded("recall_macro"), "over-\nfitting", f"test {folded('f1_macro')}"])
    assert "(4 columns hidden: search score, recall_macro, overfitting, test f1_macro." in "".join(plain(target))


def test_a_folded_name_is_printed_without_its_underscore() -> None:
    target = console(200, terminal=False)
    table(target, [Column(head=folded("recall_macro_x")), Column(head="b")], [["1", "2"]])
    assert plain(target) == ["recall", "macro_x  b", "1        2"]


def test_the_styles_of_rows_reach_a_terminal() -> None:
    target = console(80, terminal=True)
    table(target, COLUMNS, ROWS, STYLES)
    lines = plain(target)
    assert lines[0].startswith("\x1b[1m")
    assert all(
        line.startswith(style) for line, style in zip(lines[2:], ("\x1b[1;32m", "t001", "\x1b[31m"), strict=True)
    )
