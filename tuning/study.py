"""What a campaign says about one factor: every setting's mean, and each setting tested against the best one."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from statistics import fmean
from typing import Literal

from search_spaces.dimensions import Value
from tuning.paired import ENOUGH, LEVEL, Estimate, PairedTest, estimate, holm, paired
from tuning.record import CampaignRecord, TrialRecord
from tuning.study_trials import MEASURES, chosen_factor, chosen_measure, figure, grouped

Goal = Literal["max", "min"]
Pairs = dict[tuple[tuple[str, ...], int], list[float]]
"""(other dimensions' values, seed) -> the measure of the completed trials there; empty where none completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of the factor.

    trials: all but those that took over another's result.  open: not ended yet.  failures: reason -> trials.
    values: the measure of each completed trial, ascending; a trial whose measure is no finite number has none.
    means: every measure, and ``parameters``, over the completed trials.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast(PairedTest):
    """One setting minus the best one, over the complete pairs.

    A pair: a trial of each that agree in seed and in every dimension but the factor.  incomplete: pairs of which a
    trial is missing or did not complete.  seeds: different ones among the pairs.  p_holm: after Holm's correction.
    told_apart: whether that is small enough; None without a test.
    """

    setting: Value
    best: Value
    pairs: int
    incomplete: int
    seeds: int
    p_holm: float | None = None
    told_apart: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What ``seqtune study`` tells.

    goal: of the measure.  train_rows, valid_rows: fewest and most of the data variants in use.  seeds, blocks:
    different seeds, and different settings of the other dimensions, among the completed trials.  stepwise: completed
    trials of several epochs;  improving: those of them whose best epoch is in the last tenth.  reused: trials that
    took over another's result and count nowhere.  tests: how many Holm's correction was made for.
    """

    campaign: str
    question: str
    factor: str
    measure: str
    metric: str
    goal: Goal
    dataset: str
    split: str
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
    settings: list[Setting]
    contrasts: list[Contrast]
    tests: int

    @property
    def answered(self) -> bool:
        """Whether any setting has two values of the measure."""
        return self.best is not None


def study(record: CampaignRecord, *, factor: str | None = None, measure: str | None = None) -> Study:
    """Compare the settings of a factor.

    factor: a searched dimension, by its path or its last word; else the campaign file's, else the only one there is.
    measure: one of ``MEASURES``; else the campaign file's, else the objective.

    Raises:
        CampaignError: no such dimension or measure, or several dimensions and none chosen.
    """
    options, config = record.config.study, record.config
    path = chosen_factor(record, factor)
    measured = chosen_measure(record, measure)
    goal: Goal = config.objective.goal if measured == "objective" else "min"
    groups = grouped(record, path)
    settings = _ordered([_setting(trials, path, measured) for trials in groups.values()], goal)
    best = _best(settings, goal)
    contrasts, tests = _contrasts(groups, settings, best, path, measured) if best else ([], 0)
    completed = [trial for trials in groups.values() for trial in trials if trial.status == "completed"]
    stepwise = [trial.result for trial in completed if trial.result and trial.result.epochs > 1]
    variants = [record.data[name] for name in {record.variant(trial.config) for trial in completed}]
    own = options is not None and path.endswith((options.factor, f".{options.factor}"))
    return Study(
        campaign=config.name,
        question=options.question if options and own else "",
        factor=path,
        measure=measured,
        metric=config.objective.metric,
        goal=goal,
        dataset=config.data.dataset,
        split=config.data.split,
        train_rows=_range(sum(data.train.values()) for data in variants),
        valid_rows=_range(sum(data.valid.values()) for data in variants),
        seeds=len({trial.config.seed for trial in completed}),
        blocks=len({_key(trial, sorted(trial.assignment.keys() - {path}))[0] for trial in completed}),
        stepwise=len(stepwise),
        improving=sum((result.best_epoch or 0) > 0.9 * result.epochs for result in stepwise),
        finished=record.finished_at is not None,
        ended=len(record.ended),
        target=record.target,
        reused=sum(trial.reused for trial in record.trials.values()),
        best=best.value if best else None,
        settings=settings,
        contrasts=contrasts,
        tests=tests,
    )


def _setting(trials: Sequence[TrialRecord], factor: str, measure: str) -> Setting:
    count = Counter(trial.status for trial in trials)
    reasons = Counter(t.result.reason or "no reason recorded" for t in trials if t.result and t.status == "failed")
    figures = {
        name: sorted(value for trial in trials if (value := figure(trial, name)) is not None)
        for name in (*MEASURES, "parameters")
    }
    return Setting(
        value=trials[0].assignment[factor],
        trials=len(trials),
        completed=count["completed"],
        failed=count["failed"],
        stopped=count["stopped"],
        open=count["waiting"] + count["running"],
        failures=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        values=figures[measure],
        estimate=estimate(figures[measure]),
        means={name: fmean(values) if values else None for name, values in figures.items()},
    )


def _ordered(settings: list[Setting], goal: Goal) -> list[Setting]:
    """By number where the factor has numbers, else best mean first."""
    if all(isinstance(s.value, int | float) and not isinstance(s.value, bool) for s in settings):
        return sorted(settings, key=lambda s: float(s.value))
    return sorted(settings, key=lambda s: (*_worth(s, goal), repr(s.value)))


def _best(settings: Iterable[Setting], goal: Goal) -> Setting | None:
    """The setting with the best mean; one trial alone may be luck, so it takes two."""
    return min((s for s in settings if len(s.values) >= ENOUGH), key=lambda s: _worth(s, goal), default=None)


def _worth(setting: Setting, goal: Goal) -> tuple[bool, float]:
    mean = setting.estimate.mean
    return (mean is None, 0.0 if mean is None else mean if goal == "min" else -mean)


def _contrasts(
    groups: dict[str, list[TrialRecord]], settings: Sequence[Setting], best: Setting, factor: str, measure: str
) -> tuple[list[Contrast], int]:
    """Every other setting against the best one, and how many tests were corrected for.

    The best one is known from the same figures.  So the family is that of all pairs of settings: corrected for those
    with the best one alone, chance would be told apart too often.
    """
    tests: dict[tuple[str, str], Contrast] = {}
    for one, other in combinations(settings, 2):
        a, b = (repr(s.value) for s in ((other, one) if one is best else (one, other)))
        tests[a, b] = _contrast(groups[a], groups[b], factor, measure)
    tested = {key: contrast.p for key, contrast in tests.items() if contrast.p is not None}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    for key, p in corrected.items():
        tests[key] = replace(tests[key], p_holm=p, told_apart=p < 1 - LEVEL)
    return [contrast for (_, other), contrast in tests.items() if other == repr(best.value)], len(tested)


def _contrast(ours: Sequence[TrialRecord], theirs: Sequence[TrialRecord], factor: str, measure: str) -> Contrast:
    """Test one setting against another.

    Dimensions that only trials of one of both have, as of another model family, cannot agree: over those, the mean
    is taken within a pair.
    """
    shared = sorted(set.intersection(*(set(trial.assignment) for trial in [*ours, *theirs])) - {factor})
    one, other = (_pairs(trials, shared, lambda t: figure(t, measure)) for trials in (ours, theirs))
    complete = sorted(key for key in one.keys() & other.keys() if one[key] and other[key])
    test = paired([fmean(one[key]) for key in complete], [fmean(other[key]) for key in complete])
    return Contrast(
        setting=ours[0].assignment[factor],
        best=theirs[0].assignment[factor],
        pairs=len(complete),
        incomplete=len(one.keys() | other.keys()) - len(complete),
        seeds=len({seed for _, seed in complete}),
        **asdict(test),
    )


def _pairs(
    trials: Iterable[TrialRecord], shared: Sequence[str], measured: Callable[[TrialRecord], float | None]
) -> Pairs:
    pairs: Pairs = {}
    for trial in trials:
        place = pairs.setdefault(_key(trial, shared), [])
        if (value := measured(trial)) is not None:
            place.append(value)
    return {key: sorted(values) for key, values in pairs.items()}


def _key(trial: TrialRecord, shared: Sequence[str]) -> tuple[tuple[str, ...], int]:
    return tuple(repr(trial.assignment[path]) for path in shared), trial.config.seed


def _range(counts: Iterable[int]) -> tuple[int, int]:
    found = sorted(counts) or [0]
    return found[0], found[-1]
