"""Successive halving against a fixed reference: the rungs of trial k, from the trials that its suggestion may know.

Source: Jamieson and Talwalkar 2016; Li et al. 2020 (asynchronous).  There a trial's fate hangs on who finished first;
here the thresholds are fixed when the trial is suggested, so that it stops at the same epoch whenever it is trained.
"""

from collections.abc import Iterable, Sequence

from tuning.config import CampaignConfig, Rung
from tuning.results import EpochReport


def rungs(config: CampaignConfig, known: Iterable[Sequence[EpochReport]]) -> tuple[Rung, ...]:
    """Return the rungs for a trial that may know the curves ``known``.

    A rung lets the best ``1 / reduction_factor`` of the known trials that reached it pass; with fewer than
    ``reduction_factor`` of them it does not stand yet.
    """
    search, objective = config.search, config.objective
    if search.stopper == "none":
        return ()
    curves = [[report.metrics[objective.metric] for report in curve] for curve in known]
    best = max if objective.goal == "max" else min
    found = []
    epoch = search.grace_epochs
    while epoch < config.train.epochs:
        reached = [best(curve[:epoch]) for curve in curves if len(curve) >= epoch]
        if len(reached) >= search.reduction_factor:
            ordered = sorted(reached, reverse=objective.goal == "max")
            passing = len(reached) // search.reduction_factor
            found.append(Rung(epoch=epoch, threshold=ordered[passing - 1]))
        epoch *= search.reduction_factor
    return tuple(found)
