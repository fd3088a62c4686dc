"""Comparison of a factor's levels: the mean of each, and a paired test of each against the best."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from search_spaces.dimensions import Value
from tuning.analysis.configurations import overlap, unit
from tuning.analysis.contrasts import Contrast, adjusted, block, contrasts
from tuning.analysis.factors import (
    RESPONSES,
    chosen_by,
    chosen_factor,
    chosen_response,
    goal_of,
    grouped,
    is_file_factor,
    measured,
    metric_of,
)
from tuning.analysis.interactions import Interaction, interactions
from tuning.analysis.statistics import Estimate, estimate
from tuning.analysis.steps import Step, resampled, step
from tuning.campaign.objective import Goal, cost
from tuning.journal.record import CampaignRecord, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One value of the factor.

    trials: all but those that reused another trial's result.  open: not ended yet.  failures: reason -> trials.
    values: the response of each completed trial, ascending, where it is a finite number.
    means: each response, and ``parameters``, over the completed trials.
    """

    value: Value
    trials: int
    completed: int
    failed: int
    stopped: int
    open: int
    failures: dict[str, int]
    values: list[float]
    estimate: Estimate
    means: dict[str, float | None]

    @property
    def selected(self) -> bool:
        """Whether trials failed or were stopped, so that those in the mean may be the lucky ones."""
        return bool(self.failed or self.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The levels of one factor, over all trials of a campaign or over those of one group.

    by, group: the dimension by which the trials are stratified, and its value in this group; None: all trials.
    goal: of the response.  train_rows, valid_rows: fewest and most over the data variants in use.
    seeds, blocks: different seeds, and combinations of the other dimensions' values, among the completed trials.
    stepwise: completed trials of several epochs;  improving: those whose best epoch is in the last tenth.
    reused: trials that reused another trial's result; they count nowhere.
    folds, splits: of cross-validation, and random ones, or None; variances are then corrected for the overlap of the
    training parts.
    tests: number of tests that Holm's adjustment covers, those of all groups.
    step: what one validation row of the rarest class is worth in the objective; None of a regression.
    resampled: by how much a trial's objective varies with the choice of validation rows; see ``steps.resampled``.
    interactions: of this group with later ones, adjusted for ``interaction_tests`` tests.
    """

    campaign: str
    question: str
    factor: str
    by: str | None
    group: Value | None
    response: str
    metric: str
    goal: Goal
    dataset: str
    split: str
    folds: int | None
    splits: int | None
    train_rows: tuple[int, int]
    valid_rows: tuple[int, int]
    seeds: int
    blocks: int
    stepwise: int
    improving: int
    finished: bool
    ended: int
    target: int
    reused: int
    best: Value | None
    levels: list[Level]
    step: Step | None = None
    resampled: float | None = None
    contrasts: list[Contrast] = field(default_factory=list)
    tests: int = 0
    interactions: list[Interaction] = field(default_factory=list)
    interaction_tests: int = 0

    @property
    def scored(self) -> str | None:
        """The metric that is compared; None of other responses."""
        return metric_of(self.response, self.metric)

    @property
    def division(self) -> str | None:
        """The word for what replicates are validated on in turn, ``fold`` or ``split``; None: one part for all."""
        return "fold" if self.folds is not None else "split" if self.splits is not None else None

    @property
    def answered(self) -> bool:
        """Whether any level has two values of the response."""
        return self.best is not None


def compare(
    record: CampaignRecord, *, factor: str | None = None, by: str | None = None, response: str | None = None
) -> list[Comparison]:
    """Compare the levels of a factor, over all trials or separately for each value of another dimension.

    factor: a searched dimension, by path or last word; default: the campaign file's, else the only one.
    by: a searched dimension; default: the campaign file's, unless ``factor`` is given.
    response: one of ``RESPONSES``, or a recorded metric; default: the campaign file's, else the objective.

    Raises:
        CampaignError: no such dimension or response, several dimensions and none chosen, or the same one for both.
    """
    path, stratum = chosen_factor(record, factor), chosen_by(record, by, factor)
    chosen = chosen_response(record, response)
    groups = list(grouped(record.trials.values(), stratum).values()) if stratum else []
    if not groups:
        groups, stratum = [list(record.trials.values())], None
    comparisons = [_compared(record, group, path, stratum, chosen) for group in groups]
    ratio = overlap(record)
    tests = adjusted([_tests(group, of, ratio) for group, of in zip(groups, comparisons, strict=True)])
    count = sum(contrast.p is not None for group in tests for contrast in group.values())
    between, between_count = (
        interactions(groups, path, stratum, chosen, goal=comparisons[0].goal, ratio=ratio) if stratum else ([], 0)
    )
    return [
        replace(
            of,
            contrasts=[c for (_, second), c in group.items() if second == repr(of.best)],
            tests=count,
            interactions=[test for test in between if test.first == of.group],
            interaction_tests=between_count,
        )
        for of, group in zip(comparisons, tests, strict=True)
    ]


def _tests(trials: Sequence[TrialRecord], comparison: Comparison, ratio: float) -> dict[tuple[str, str], Contrast]:
    """Test all pairs of levels, the best one second; none if there is no best level."""
    if not comparison.answered:
        return {}
    by_level = grouped(trials, comparison.factor)
    ordered = {repr(level.value): by_level[repr(level.value)] for level in comparison.levels}
    return contrasts(ordered, repr(comparison.best), comparison.factor, comparison.response, ratio)


def _compared(
    record: CampaignRecord, trials: Sequence[TrialRecord], path: str, by: str | None, response: str
) -> Comparison:
    """A comparison without its tests.  trials: all of the campaign, or those with one value of ``by``, at least one."""
    options, config = record.config.comparison, record.config
    group = trials[0].assignment[by] if by else None
    metric = metric_of(response, config.objective.metric)
    goal = goal_of(response, config.objective)
    by_level = grouped(trials, path)
    ratio = overlap(record)
    levels = _ordered([_level(level, path, response, metric, ratio) for level in by_level.values()], goal)
    best = _best(levels, goal)
    completed = [trial for level in by_level.values() for trial in level if trial.status == "completed"]
    stepwise = [trial.result for trial in completed if trial.result and trial.result.epochs > 1]
    variants = [record.data[name] for name in sorted({record.variant(trial.config) for trial in completed})]
    return Comparison(
        campaign=config.name,
        question=options.question if options and is_file_factor(record, path) else "",
        factor=path,
        by=by,
        group=group,
        response=response,
        metric=config.objective.metric,
        goal=goal,
        dataset=config.data.dataset,
        split=config.data.split,
        folds=config.data.folds,
        splits=config.data.splits,
        train_rows=_range(sum(data.train.values()) for data in variants),
        valid_rows=_range(sum(data.valid.values()) for data in variants),
        seeds=len({trial.config.seed for trial in completed}),
        blocks=len({block(trial, sorted(trial.assignment.keys() - {path}))[0] for trial in completed}),
        stepwise=len(stepwise),
        improving=sum((result.best_epoch or 0) > 0.9 * result.epochs for result in stepwise),
        finished=record.finished_at is not None,
        ended=len(record.ended),
        target=record.target,
        reused=sum(t.reused for t in record.trials.values() if by is None or t.assignment.get(by) == group),
        best=best.value if best else None,
        levels=levels,
        step=step(variants, metric) if metric else None,
        resampled=resampled(completed, metric) if metric else None,
    )


def _level(trials: Sequence[TrialRecord], factor: str, response: str, metric: str | None, ratio: float) -> Level:
    count = Counter(trial.status for trial in trials)
    reasons = Counter(t.result.reason or "no reason recorded" for t in trials if t.result and t.status == "failed")
    values = {
        name: sorted(value for trial in trials if (value := measured(trial, name)) is not None)
        for name in dict.fromkeys((*RESPONSES, response, "parameters"))
    }
    found = [(value, unit(trial)) for trial in trials if (value := measured(trial, response)) is not None]
    return Level(
        value=trials[0].assignment[factor],
        trials=len(trials),
        completed=count["completed"],
        failed=count["failed"],
        stopped=count["stopped"],
        open=count["waiting"] + count["running"],
        failures=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        values=values[response],
        estimate=estimate(
            [value for value, _ in found],
            metric or response,
            overlap=ratio,
            units=[of for _, of in found] if ratio else None,
        ),
        means={name: fmean(of) if of else None for name, of in values.items()},
    )


def _ordered(levels: list[Level], goal: Goal) -> list[Level]:
    """Ascending where the factor is numeric, else best mean first, after levels without failed or stopped trials."""
    if all(isinstance(level.value, int | float) and not isinstance(level.value, bool) for level in levels):
        return sorted(levels, key=lambda level: float(level.value))
    return sorted(levels, key=lambda level: (level.selected, *_cost(level, goal), repr(level.value)))


def _best(levels: Iterable[Level], goal: Goal) -> Level | None:
    """The level with the best mean, of those with enough values for an interval.

    A level of which no trial failed or was stopped is before all others.
    """
    usable = [level for level in levels if level.estimate.low is not None]
    return min(usable, key=lambda level: (level.selected, *_cost(level, goal)), default=None)


def _cost(level: Level, goal: Goal) -> tuple[bool, float]:
    mean = level.estimate.mean
    return mean is None, 0.0 if mean is None else cost(mean, goal)


def _range(counts: Iterable[int]) -> tuple[int, int]:
    ascending = sorted(counts) or [0]
    return ascending[0], ascending[-1]
