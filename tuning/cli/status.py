"""``seqtune status``: which campaigns there are, and how far each trial has come."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import VAR, HomeOption, JsonOption, existing_home, open_home
from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tuning.analysis.status import Campaign
    from tuning.analysis.trials import TrialRow
    from tuning.journal.home import Home
    from tuning.journal.text import Cell


def status(
    *,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A campaign; default: all.")] = None,
    events: Annotated[bool, typer.Option("--events", help="Print the campaign's journal.")] = False,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Show all campaigns, or one campaign's trials.

    Example: seqtune status demo --events
    """
    from tuning.campaign.errors import CampaignError

    if name is not None:
        place = existing_home(home)
        (_journal if events else _trials)(place, name, as_json=as_json)
    elif events:
        raise CampaignError("--events needs a campaign: seqtune status NAME --events")
    else:
        _campaigns(open_home(home), as_json=as_json)


def _campaigns(home: "Home", *, as_json: bool) -> None:
    from tuning.analysis.status import campaigns
    from tuning.cli import tables

    rows = campaigns(home)
    if rows or as_json:
        tables.emit(rows, as_json=as_json, show=lambda: _show_campaigns(rows, tables.console()))
    else:
        say(f"no campaigns in {home.path} yet; `seqtune launch CAMPAIGN.toml` starts one")


def _journal(home: "Home", name: str, *, as_json: bool) -> None:
    from tuning.cli import tables
    from tuning.cli.event_text import line
    from tuning.journal.record import fold

    entries = home.known_entries(name)
    metric = fold(entries).config.objective.metric

    def show() -> None:
        out = tables.console()
        for entry in entries:
            tables.line(out, line(entry, metric))

    data = [{"n": entry.n, "at": entry.at, **entry.event.model_dump(mode="json")} for entry in entries]
    tables.emit(data, as_json=as_json, show=show)


def _trials(home: "Home", name: str, *, as_json: bool) -> None:
    from tuning.analysis.status import campaign
    from tuning.analysis.trials import trial_row
    from tuning.cli import tables
    from tuning.journal.record import fold

    entries = home.known_entries(name)
    record = fold(entries)
    summary = campaign(home, name, entries)
    rows = [trial_row(trial) for _, trial in sorted(record.trials.items())]
    data = {"campaign": summary, "trials": rows}
    tables.emit(data, as_json=as_json, show=lambda: _show_trials(summary, rows, tables.console()))


def _show_campaigns(rows: "Sequence[Campaign]", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column
    from tuning.journal.text import duration, score, trial_name

    columns = [
        Column(head="campaign"),
        Column(head="state"),
        Column(head="trials", right=True),
        Column(head="failed", right=True, spare=1),
        Column(head="best", right=True),
        Column(head="trial"),
        Column(head="objective", spare=2),
        Column(head="space", spare=3),
        Column(head="data", spare=4),
        Column(head="last event", spare=1),
    ]
    now = time.time()
    cells: list[list[Cell]] = [
        [
            row.name,
            row.state,
            f"{row.ended}/{row.target}" if row.target else "",
            row.failed or "",
            score(row.best),
            "" if row.best_trial is None else trial_name(row.best_trial),
            row.metric,
            row.space,
            row.dataset,
            "" if row.last_event_at is None else f"{duration(max(0.0, now - row.last_event_at))} ago",
        ]
        for row in rows
    ]
    tables.hidden_columns(target, tables.table(target, columns, cells))
    for row in rows:
        if row.problem:
            tables.line(target, row.problem, "red")


def _show_trials(summary: "Campaign", rows: "Sequence[TrialRow]", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column, searched_columns
    from tuning.journal.text import score, shown, trial_name

    best = "" if summary.best_trial is None else f", best {score(summary.best)} ({trial_name(summary.best_trial)})"
    state = f"{summary.state}, {summary.ended} of {summary.target} trials ended{best}"
    tables.line(target, f"{summary.name}: {state}", "bold")
    tables.line(
        target, f'space "{summary.space}" on {summary.dataset}, objective {summary.metric} on the validation split'
    )
    if summary.warm_start:
        sources = ", ".join(f"{count} of {source}" for source, count in summary.warm_start.items())
        tables.line(target, f"warm start with earlier results: {sources}")
    if not rows:
        return
    searched = searched_columns([row.settings for row in rows])
    division = "fold" if any(row.fold is not None for row in rows) else "split"
    divided = any(row.fold or row.split for row in rows)
    columns = [
        Column(head="trial"),
        Column(head="status"),
        Column(head="epochs", right=True),
        Column(head="best", right=True),
        *searched.values(),
        *([Column(head=division, right=True)] if divided else []),
        Column(head="seed", right=True, spare=5),
        Column(head="seconds", right=True, spare=4),
        Column(head="remark", spare=3),
    ]
    cells: list[list[Cell]] = [
        [
            trial_name(row.trial),
            row.status,
            f"{row.epochs}/{row.budget}",
            score(row.objective),
            *(shown(row.settings.get(path)) for path in searched),
            *([row.fold or row.split] if divided else []),
            row.seed,
            f"{row.seconds:.0f}",
            row.remark,
        ]
        for row in rows
    ]
    target.print()
    hidden = tables.table(target, columns, cells)
    tables.hidden_columns(target, hidden)
    if "remark" in hidden:
        for row in rows:
            if row.remark:
                tables.line(target, f"{trial_name(row.trial)}: {row.remark}")
