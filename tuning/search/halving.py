"""Successive halving against a fixed reference: the rungs of trial k, from the trials that its suggestion may know.

Source: Jamieson and Talwalkar 2016; Li et al. 2020 (asynchronous).  There a trial's fate hangs on who finished first;
here the thresholds are fixed when the trial is suggested, so that it stops at the same epoch whenever it is trained.
"""

import math
from bisect import insort
from collections.abc import Sequence

from models.configs import NeuralConfig
from tuning.campaign.config import CampaignConfig, CampaignTrain
from tuning.campaign.plan import Plan
from tuning.campaign.trial import Rung
from tuning.training.results import EpochReport


def mean_epochs(train: CampaignTrain, most: int) -> float:
    """Return the mean epochs of a trial with rungs that passes each with probability 1 / ``reduction_factor``.

    most: epochs that it may train.
    """
    total, share, rung = 0.0, 1.0, train.grace_epochs
    for epoch in range(1, most + 1):
        total += share
        if epoch == rung:
            share, rung = share / train.reduction_factor, rung * train.reduction_factor
    return total


def without_rungs(config: CampaignConfig, window: int | None = None) -> int:
    """Return how many trials, the first ones, know too few others of their fold or split for a rung.

    window: default ``search.window``.
    """
    divisions = config.data.divisions or 1
    return divisions * (config.train.reduction_factor - 1 + math.ceil((window or config.search.window) / divisions))


def halving_advice(plan: Plan) -> str | None:
    """Return why successive halving stops none of the trials, with what to do; None where it may."""
    train, first = plan.config.train, without_rungs(plan.config)
    if train.early_stopping == "none" or not any(issubclass(family, NeuralConfig) for family in plan.space.families):
        return None
    if "train.epochs" not in plan.space.dimensions and train.grace_epochs >= train.epochs:
        lower = " or lower train.grace_epochs" if train.grace_epochs > 1 else ""
        return (
            f"successive halving stops no trial: the first rung is after epoch {train.grace_epochs} of {train.epochs}. "
            f"Raise train.epochs{lower}"
        )
    if plan.trials > first:
        return None
    least = without_rungs(plan.config, plan.config.resources.concurrency)
    window = " or lower search.window" if plan.trials > least else ""
    more = f"the first {first} know too few others for a rung, and the campaign has {plan.trials}"
    if plan.config.search.algorithm == "grid":
        return f"successive halving stops no trial: {more}"
    return f"successive halving stops no trial: {more}. Raise search.trials{window}"


class Halving:
    """The rungs of one trial after another.  Each curve is read once, when suggestions may know it."""

    def __init__(self, config: CampaignConfig) -> None:
        """Begin without curves."""
        train = config.train
        self._objective = config.objective
        self._factor = train.reduction_factor
        self._reached: dict[int, list[float]] = {}
        """Epoch of a rung -> the objectives of the known trials that reached it, each the best until then, sorted."""
        epoch = train.epochs if train.early_stopping == "none" else train.grace_epochs
        while epoch < train.epochs:
            self._reached[epoch] = []
            epoch *= train.reduction_factor

    def add(self, curve: Sequence[EpochReport]) -> None:
        """Take one more known trial."""
        cost = self._objective.cost
        values = [report.metrics[self._objective.metric] for report in curve] if self._reached else []
        for epoch, reached in self._reached.items():
            if len(values) >= epoch:
                insort(reached, min(values[:epoch], key=cost), key=cost)

    def rungs(self) -> tuple[Rung, ...]:
        """Return the rungs for a trial whose suggestion knows the trials added so far.

        A rung lets the best ``1 / reduction_factor`` of the known trials that reached it continue; with fewer than
        ``reduction_factor`` of them there is no such rung yet.
        """
        return tuple(
            Rung(epoch=epoch, threshold=reached[len(reached) // self._factor - 1])
            for epoch, reached in self._reached.items()
            if len(reached) >= self._factor
        )
