"""What a campaign says about one factor: every setting's mean, and each setting tested against the best one."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from statistics import fmean
from typing import Literal

from search_spaces.dimensions import Value
from tuning.paired import ENOUGH, LEVEL, Estimate, PairedTest, estimate, holm, paired
from tuning.record import CampaignRecord, TrialRecord
from tuning.study_trials import MEASURES, chosen_by, chosen_factor, chosen_measure, figure, grouped

Goal = Literal["max", "min"]
Tests = dict[tuple[str, str], "Contrast"]
"""``repr`` of two settings -> the first minus the second."""
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

    by, group: the dimension that parts the campaign's trials, and the value of it that these trials have; None: the
    study is of all.  goal: of the measure.  train_rows, valid_rows: fewest and most of the data variants in use.
    seeds, blocks: different seeds, and different settings of the other dimensions, among the completed trials.
    stepwise: completed trials of several epochs;  improving: those of them whose best epoch is in the last tenth.
    reused: trials that took over another's result and count nowhere.
    tests: how many Holm's correction was made for, in all groups.
    """

    campaign: str
    question: str
    factor: str
    by: str | None
    group: Value | None
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
    contrasts: list[Contrast] = field(default_factory=list)
    tests: int = 0

    @property
    def answered(self) -> bool:
        """Whether any setting has two values of the measure."""
        return self.best is not None


def studies(
    record: CampaignRecord, *, factor: str | None = None, by: str | None = None, measure: str | None = None
) -> list[Study]:
    """Compare the settings of a factor: one study of all trials, or one for each value of another dimension.

    factor: a searched dimension, by its path or its last word; else the campaign file's, else the only one there is.
    by: a dimension as well; else the campaign file's, if the factor is the file's too.
    measure: one of ``MEASURES``; else the campaign file's, else the objective.

    Raises:
        CampaignError: no such dimension or measure, several dimensions and none chosen, or the same one for both.
    """
    path, parting = chosen_factor(record, factor), chosen_by(record, by, factor)
    measured = chosen_measure(record, measure)
    trials = list(record.trials.values())
    parts = list(grouped(trials, parting).values()) if parting else []
    made = [_study(record, part, path, parting, measured) for part in parts]
    if not parts:
        parts, made = [trials], [_study(record, trials, path, None, measured)]
    tests = _corrected([_tests(part, one) for part, one in zip(parts, made, strict=True)])
    count = sum(test.p is not None for group in tests for test in group.values())
    return [
        replace(one, contrasts=[c for (_, other), c in group.items() if other == repr(one.best)], tests=count)
        for one, group in zip(made, tests, strict=True)
    ]


def _study(record: CampaignRecord, trials: Sequence[TrialRecord], path: str, by: str | None, measured: str) -> Study:
    """One study without its tests.  trials: all there are, or those with one value of ``by``, at least one."""
    options, config = record.config.study, record.config
    group = trials[0].assignment[by] if by else None
    goal: Goal = config.objective.goal if measured == "objective" else "min"
    groups = grouped(trials, path)
    settings = _ordered([_setting(group, path, measured) for group in groups.values()], goal)
    best = _best(settings, goal)
    completed = [trial for group in groups.values() for trial in group if trial.status == "completed"]
    stepwise = [trial.result for trial in completed if trial.result and trial.result.epochs > 1]
    variants = [record.data[name] for name in {record.variant(trial.config) for trial in completed}]
    own = options is not None and path.endswith((options.factor, f".{options.factor}"))
    return Study(
        campaign=config.name,
        question=options.question if options and own else "",
        factor=path,
        by=by,
        group=group,
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
        reused=sum(t.reused for t in record.trials.values() if by is None or t.assignment.get(by) == group),
        best=best.value if best else None,
        settings=settings,
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


def _tests(trials: Sequence[TrialRecord], made: Study) -> Tests:
    """Every pair of settings, of which the best one is the second; none where no setting is the best."""
    groups, best = grouped(trials, made.factor), repr(made.best)
    pairs = combinations([repr(s.value) for s in made.settings], 2) if made.answered else ()
    ordered = [(other, one) if one == best else (one, other) for one, other in pairs]
    return {(a, b): _contrast(groups[a], groups[b], made.factor, made.measure) for a, b in ordered}


def _corrected(studies: Sequence[Tests]) -> list[Tests]:
    """Holm's correction over all tests of all studies.

    The best setting is known from the same figures.  So the family is that of all pairs of settings: corrected for
    those with the best one alone, chance would be told apart too often.
    """
    raw = [contrast.p for tests in studies for contrast in tests.values() if contrast.p is not None]
    ps = iter(holm(raw))
    return [
        {
            key: contrast if contrast.p is None else replace(contrast, p_holm=(p := next(ps)), told_apart=p < 1 - LEVEL)
            for key, contrast in tests.items()
        }
        for tests in studies
    ]


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
