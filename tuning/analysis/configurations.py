"""The configurations of a campaign with replicates, in the order of their mean objective."""

from dataclasses import asdict, dataclass
from statistics import fmean

from data.config import DataOptions
from tuning.analysis.statistics import Estimate, averaged, estimate
from tuning.journal.record import CampaignRecord, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Estimate):
    """A configuration with the mean objective of its n completed replicates, at least one, and a 95 % t-interval.

    With folds or splits the interval is that of the mean over them, each with the mean of its seeds.
    trials: its replicates in trial order, without those that reused a result.  replicates: how many are planned.
    complete: as many completed as each configuration should have, and none failed or was stopped.
    """

    mean: float
    trials: list[TrialRecord]
    completed: list[TrialRecord]
    replicates: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """A configuration's trials, as of ``Configuration``.  units: of the completed ones; None of one split."""

    trials: list[TrialRecord]
    completed: list[TrialRecord]
    units: list[int] | None
    replicates: int
    complete: bool

    @property
    def objectives(self) -> list[float]:
        """Of the completed trials."""
        return [trial.objective for trial in self.completed if trial.objective is not None]

    @property
    def mean(self) -> float:
        """The mean objective, without an interval: each end of a trial asks for the order of all."""
        return fmean(averaged(self.objectives, self.units))


def overlap(record: CampaignRecord) -> float:
    """Return the rows validated per row trained on, for ``estimate`` and ``paired``; 0 of replicates on one split."""
    data = record.config.data
    if data.divisions is None:
        return 0.0
    if data.folds is not None:
        return 1 / (data.folds - 1)
    counts = [(sum(of.valid.values()), sum(of.train.values())) for name, of in record.data.items() if SMOTE not in name]
    if counts:
        return max(valid / train for valid, train in counts)
    return divided(data)


def unit(trial: TrialRecord) -> int:
    """Return what a trial is a replicate of: its fold or split where there are several, else its seed.

    Seeds on one split are not independent of it.
    """
    return trial.config.data.fold or trial.config.seed


SMOTE = "smote"
"""Variants of this balance have more training rows than were divided."""


def divided(data: DataOptions) -> float:
    """Return the rows validated per row trained on, as the file divides them; too many beside an official test part."""
    return data.valid_fraction / (1 - data.valid_fraction - data.test_fraction)


def configurations(record: CampaignRecord) -> list[Configuration]:
    """Return the configurations in the order of ``ranked_replicates``, with their intervals."""
    metric, ratio = record.config.objective.metric, overlap(record)
    return [
        Configuration(
            **asdict(estimate(one.objectives, metric, overlap=ratio, units=one.units)),
            trials=one.trials,
            completed=one.completed,
            replicates=one.replicates,
            complete=one.complete,
        )
        for one in ranked_replicates(record)
    ]


def ranked_replicates(record: CampaignRecord) -> list[Replicates]:
    """Return the configurations with a completed replicate, best mean first; none without replicates.

    Trial k belongs to configuration k // N, or to the one that its suggestion repeats.  Complete configurations come
    first.  The others follow whatever their means, those with more completed replicates first: one lucky seed must not
    outrank a full set.  Equal means are in trial order.
    """
    count = record.config.search.replicates
    if count == 1:
        return []
    groups: dict[int, list[TrialRecord]] = {}
    for index, trial in sorted(record.trials.items()):
        if not trial.reused:
            groups.setdefault((index if trial.same_as is None else trial.same_as) // count, []).append(trial)
    ranked = {trial.index for trial in record.ranked()}
    pairs = [(trials, [t for t in trials if t.index in ranked]) for trials in groups.values()]
    in_units = overlap(record) > 0
    unordered = [_replicates(trials, completed, count, in_units=in_units) for trials, completed in pairs if completed]
    cost = record.config.objective.cost
    return sorted(unordered, key=lambda c: (not c.complete, 0 if c.complete else -len(c.completed), cost(c.mean)))


def _replicates(trials: list[TrialRecord], completed: list[TrialRecord], count: int, *, in_units: bool) -> Replicates:
    return Replicates(
        trials=trials,
        completed=completed,
        units=[unit(trial) for trial in completed] if in_units else None,
        replicates=-(-len(trials) // count) * count,  # one that was suggested again has several times as many
        complete=len(completed) >= count and not any(trial.status in {"failed", "stopped"} for trial in trials),
    )
