"""The configurations of a campaign with replicates, in the order of their mean objective."""

from dataclasses import asdict, dataclass

from tuning.paired import Estimate, estimate
from tuning.record import CampaignRecord, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Estimate):
    """A configuration with the mean objective of its n completed replicates, at least one, and a 95 % t-interval.

    trials: its replicates in trial order, without those that took over a result.  replicates: how many it is to have.
    complete: as many completed as every configuration is to have, and none failed or was stopped.
    """

    mean: float
    trials: list[TrialRecord]
    completed: list[TrialRecord]
    replicates: int
    complete: bool


def configurations(record: CampaignRecord) -> list[Configuration]:
    """Return the configurations of which a replicate has completed, best mean first; none without replicates.

    Trial k belongs to configuration k // N, or to the one that its suggestion repeats.  Complete configurations stand
    first.  The others follow whatever their means, those with more completed replicates first: a lucky seed beats
    nobody who had all of them.  Equal means stand in trial order.
    """
    count = record.config.search.replicates
    if count == 1:
        return []
    groups: dict[int, list[TrialRecord]] = {}
    for index, trial in sorted(record.trials.items()):
        if not trial.reused:
            groups.setdefault((index if trial.same_as is None else trial.same_as) // count, []).append(trial)
    ranked = {trial.config.index for trial in record.ranked()}
    pairs = [(trials, [t for t in trials if t.config.index in ranked]) for trials in groups.values()]
    found = [_configuration(trials, completed, count) for trials, completed in pairs if completed]
    sign = -1.0 if record.config.objective.goal == "max" else 1.0
    return sorted(found, key=lambda one: (not one.complete, 0 if one.complete else -one.n, sign * one.mean))


def _configuration(trials: list[TrialRecord], completed: list[TrialRecord], count: int) -> Configuration:
    objectives = [t.result.objective for t in completed if t.result is not None and t.result.objective is not None]
    return Configuration(
        **asdict(estimate(objectives)),
        trials=trials,
        completed=completed,
        replicates=-(-len(trials) // count) * count,  # one that was suggested again has several times as many
        complete=len(completed) >= count and not any(trial.status in {"failed", "stopped"} for trial in trials),
    )
