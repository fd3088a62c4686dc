"""``seqtune launch``: start or resume a campaign."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tuning.cli.options import (
    EXIT_INTERRUPTED,
    EXIT_NEGATIVE,
    VAR,
    DatasetsOption,
    HomeOption,
    JsonOption,
    no_trial,
    open_home,
)
from tuning.cli.printing import say

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.analysis.leaderboard import Leaderboard
    from tuning.campaign.plan import Plan
    from tuning.journal.home import Home
    from tuning.journal.log import Entry
    from tuning.journal.record import CampaignRecord
    from tuning.tracking.background import BackgroundPublisher

SHOWN = 10
"""Trials on the leaderboard that ends a launch."""


def launch(
    *,
    campaign: Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml", help="A campaign file.", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, e.g. search.window=4; repeatable."),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Override search.trials.", min=1)] = None,
    name: Annotated[str | None, typer.Option(help="Override name.")] = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start or resume a campaign.

    Keys are those of a campaign file: name, seed, data.*, space.*, search.*, train.*, objective.metric, resources.*,
    budget.wall_s, comparison.* (all with defaults: docs/campaign-file.md, or `seqtune schema`).  Ctrl-C stops a launch;
    the same command resumes it.  Example: seqtune launch campaigns/demo.toml --set search.trials=20
    """
    from tuning.campaign.file import load

    plan = load(campaign, settings=settings or [], trials=trials, name=name)
    record, published = _run(plan, home=open_home(home), datasets=datasets, as_json=as_json)
    if record.finished_at is None:
        last = record.interruptions[-1]
        say(f"seqtune: {last.reason}. The same command resumes the campaign", error=True)
        code = {"user": EXIT_INTERRUPTED, "budget": 0}.get(last.cause, EXIT_NEGATIVE)
        if last.cause == "ray":
            _exit_at_once(code)
        raise typer.Exit(code)
    if not record.ranked():
        raise no_trial(plan.config.name)
    if not published:
        raise typer.Exit(EXIT_INTERRUPTED)


def _exit_at_once(code: int) -> NoReturn:
    """Exit without Python's own end, which would wait for Ray's lost processes."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Tracking:
    """An observer that starts publishing with the first event, so that a launch that never begins leaves no store."""

    def __init__(self, home: "Home", name: str) -> None:
        self.home = home
        self.name = name
        self.publisher: BackgroundPublisher | None = None
        self.interrupted = False

    def __call__(self, record: "CampaignRecord", entry: "Entry") -> None:
        if self.publisher is None:
            from tuning.tracking.background import BackgroundPublisher

            self.publisher = BackgroundPublisher(self.home, self.name)
        self.publisher(record, entry)

    def close(self) -> str | None:
        """Return why MLflow is behind the journal, None where it is not."""
        try:
            return self.publisher.close() if self.publisher else None
        except KeyboardInterrupt:
            self.interrupted = True
            return "interrupted"


def _run(plan: "Plan", *, home: "Home", datasets: Path | None, as_json: bool) -> "tuple[CampaignRecord, bool]":
    """Run a campaign and print its leaderboard; return its record, and False if publishing to MLflow was interrupted.

    Raises what ``launch`` of ``tuning.execution`` raises.
    """
    from tuning.analysis.leaderboard import leaderboard
    from tuning.cli import tables, top
    from tuning.cli.live import display
    from tuning.search.idle import idle_advice

    out = tables.console(error=as_json)
    name = plan.config.name
    if plan.random_only:
        tables.line(
            out,
            f"Note: all {plan.trials} trials are random suggestions, as search.startup_trials = {plan.startup_trials}. "
            "Raise search.trials or lower search.startup_trials for a model-based search",
            "yellow",
        )
    if not home.journal(name).exists() and (advice := idle_advice(plan)):
        tables.line(out, f"Note: {advice}", "yellow")
    tracking = _Tracking(home, name)
    behind: str | None = None
    with display(out) as watching:
        from tuning.execution.launch import launch as run

        try:
            record = run(plan, home=home, datasets=datasets, observers=[watching, tracking], progress=watching.progress)
        finally:
            behind = tracking.close()
    board = leaderboard(record, SHOWN)

    def show() -> None:
        tables.line(out, "")
        top.show(board, out)

    tables.emit(board, as_json=as_json, show=show)
    if behind:
        command = home.command("sync", name)
        tables.line(out, f"MLflow is behind the journal: {behind}. Later: {command}", "yellow")
    if board.ranked:
        _next_steps(board, record, home, out)
    return record, not tracking.interrupted


def _next_steps(board: "Leaderboard", record: "CampaignRecord", home: "Home", out: "Console") -> None:
    """Print the commands that usually follow; each runs as pasted."""
    from tuning.cli import tables

    name = board.campaign
    best = board.configurations[0].trial if board.configurations else board.ranked[0].trial
    commands = [
        home.command("export", name, "-k", SHOWN, "--out", f"{name}-top{SHOWN}.json"),
        home.command("reproduce", name, "--trial", best, datasets=record.datasets),
        home.command("ui"),
    ]
    if record.config.comparison is not None:
        commands.insert(0, home.command("compare", name))
    tables.line(out, "")
    tables.line(out, "Next:")
    for command in commands:
        tables.line(out, f"  {command}", whole=True)
