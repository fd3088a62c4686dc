"""Successive halving against a fixed reference: the rungs of trial k, from the trials that its suggestion may know.

Source: Jamieson and Talwalkar 2016; Li et al. 2020 (asynchronous).  There a trial's fate hangs on who finished first;
here the thresholds are fixed when the trial is suggested, so that it stops at the same epoch whenever it is trained.
"""

from collections.abc import Iterable, Sequence

from tuning.campaign.config import CampaignConfig, Rung
from tuning.training.results import EpochReport


def rungs(config: CampaignConfig, known: Iterable[Sequence[EpochReport]]) -> tuple[Rung, ...]:
    """Return the rungs for a trial whose suggestion knows the curves ``known``.

    A rung lets the best ``1 / reduction_factor`` of the known trials that reached it continue; with fewer than
    ``reduction_factor`` of them there is no such rung yet.
    """
    train, objective = config.train, config.objective
    if train.early_stopping == "none":
        return ()
    curves = [[report.metrics[objective.metric] for report in curve] for curve in known]
    thresholds = []
    epoch = train.grace_epochs
    while epoch < train.epochs:
        reached = sorted(
            (min(curve[:epoch], key=objective.cost) for curve in curves if len(curve) >= epoch), key=objective.cost
        )
        if len(reached) >= train.reduction_factor:
            continuing = len(reached) // train.reduction_factor
            thresholds.append(Rung(epoch=epoch, threshold=reached[continuing - 1]))
        epoch *= train.reduction_factor
    return tuple(thresholds)
