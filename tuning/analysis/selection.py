"""Which trials stand for the best configurations: those that are exported and confirmed, and whose weights are kept."""

import json

from tuning.analysis.configurations import Replicates, ranked_replicates
from tuning.journal.record import CampaignRecord, TrialRecord

WEIGHTS_KEPT = 10
"""How many of the best trials, or with replicates of the best configurations, keep their weights."""


def best_configurations(record: CampaignRecord, k: int) -> list[TrialRecord]:
    """Return one completed trial of each of the ``k`` best different configurations, best first.

    With replicates configurations are ranked by the mean of their trials, as in ``seqtune top``.
    """
    replicated = ranked_replicates(record)
    trials = [one.completed[0] for one in replicated] if replicated else record.ranked()
    different: dict[str, TrialRecord] = {}
    for trial in trials:
        different.setdefault(json.dumps(trial.assignment, sort_keys=True), trial)
    return list(different.values())[:k]


def kept_weights(record: CampaignRecord) -> set[int]:
    """Return the indices of the trials whose weights are kept by now.

    Those of the best trials; with replicates the first completed one of each of the best configurations, and of those
    that lack trials.  In a confirmation the best one of each configuration.
    """
    first = next(iter(record.trials.values()), None)
    if first is not None and first.confirms is not None:
        confirmed: dict[int, int] = {}
        for trial in record.ranked():
            if trial.confirms is not None:
                confirmed.setdefault(trial.confirms.trial, trial.index)
        return set(confirmed.values())
    if record.config.search.replicates == 1:
        return {trial.index for trial in record.ranked(WEIGHTS_KEPT)}
    ranked = ranked_replicates(record)
    return {one.completed[0].index for one in [*ranked[:WEIGHTS_KEPT], *filter(_lacks_trials, ranked)]}


def _lacks_trials(one: Replicates) -> bool:
    return len(one.trials) < one.replicates or any(trial.result is None for trial in one.trials)
