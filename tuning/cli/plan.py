"""``seqtune plan``: what a campaign will cost, before it is launched."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import VAR, DatasetsOption, HomeOption, JsonOption, json_only, open_home
from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tuning.journal.events import DataRecord
    from tuning.journal.text import Cell
    from tuning.planning.duration import Estimate, Range

MIB = 2**20
PARTS = ("train", "valid", "test", "epoch")


def plan(
    *,
    campaign: Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml", help="A campaign file.", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Override a key: search.window=4. KEY= removes it. Repeatable."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Time nothing.")] = False,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a campaign will cost, without launching it.

    Prepares the data, times a few batches of configurations of the space for about a minute, and predicts duration,
    memory and disk.  Example: seqtune plan campaigns/demo.toml
    """
    from tuning.campaign.file import load
    from tuning.cli import tables
    from tuning.planning.estimate import estimate

    planned = load(campaign, settings=settings or [], with_code=True, printed=partial(say, error=True))
    with (
        json_only(as_json=as_json),
        tables.spinner(tables.console(error=True), f"{planned.config.name}: preparing") as progress,
    ):
        found = estimate(planned, home=open_home(home), datasets=datasets, quick=quick, progress=progress)
    tables.emit(found, as_json=as_json, show=lambda: show(found, tables.console()))


def show(found: "Estimate", target: "Console") -> None:
    """Print an estimate."""
    from tuning.cli import tables

    search = found.search
    tables.line(target, f"{found.campaign}: {search.trials} trials, {found.concurrency} at a time", "bold")
    _data(found, target)
    target.print()
    _search(found, target)
    target.print()
    _timed(found, target)
    target.print()
    for name, text in _costs(found):
        tables.line(target, f"{name:<20}{text}")
    if found.findings:
        target.print()
    for text in found.findings:
        tables.line(target, f"Note: {text}")


def _data(found: "Estimate", target: "Console") -> None:
    from tuning.analysis import data_rows
    from tuning.cli import tables
    from tuning.cli.tables import Column

    target.print()
    together = data_rows.undivided(found.data)
    alike: dict[str, tuple[list[str], list[list[Cell]]]] = {}
    for variant, divisions in together.items():
        rows = class_rows(divisions)
        alike.setdefault(repr(rows), ([], rows))[0].append(variant)
    names = len(alike) > 1
    shown = [[*(["; ".join(variants)] if names else []), *row] for variants, rows in alike.values() for row in rows]
    columns = [Column(head=head, right=head in PARTS) for head in (*(["variant"] if names else []), "class", *PARTS)]
    tables.table(target, columns, shown)
    if division := data_rows.division(found.data):
        count = max(map(len, together.values()))
        tables.line(target, f"rows of each of the {count} {division}s, fewest to most where they differ", "dim")
    if found.epoch_rows is not None:
        tables.line(target, f"epochs take {found.epoch_rows:,} of the rows under epoch in turn", "dim")


def class_rows(divisions: "Sequence[DataRecord]") -> "list[list[Cell]]":
    """Return each class with its rows by part, and all of them."""
    from tuning.analysis.data_rows import by_class, text, total

    parts = [by_class(divisions, part) for part in PARTS]
    names = list(dict.fromkeys(name for part in parts for name in part))
    rows: list[list[Cell]] = [[name, *(text(part.get(name, (0, 0))) for part in parts)] for name in names]
    return rows if len(rows) == 1 else [*rows, ["all", *(text(total(divisions, part)) for part in PARTS)]]


def _search(found: "Estimate", target: "Console") -> None:
    from tuning.cli import tables

    search = found.search
    size = "unlimited (a dimension is continuous)" if search.size is None else f"{search.size:,}"
    kinds = [(search.given, "given"), (search.random, "random"), (search.model_based, "model-based")]
    suggested = ", ".join(f"{count} {kind}" for count, kind in kinds if count) or "the grid"
    lines = [("configurations", f"{size} in the space"), ("suggestions", suggested)]
    if search.warm_start:
        lines.append(("warm start", f"earlier results: {search.warm_start}"))
    if search.repeats:
        share = search.repeats / search.configurations
        lines.append(("repeats", f"{search.repeats:.1f} expected ({share:.0%}) if all were random"))
    if search.feasible < 1:
        lines.append(("limits", f"met by {search.feasible:.0%} of random draws"))
    for name, text in lines:
        tables.line(target, f"{name:<20}{text}")


def _timed(found: "Estimate", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column, folded, searched_columns
    from tuning.journal.text import shown

    searched = searched_columns([one.settings for one in found.timed])
    timed = any(one.float32_s is not None for one in found.timed)
    times = ("s/epoch_float32", "s/epoch_bfloat16") if timed else ()
    columns = [
        Column(head="configuration"),
        Column(head="parameters", right=True),
        Column(head="memory\nMiB", right=True, spare=30),
        *(Column(head=folded(name), right=True) for name in times),
        *searched.values(),
    ]
    rows: list[list[Cell]] = [
        [
            one.which,
            None if one.parameters is None else f"{one.parameters:,}",
            None if one.memory_bytes is None else f"{one.memory_bytes / MIB:,.0f}",
            *(None if s is None else f"{s:.2f}" for s in (one.float32_s, one.bfloat16_s) if timed),
            *(shown(one.settings.get(path)) for path in searched),
        ]
        for one in found.timed
    ]
    tables.hidden_columns(target, tables.table(target, columns, rows))


def _costs(found: "Estimate") -> list[tuple[str, str]]:
    from data.memory import shown_bytes

    disk = found.disk
    costs = []
    if found.wall_s is not None:
        costs.append(("duration, float32", _range(found.wall_s)))
    if found.bfloat16_wall_s is not None:
        costs.append(("duration, bfloat16", _range(found.bfloat16_wall_s)))
    if found.process_bytes is not None:
        costs.append(("memory", f"about {shown_bytes(found.process_bytes)} per worker"))
    kept = shown_bytes(disk.weights + disk.checkpoints)
    costs.append(("disk", f"arrays {shown_bytes(disk.arrays)} (prepared), weights and checkpoints about {kept}"))
    return costs


def _range(wall: "Range") -> str:
    from tuning.journal.text import duration

    return f"about {duration(wall.expected)} ({duration(wall.low)} to {duration(wall.high)})"
