"""A campaign's trials in the order of its objective; with replicates its configurations in the order of their means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

from rich.console import Console

from tuning import tables
from tuning.configurations import Configuration, configurations
from tuning.record import CampaignRecord, TrialRecord
from tuning.tables import Cell, Column, folded, score, searched_columns, shown

BESIDE = ("accuracy", "recall_macro", "f1_macro", "rmse", "mae", "r2")
"""Metrics shown beside the objective, those that the campaign's trials have."""

BEST = "bold green"
"""How the best trial is printed on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A completed trial.  metrics: of its best epoch, on the validation split."""

    rank: int
    trial: int
    objective: float
    metrics: dict[str, float]
    best_epoch: int
    epochs: int
    settings: dict[str, Any]
    seed: int
    seconds: float
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedConfiguration:
    """A configuration of a campaign with replicates, by the mean of their objectives.

    trials: its replicates.  trial: the first that completed, which an export holds.  low, high: 95 % t-interval of the
    mean.  completed: of how many trials the means are.  complete: whether none lacks; incomplete ones are ranked last.
    metrics, seconds: means.
    """

    rank: int
    trials: list[int]
    trial: int
    mean: float
    low: float | None
    high: float | None
    metrics: dict[str, float]
    completed: int
    replicates: int
    complete: bool
    settings: dict[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unranked:
    """A trial that has no place among the completed ones, and why."""

    trial: int
    status: str
    reason: str | None
    epochs: int
    objective: float | None
    settings: dict[str, Any]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """What ``seqtune top`` shows; ``selection`` says how the figures were chosen.

    ranked: single trials, also with replicates, where ``configurations`` are shown instead.
    """

    campaign: str
    metric: str
    goal: str
    selection: str
    finished: bool
    ended: int
    target: int
    completed: int
    ranked: list[Ranked]
    unranked: list[Unranked]
    notes: list[str]
    """What a reader of the figures should know: of the data and of the launches."""
    configurations: list[RankedConfiguration]
    """Empty without replicates."""


def trial_name(index: int) -> str:
    """Return ``t007``."""
    return f"t{index:03d}"


def trial_spans(indices: Iterable[int]) -> str:
    """Return ``t010-t014, t030``, of ascending indices."""
    runs = [[i for _, i in run] for _, run in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0])]
    return ", ".join("-".join(trial_name(i) for i in dict.fromkeys((run[0], run[-1]))) for run in runs)


def selection(record: CampaignRecord) -> str:
    """Return how trials, or with replicates configurations, are ranked, in one phrase."""
    objective = record.config.objective
    better = "highest" if objective.goal == "max" else "lowest"
    ranked = f"{objective.metric} ({better} first)"
    if record.config.search.replicates > 1:
        ranked = f"mean {objective.metric} of each configuration ({better} first, incomplete ones last)"
    return f"{ranked}, validation split, best epoch of each trial"


def notes(record: CampaignRecord) -> list[str]:
    """Return what was noted of the campaign's data and of its launches, each once."""
    data = [f"data: {note}" for one in record.data.values() for note in one.notes]
    return list(dict.fromkeys([*_replicates(record), *data, *record.notes]))


def _replicates(record: CampaignRecord) -> list[str]:
    count = record.config.search.replicates
    if count == 1:
        return []
    tests = f"; `seqtune study {record.config.name}` tests differences" if record.dimensions else ""
    seeds = f"each configuration has {count} trials with seeds of their own"
    return [f"{seeds}. Figures are means over those that completed, the interval is a 95 % t-interval{tests}."]


def leaderboard(record: CampaignRecord, k: int) -> Leaderboard:
    """Return the best ``k`` completed trials and configurations, and every trial that ended without completing."""
    ranked = record.ranked()
    return Leaderboard(
        campaign=record.config.name,
        metric=record.config.objective.metric,
        goal=record.config.objective.goal,
        selection=selection(record),
        finished=record.finished_at is not None,
        ended=len(record.ended),
        target=record.target,
        completed=len(ranked),
        ranked=[_ranked(rank, trial) for rank, trial in enumerate(ranked[:k], start=1)],
        notes=notes(record),
        unranked=[_unranked(t) for t in record.ended if t.status != "completed" or t.reused],
        configurations=[_means(rank, one) for rank, one in enumerate(configurations(record)[:k], start=1)],
    )


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


def _ranked(rank: int, trial: TrialRecord) -> Ranked:
    result = trial.result
    if result is None or result.objective is None or result.best_epoch is None:
        raise TypeError(f"{trial_name(trial.config.index)} is ranked without an objective")
    return Ranked(
        rank=rank,
        trial=trial.config.index,
        objective=result.objective,
        metrics=dict(result.best_metrics),
        best_epoch=result.best_epoch,
        epochs=result.epochs,
        settings=dict(trial.assignment),
        seed=trial.config.seed,
        seconds=result.seconds,
        status=result.status,
    )


def _means(rank: int, one: Configuration) -> RankedConfiguration:
    results = [trial.result for trial in one.completed if trial.result is not None]
    names = [name for name in results[0].best_metrics if all(name in result.best_metrics for result in results)]
    return RankedConfiguration(
        rank=rank,
        trials=[trial.config.index for trial in one.trials],
        trial=one.completed[0].config.index,
        mean=one.mean,
        low=one.low,
        high=one.high,
        metrics={name: fmean(result.best_metrics[name] for result in results) for name in names},
        completed=one.n,
        replicates=one.replicates,
        complete=one.complete,
        settings=dict(one.trials[0].assignment),
        seconds=fmean(result.seconds for result in results),
    )


def _unranked(trial: TrialRecord) -> Unranked:
    result = trial.result
    reason = (
        f"took over the result of {trial_name(trial.same_as)}" if trial.reused and trial.same_as is not None else None
    )
    return Unranked(
        trial=trial.config.index,
        status=trial.status,
        reason=reason or (result.reason if result else None),
        epochs=result.epochs if result else 0,
        objective=result.objective if result else None,
        settings=dict(trial.assignment),
        seed=trial.config.seed,
    )
