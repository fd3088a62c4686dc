"""The trade-off between objective and cost: which trials no other trial beats in both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tuning.analysis.configurations import configurations
from tuning.campaign.errors import RecordError
from tuning.campaign.objective import ObjectiveConfig
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import trial_name
from tuning.training.results import TrialResult

COSTS: dict[str, tuple[str, str, Callable[[TrialResult], float | None]]] = {
    "parameters": ("parameters", "parameters", lambda result: result.parameters),
    "bytes": ("weights", "bytes", lambda result: result.weight_bytes),
    "seconds": ("training time", "s", lambda result: result.seconds),
    "latency": ("latency of one row", "ms", lambda result: result.latency_ms),
    "latency-batch": ("latency per row of 32", "ms", lambda result: result.latency_batch_ms),
}
"""Name of a cost -> what it is, its unit, and its value of a trial; None in records that lack it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A completed trial, or with replicates a configuration with the means of its completed trials."""

    trials: list[int]
    objective: float
    cost: float
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoFront:
    """What ``seqtune top --pareto`` shows.

    front: the points that no other one equals or beats in both figures while beating it in one; the cheapest first.
    dominated: all others, cheapest first.  lacking: completed trials whose record lacks the cost.  incomplete: trials
    of configurations that lack completed replicates, whose means are left out.
    """

    campaign: str
    metric: str
    goal: str
    cost: str
    quantity: str
    unit: str
    front: list[Point]
    dominated: list[Point]
    lacking: list[int]
    incomplete: list[int]


def pareto(record: CampaignRecord, cost: str) -> ParetoFront:
    """Return a campaign's front of the objective against a cost of ``COSTS``.

    Raises:
        RecordError: trials completed, and none of them has this cost recorded, or no configuration all its replicates.
    """
    quantity, unit, value = COSTS[cost]
    lacking = [trial.index for trial in record.ranked() if trial.result is None or value(trial.result) is None]
    points = _points(record, value)
    incomplete = [trial.index for one in configurations(record) if not one.complete for trial in one.trials]
    if incomplete and not points and len(lacking) < len(record.ranked()):
        raise RecordError(
            f"campaign {record.config.name!r}: no configuration has completed all its replicates. `seqtune top` ranks "
            "incomplete ones, too"
        )
    if lacking and not points:
        raise RecordError(
            f"campaign {record.config.name!r}: no trial has its {quantity} recorded, {trial_name(lacking[0])} for "
            f"example: they were trained by an older version. Choose one of {', '.join(_recorded(record))}"
        )
    best = front(points, record.config.objective)
    return ParetoFront(
        campaign=record.config.name,
        metric=record.config.objective.metric,
        goal=record.config.objective.goal,
        cost=cost,
        quantity=quantity,
        unit=unit,
        front=best,
        dominated=[point for point in _cheapest_first(points, record.config.objective) if point not in best],
        lacking=sorted(lacking),
        incomplete=sorted(incomplete),
    )


def front(points: Sequence[Point], objective: ObjectiveConfig) -> list[Point]:
    """Return the points that are not dominated, the cheapest first; of equal points all."""
    kept: list[Point] = []
    for point in _cheapest_first(points, objective):
        last = kept[-1] if kept else None
        equal = last is not None and (last.cost, last.objective) == (point.cost, point.objective)
        if last is None or equal or objective.better(point.objective, last.objective):
            kept.append(point)
    return kept


def _cheapest_first(points: Sequence[Point], objective: ObjectiveConfig) -> list[Point]:
    return sorted(points, key=lambda point: (point.cost, objective.cost(point.objective), point.trials))


def _points(record: CampaignRecord, value: Callable[[TrialResult], float | None]) -> list[Point]:
    if record.config.search.replicates > 1:
        found = [_point(one.trials, one.completed, value) for one in configurations(record) if one.complete]
    else:
        found = [_point([trial], [trial], value) for trial in record.ranked()]
    return [point for point in found if point is not None]


def _point(
    trials: Sequence[TrialRecord], completed: Sequence[TrialRecord], value: Callable[[TrialResult], float | None]
) -> Point | None:
    results = [trial.result for trial in completed if trial.result is not None]
    costs = [cost for result in results if (cost := value(result)) is not None]
    objectives = [result.objective for result in results if result.objective is not None]
    if len(costs) < len(results) or not costs:
        return None
    return Point(
        trials=[trial.index for trial in trials],
        objective=fmean(objectives),
        cost=fmean(costs) if len(costs) > 1 else costs[0],
        settings=dict(trials[0].assignment),
    )


def _recorded(record: CampaignRecord) -> list[str]:
    return [cost for cost, (_, _, value) in COSTS.items() if _points(record, value)]
