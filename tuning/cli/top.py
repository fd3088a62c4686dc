"""``seqtune top``: a campaign's leaderboard."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import VAR, HomeOption, JsonOption, NameArgument, existing_home, no_trial
from tuning.cli.printing import say

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.analysis.leaderboard import Leaderboard
    from tuning.analysis.trials import TrialRow
    from tuning.cli.tables import Column
    from tuning.journal.record import CampaignRecord
    from tuning.journal.text import Cell


def top(
    *,
    name: NameArgument,
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Plot learning curves of the best five, or the front.")
    ] = None,
    pareto: Annotated[
        str | None,
        typer.Option(
            metavar="COST",
            help="Show the trials that no other beats in objective and cost: parameters, bytes, seconds, latency, "
            "latency-batch.",
        ),
    ] = None,
    epoch_mean: Annotated[
        bool,
        typer.Option("--epoch-mean", help="Rank by the mean over each trial's epochs instead of its best epoch."),
    ] = False,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Show a campaign's best trials.

    With replicates: its best configurations, ranked by their mean objective.  With --epoch-mean: all metrics are means
    over the epochs.  With --pareto: the front of objective
    and cost, whole.  Example: seqtune top demo --pareto parameters
    """
    from tuning.analysis.epoch_means import with_epoch_means
    from tuning.analysis.leaderboard import leaderboard
    from tuning.campaign.errors import CampaignError
    from tuning.cli import plots, tables

    if plot is not None:
        plots.check_suffix(plot)
    if pareto is not None:
        if epoch_mean:
            raise CampaignError("--epoch-mean and --pareto: a front is of best epochs. Leave one of the two out")
        check_cost(pareto)
        _show_front(existing_home(home).record(name), pareto, plot, as_json=as_json)
        return
    record = existing_home(home).record(name)
    board = leaderboard(record, k, epoch_mean=epoch_mean)
    if plot is not None and board.ranked:  # before anything is printed: a reader such as `head` may close the pipe
        from tuning.cli.top_plot import draw

        plots.save(draw(with_epoch_means(record) if epoch_mean else record, k), plot)
    tables.emit(board, as_json=as_json, show=lambda: show(board, tables.console()))
    if not board.ranked:
        raise no_trial(name)
    if plot is not None:
        say(f"plot: {plot}", error=as_json)


def check_cost(cost: str) -> None:
    """Raise CampaignError where there is no such cost."""
    from data.messages import nearest
    from tuning.analysis.pareto import COSTS
    from tuning.campaign.errors import CampaignError

    if cost not in COSTS:
        raise CampaignError(f"--pareto {cost}: no such cost. Known: {', '.join(COSTS)}.{nearest(cost, COSTS)}")


def _show_front(record: "CampaignRecord", cost: str, plot: Path | None, *, as_json: bool) -> None:
    from tuning.analysis.pareto import pareto
    from tuning.cli import pareto as fronts
    from tuning.cli import plots, tables

    found = pareto(record, cost)
    if not found.front:
        raise no_trial(record.config.name)
    if plot is not None:
        plots.save(fronts.draw(found), plot)
    tables.emit(found, as_json=as_json, show=lambda: fronts.show(found, tables.console()))
    if plot is not None:
        say(f"plot: {plot}", error=as_json)


def show(board: "Leaderboard", target: "Console") -> None:
    """Print a leaderboard."""
    from tuning.cli import tables
    from tuning.journal.text import settings, trial_name

    tables.line(target, f"{board.campaign}: {_progress(board)}", "bold")
    if board.ranked:
        tables.line(target, f"ranked by {board.selection}")
        target.print()
        (_show_configurations if board.configurations else _show_trials)(board, target)
    if board.unranked:
        target.print()
        tables.line(target, "Not ranked:")
        for trial in board.unranked:
            tables.line(target, f"  {trial_name(trial.trial)} {_why(trial)}  {settings(trial.settings)}")
    if board.notes:
        target.print()
    for note in board.notes:
        tables.line(target, f"Note: {note}")


def _progress(board: "Leaderboard") -> str:
    if board.finished:
        return f"finished, {board.completed} of {board.ended} trials completed"
    change = ", ranks may change" if board.ranked else ""
    return f"not finished, {board.ended} of {board.target} trials ended{change}"


def _show_trials(board: "Leaderboard", target: "Console") -> None:
    from tuning.cli.tables import Column, folded, searched_columns
    from tuning.journal.text import score, shown, trial_name

    searched = searched_columns([row.settings for row in board.ranked])
    beside = _beside(board)
    columns = [
        Column(head="rank", right=True, spare=4),
        Column(head="trial"),
        Column(head=folded(board.metric), right=True),
        *(Column(head=folded(metric), right=True, spare=6 + i) for i, metric in enumerate(beside)),
        Column(head="best\nepoch", right=True, spare=5),
        *searched.values(),
        Column(head="seed", right=True, spare=13),
        Column(head="seconds", right=True, spare=12),
    ]
    rows: list[list[Cell]] = [
        [
            row.rank,
            trial_name(row.trial),
            score(row.objective),
            *(score(row.metrics.get(metric)) for metric in beside),
            f"{row.best_epoch}/{row.epochs}",
            *(shown(row.settings.get(path)) for path in searched),
            row.seed,
            f"{row.seconds:.0f}",
        ]
        for row in board.ranked
    ]
    _table(target, columns, rows, [row.rank == 1 for row in board.ranked])


def _show_configurations(board: "Leaderboard", target: "Console") -> None:
    from tuning.cli.tables import Column, folded, searched_columns
    from tuning.journal.text import score, shown, trial_spans

    searched = searched_columns([row.settings for row in board.configurations])
    beside = _beside(board)
    columns = [
        Column(head="rank", right=True, spare=4),
        Column(head="trials"),
        Column(head=folded(board.metric), right=True),
        Column(head="95 % interval", right=True, spare=3),
        Column(head="completed", right=True, spare=5),
        *(Column(head=folded(metric), right=True, spare=6 + i) for i, metric in enumerate(beside)),
        *searched.values(),
        Column(head="seconds\nper trial", right=True, spare=12),
    ]
    rows: list[list[Cell]] = [
        [
            row.rank,
            trial_spans(row.trials),
            score(row.mean),
            "" if row.low is None else f"{score(row.low)} to {score(row.high)}",
            f"{row.completed}/{row.replicates}",
            *(score(row.metrics.get(metric)) for metric in beside),
            *(shown(row.settings.get(path)) for path in searched),
            f"{row.seconds:.0f}",
        ]
        for row in board.configurations
    ]
    _table(target, columns, rows, [row.rank == 1 for row in board.configurations])


def _beside(board: "Leaderboard") -> list[str]:
    from tuning.campaign.objective import BESIDE, METRICS

    measured = dict.fromkeys(metric for row in board.ranked for metric in row.metrics)
    own = [metric for metric in measured if metric not in METRICS and "/" not in metric]  # with / they are of a class
    return [metric for metric in (*BESIDE, *own) if metric != board.metric and metric in measured]


def _table(
    target: "Console", columns: "Sequence[Column]", rows: "Sequence[Sequence[Cell]]", best: Sequence[bool]
) -> None:
    from tuning.cli import tables

    hidden = tables.table(target, columns, rows, [tables.BEST if first else "" for first in best])
    tables.hidden_columns(target, hidden)


def _why(trial: "TrialRow") -> str:
    if trial.status == "completed":
        return f"completed: {trial.remark}"
    after = f" after {trial.epochs} {'epoch' if trial.epochs == 1 else 'epochs'}"
    return f"{trial.status}{after}: {trial.remark or 'no reason recorded'}"
