"""A campaign's trials in the order of its objective; with replicates its configurations in the order of their means."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

from tuning.configurations import Configuration, configurations
from tuning.record import CampaignRecord, TrialRecord


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
