"""A leaderboard as the command line shows it."""

from collections.abc import Sequence

from rich.console import Console

from tuning import tables
from tuning.leaderboard import Leaderboard, Unranked, trial_name, trial_spans
from tuning.tables import Cell, Column, folded, score, searched_columns, shown

BESIDE = ("accuracy", "recall_macro", "f1_macro", "rmse", "mae", "r2")
"""Metrics shown beside the objective, those that the campaign's trials have."""

BEST = "bold green"
"""How the best trial is printed on a terminal."""


def show(board: Leaderboard, target: Console) -> None:
    """Print a leaderboard."""
    tables.line(target, f"{board.campaign}: {_progress(board)}", "bold")
    if board.ranked:
        tables.line(target, f"by {board.selection}")
        target.print()
        (_show_configurations if board.configurations else _show_ranked)(board, target)
    if board.unranked:
        target.print()
        tables.line(target, "Not ranked:")
        for trial in board.unranked:
            tables.line(target, f"  {trial_name(trial.trial)} {_why(trial)}  {tables.settings(trial.settings)}")
    if board.notes:
        target.print()
    for note in board.notes:
        tables.line(target, f"Note: {note}")


def _progress(board: Leaderboard) -> str:
    if board.finished:
        return f"finished, {board.completed} of {board.ended} trials completed"
    change = ": this may change" if board.ranked else ""
    return f"not finished ({board.ended} of {board.target} trials ended){change}"


def _show_ranked(board: Leaderboard, target: Console) -> None:
    searched = searched_columns([row.settings for row in board.ranked])
    beside = _beside(board)
    columns = [
        Column(head="rank", right=True),
        Column(head="trial"),
        Column(head=folded(board.metric), right=True),
        *(Column(head=folded(metric), right=True, spare=3 + i) for i, metric in enumerate(beside)),
        Column(head="best\nepoch", right=True, spare=2),
        *searched.values(),
        Column(head="seed", right=True, spare=10),
        Column(head="seconds", right=True, spare=9),
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
    _table(target, columns, rows, [BEST if row.rank == 1 else "" for row in board.ranked])


def _show_configurations(board: Leaderboard, target: Console) -> None:
    searched = searched_columns([row.settings for row in board.configurations])
    beside = _beside(board)
    columns = [
        Column(head="rank", right=True),
        Column(head="trials"),
        Column(head=folded(board.metric), right=True),
        Column(head="95 % interval", right=True, spare=2),
        Column(head="completed", right=True),
        *(Column(head=folded(metric), right=True, spare=3 + i) for i, metric in enumerate(beside)),
        *searched.values(),
        Column(head="seconds\na trial", right=True, spare=9),
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
    styles = [BEST if row.rank == 1 else "" if row.complete else "dim" for row in board.configurations]
    _table(target, columns, rows, styles)


def _beside(board: Leaderboard) -> list[str]:
    return [m for m in BESIDE if m != board.metric and any(m in row.metrics for row in board.ranked)]


def _table(target: Console, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], styles: Sequence[str]) -> None:
    hidden = [head.replace("\n", "_") for head in tables.table(target, columns, rows, styles)]
    if hidden:
        tables.line(target, f"(no room for {', '.join(hidden)}: see --json)", "dim")


def _why(trial: Unranked) -> str:
    if trial.status == "completed":
        return f"completed: {trial.reason}"
    after = f" after {trial.epochs} {'epoch' if trial.epochs == 1 else 'epochs'}"
    return f"{trial.status}{after}: {trial.reason or 'no reason recorded'}"
