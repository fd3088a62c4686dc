"""The configurations of a campaign that a confirmation trains again."""

import json

from tuning.analysis.configurations import configurations
from tuning.journal.record import CampaignRecord, TrialRecord


def best_configurations(record: CampaignRecord, k: int) -> list[TrialRecord]:
    """Return one completed trial of each of the ``k`` best different configurations, best first.

    With replicates configurations are ranked by the mean of their trials, as in ``seqtune top``.
    """
    replicated = configurations(record)
    trials = [one.completed[0] for one in replicated] if replicated else record.ranked()
    different: dict[str, TrialRecord] = {}
    for trial in trials:
        different.setdefault(json.dumps(trial.assignment, sort_keys=True), trial)
    return list(different.values())[:k]
