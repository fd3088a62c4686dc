"""What a confirmation says: each configuration's mean on validation and test part, and which differences are real.

Configurations are ranked by their mean on the validation part, never on the test part.  Units are seeds, or the
folds or splits where the campaign has several, or with two or more fresh splits these.  Training parts of several
folds or splits overlap, for which variances are corrected (Nadeau and Bengio, Machine Learning 52, 2003).
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np

from tuning.analysis.configurations import configurations
from tuning.analysis.confirmation_notes import notes
from tuning.analysis.confirmation_units import PARTS, Part, Units, evaluated, metrics, requested
from tuning.analysis.statistics import Estimate, MeanDifference, estimate, holm, paired
from tuning.campaign.errors import RecordError
from tuning.campaign.objective import BESIDE, ObjectiveConfig
from tuning.journal.record import CampaignRecord, TrialRecord

RESAMPLES = 2000
"""Bootstrap samples behind ``first``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFigures:
    """One configuration on one part.

    metrics: mean and 95 % interval.  recall: mean of each class.  difference: of the objective to the first
    configuration, paired, and p Holm-adjusted over all pairs of complete configurations; None of the first.
    """

    metrics: dict[str, Estimate]
    recall: dict[str, float]
    difference: MeanDifference | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedConfiguration:
    """One configuration.

    rank: by its mean objective on the validation part; incomplete ones come last.  trial: of the campaign.
    search_rank, search: rank and score that the search gave it.  trials: of the confirmation.  gap: search score minus
    confirmed mean on the validation part, positive where the search was optimistic, also of a metric that is minimised.
    groups: mean accuracy on each group of a test part of complete groups, over the trials that had it there.
    first: share of bootstrap samples of the units in which it has the best mean.
    """

    rank: int
    trial: int
    search_rank: int
    search: float
    settings: dict[str, Any]
    trials: list[int]
    completed: int
    planned: int
    valid: PartFigures
    test: PartFigures
    gap: float
    first: float | None
    groups: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationSummary:
    """What ``seqtune confirm`` shows.

    units: what means, intervals and tests are over.  tau: Kendall's rank correlation between search and confirmation.
    gap: that of the complete configurations, over units; the interval is the confirmation's, the search scores are
    given.  opened: times, Unix, s, at which the test part was opened.
    """

    campaign: str
    metric: str
    goal: str
    seeds: int
    splits: int
    units: str
    ended: int
    planned: int
    finished: bool
    opened: list[float]
    configurations: list[ConfirmedConfiguration]
    failed: list[int]
    gap: Estimate
    tau: float | None
    notes: list[str]


def confirmation_summary(campaign: CampaignRecord, confirmation: CampaignRecord) -> ConfirmationSummary:
    """Summarise what a confirmation was last asked for.

    Raises:
        RecordError: no trial of it has completed.
    """
    request = confirmation.launches[-1].confirmation
    if request is None:
        raise RecordError(f"campaign {campaign.config.name!r}: its confirmation has no request. Run it again")
    by_source = requested(confirmation, request)
    completed = {source: [t for t in trials if evaluated(t)] for source, trials in by_source.items()}
    usable = {source: trials for source, trials in completed.items() if trials}
    if not usable:
        raise RecordError(f"campaign {campaign.config.name!r}: no trial of its confirmation has completed yet")
    planned = request.seeds * max(request.splits, 1)
    objective = campaign.config.objective
    sample = Units(confirmation, request)
    means = {source: sample.mean(trials, "valid", objective.metric) for source, trials in usable.items()}
    order = sorted(usable, key=lambda s: (len(usable[s]) < planned, objective.cost(means[s])))
    search = _search_scores(campaign)
    sign = 1 if objective.goal == "max" else -1
    figures = {
        part: _figures(order, usable, sample, part, objective=objective.metric, planned=planned) for part in PARTS
    }
    first = _first(order, usable, sample, objective, planned)
    rows = [
        ConfirmedConfiguration(
            rank=rank,
            trial=source,
            search_rank=request.trials.index(source) + 1,
            search=search[source],
            settings=dict(campaign.trials[source].assignment),
            trials=[trial.index for trial in usable[source]],
            completed=len(usable[source]),
            planned=planned,
            valid=figures["valid"][source],
            test=figures["test"][source],
            gap=sign * (search[source] - means[source]),
            first=first.get(source),
            groups=_groups(usable[source]),
        )
        for rank, source in enumerate(order, start=1)
    ]
    every = [trial for trials in by_source.values() for trial in trials]
    return ConfirmationSummary(
        campaign=campaign.config.name,
        metric=objective.metric,
        goal=objective.goal,
        seeds=request.seeds,
        splits=request.splits,
        units=sample.name,
        ended=sum(trial.result is not None for trial in every),
        planned=planned * len(request.trials),
        finished=confirmation.finished_at is not None,
        opened=[at for at, _ in campaign.tests],
        configurations=rows,
        failed=[trial.index for trial in every if trial.status == "failed"],
        gap=_gap(search, usable, sample, objective, planned),
        tau=_tau([row.search_rank for row in rows]),
        notes=notes(campaign, confirmation, request, sample, every),
    )


def _search_scores(campaign: CampaignRecord) -> dict[int, float]:
    """Return the score that the search gave each configuration, by its trial; with replicates the mean."""
    scores = {trial.index: trial.objective for trial in campaign.ranked() if trial.objective is not None}
    return scores | {one.completed[0].index: one.mean for one in configurations(campaign)}


def _figures(
    order: Sequence[int],
    trials: dict[int, list[TrialRecord]],
    sample: Units,
    part: Part,
    *,
    objective: str,
    planned: int,
) -> dict[int, PartFigures]:
    names = metrics(trials[order[0]][0], part)
    shown = [objective, *(name for name in BESIDE if name in names and name != objective)]
    classes = [name for name in names if name.startswith("recall/")]
    values = {source: sample.values(trials[source], part, objective) for source in order}
    ratios = {source: sample.ratio(trials[source], part) for source in order}
    tests, adjusted = _tests(values, ratios, {source for source in order if len(trials[source]) == planned})
    return {
        source: PartFigures(
            metrics={
                name: estimate(
                    list(sample.values(trials[source], part, name).values()),
                    name,
                    overlap=ratios[source],
                )
                for name in shown
            },
            recall={name.partition("/")[2]: sample.mean(trials[source], part, name) for name in classes},
            difference=tests.get(source),
            p_adjusted=adjusted.get(source),
        )
        for source in order
    }


def _tests(
    values: Mapping[int, Mapping[int, float]], ratios: Mapping[int, float], complete: AbstractSet[int]
) -> tuple[dict[int, MeanDifference], dict[int, float]]:
    """Return each other configuration's test against the first, and its Holm-adjusted p if it is a complete one.

    values: unit -> mean of each configuration, the first one first.  The first is chosen among the complete ones by
    the same trainings, so that the adjustment is over all pairs of these, as for ``compare`` (docs/adr/0023).
    """
    first, *others = values
    pairs = [(source, first) for source in others]
    pairs += [(b, a) for a, b in combinations(others, 2) if a in complete and b in complete]
    tests = {}
    for a, b in pairs:
        both = [unit for unit in values[a] if unit in values[b]]
        tests[a, b] = paired([values[a][unit] for unit in both], [values[b][unit] for unit in both], overlap=ratios[a])
    family = {pair: test.p for pair, test in tests.items() if complete >= set(pair) and test.p is not None}
    adjusted = dict(zip(family, holm(list(family.values())), strict=True))
    return (
        {source: tests[source, first] for source in others},
        {source: adjusted[source, first] for source in others if (source, first) in adjusted},
    )


def _first(
    order: Sequence[int], trials: dict[int, list[TrialRecord]], sample: Units, objective: ObjectiveConfig, planned: int
) -> dict[int, float]:
    """Return the share of bootstrap samples of the units in which each complete configuration has the best mean.

    Configurations whose means are equal but for rounding share a sample equally.
    """
    complete = [source for source in order if len(trials[source]) == planned]
    table = np.array(
        [list(sample.values(trials[source], "valid", objective.metric).values()) for source in complete]
    )  # (S, U)
    if len(complete) < 2 or table.shape[1] < 2:  # noqa: PLR2004 - nothing to resample or to compare
        return {}
    rng = np.random.default_rng(0)
    drawn = rng.integers(table.shape[1], size=(RESAMPLES, table.shape[1]))
    means = (table if objective.goal == "max" else -table)[:, drawn].mean(axis=2)  # (S, R)
    best = np.isclose(means, means.max(axis=0), rtol=1e-12, atol=0)
    shares = (best / best.sum(axis=0)).mean(axis=1)
    return {source: float(share) for source, share in zip(complete, shares, strict=True)}


def _gap(
    search: Mapping[int, float],
    trials: Mapping[int, list[TrialRecord]],
    sample: Units,
    objective: ObjectiveConfig,
    planned: int,
) -> Estimate:
    """Return by how much search scores exceed confirmed ones, over units.

    On each unit the mean over complete configurations: these share its seeds and rows, so they are not independent.
    """
    complete = [source for source in trials if len(trials[source]) == planned]
    if not complete:
        return Estimate(n=0)
    values = {source: sample.values(trials[source], "valid", objective.metric) for source in complete}
    sign = 1 if objective.goal == "max" else -1
    units = values[complete[0]]
    gaps = [sign * fmean(search[source] - values[source][unit] for source in complete) for unit in units]
    return estimate(gaps, overlap=sample.ratio(trials[complete[0]], "valid"))


def _groups(trials: Sequence[TrialRecord]) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for trial in trials:
        test = None if trial.result is None else trial.result.test
        for group, (correct, rows) in ({} if test is None else test.groups).items():
            shares.setdefault(group, []).append(correct / rows)
    ordered = sorted(shares, key=lambda group: (len(group), group))  # numbers in their order
    return {group: fmean(shares[group]) for group in ordered}


def _tau(search_ranks: Sequence[int]) -> float | None:
    """Return Kendall's tau between the ranks of the search and 1, 2, ...; None of fewer than three configurations."""
    from scipy import stats

    if len(search_ranks) < 3:  # noqa: PLR2004 - two are in order or not
        return None
    return float(stats.kendalltau(search_ranks, range(len(search_ranks))).statistic)
