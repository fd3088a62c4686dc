"""``seqtune spaces``: the search spaces."""

from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tuning.analysis.spaces import DimensionRow, SpaceRow


def _names(incomplete: str) -> list[str]:
    """Complete a space's name in a shell."""
    from search_spaces.catalogue import SPACES

    return [name for name in SPACES if name.startswith(incomplete)]


def spaces(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A space; default: all.", autocompletion=_names)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the search spaces and their dimensions.

    Example: seqtune spaces cnn2d
    """
    from search_spaces.catalogue import SPACES, find
    from tuning.analysis.spaces import describe_spaces
    from tuning.cli import tables

    rows = describe_spaces([find(name)] if name is not None else list(SPACES.values()))
    tables.emit(rows, as_json=as_json, show=lambda: _show(rows, tables.console()))


def _show(rows: "Sequence[SpaceRow]", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column

    for row in rows:
        tables.line(target, f"{row.name}  ({row.source})", "bold")
        tables.table(
            target,
            [Column(head="dimension"), Column(head="values, bounds included"), Column(head="searched")],
            [[d.path, d.values, _searched(d)] for d in row.dimensions],
        )
        tables.line(target, "")
    tables.line(target, "data.balance is a dimension as well where a campaign lists several values for it.")


def _searched(row: "DimensionRow") -> str:
    when = "with space.include" if row.optional else "always"
    return f"{when}, if {row.where}" if row.where else when
