"""``seqtune launch``: start or resume a campaign."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import (
    EXIT_INTERRUPTED,
    VAR,
    DatasetsOption,
    HomeOption,
    JsonOption,
    end_interrupted,
    json_only,
    no_trial,
    open_home,
)
from tuning.cli.printing import say
from tuning.tracking.observer import Tracking

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.analysis.leaderboard import Leaderboard
    from tuning.campaign.plan import Plan
    from tuning.journal.home import Home
    from tuning.journal.record import CampaignRecord

SHOWN = 10
"""Trials on the leaderboard that ends a launch."""


def launch(
    *,
    campaign: Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml", help="A campaign file.", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Override a key: search.window=4. KEY= removes it. Repeatable."
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Override search.trials.", min=1)] = None,
    name: Annotated[str | None, typer.Option(help="Override name.")] = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start or resume a campaign.

    Keys are those of a campaign file: name, seed, code, data.*, space.*, search.*, train.*, objective.metric,
    resources.*, budget.wall_s, limits.*, comparison.* (all with defaults: docs/campaign-file.md, or `seqtune schema`).
    Ctrl-C stops a launch; the same command resumes it.
    Example: seqtune launch campaigns/demo.toml --set search.trials=20
    """
    from tuning.campaign.file import load

    plan = load(
        campaign,
        settings=settings or [],
        trials=trials,
        name=name,
        with_code=True,
        printed=partial(say, error=True),
    )
    record, published = _run(plan, home=open_home(home), datasets=datasets, as_json=as_json)
    if record.finished_at is None:
        end_interrupted(record.interruptions[-1])
    if not record.ranked():
        raise no_trial(plan.config.name)
    if not published:
        raise typer.Exit(EXIT_INTERRUPTED)


def _run(plan: "Plan", *, home: "Home", datasets: Path | None, as_json: bool) -> "tuple[CampaignRecord, bool]":
    """Run a campaign and print its leaderboard; return its record, and False if publishing to MLflow was interrupted.

    Raises what ``launch`` of ``tuning.execution`` raises.
    """
    from tuning.analysis.leaderboard import leaderboard
    from tuning.cli import tables, top
    from tuning.cli.live import display
    from tuning.search.halving import halving_advice
    from tuning.search.idle import idle_advice

    out = tables.console(error=as_json)
    name = plan.config.name
    if reason := plan.random_only:
        tables.line(out, f"Note: all {plan.trials} trials are random suggestions, as {reason}", "yellow")
    for file in plan.config.code_files:
        tables.line(out, f"code: {file}")
    if not home.journal(name).exists():
        for advice in filter(None, (idle_advice(plan), halving_advice(plan))):
            tables.line(out, f"Note: {advice}", "yellow")
    with json_only(as_json=as_json), display(out) as watching, Tracking(home, name) as tracking:
        from tuning.execution.launch import launch as run

        record = run(plan, home=home, datasets=datasets, observers=[watching, tracking], progress=watching.progress)
    board = leaderboard(record, SHOWN)

    def show() -> None:
        tables.line(out, "")
        top.show(board, out)

    tables.emit(board, as_json=as_json, show=show)
    if tracking.behind:
        command = home.command("sync", name)
        tables.line(out, f"MLflow is behind the journal: {tracking.behind}. Later: {command}", "yellow")
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
