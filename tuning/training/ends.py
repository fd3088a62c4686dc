"""When a training ends before its last epoch: patience and rungs, each a function of the curve alone."""

from collections.abc import Sequence

from tuning.campaign.objective import ObjectiveConfig
from tuning.campaign.trial import Rung, TrainConfig
from tuning.training.results import EpochReport


def out_of_patience(history: Sequence[EpochReport], objective: ObjectiveConfig, train: TrainConfig) -> bool:
    """Whether ``early_stopping_patience`` epochs have passed since the last one with progress.

    Progress is an objective better than ever before.  With ``early_stopping_warmup`` it is also a validation loss lower
    than ever before, until the objective is better than after the first epoch.
    """
    best: float | None = None
    lowest: float | None = None
    moved = False
    last = 0
    for report in history:
        value, loss = report.metrics[objective.metric], report.metrics["loss"]
        better, lower = objective.better(value, best), lowest is None or loss < lowest
        moved = moved or (better and best is not None)
        if better or (lower and train.early_stopping_warmup and not moved):
            last = report.epoch
        best, lowest = value if better else best, loss if lower else lowest
    return len(history) - last >= train.early_stopping_patience


def missed_rung(history: Sequence[EpochReport], objective: ObjectiveConfig, rungs: Sequence[Rung]) -> Rung | None:
    """Return the first rung that the curve so far did not reach."""
    best: float | None = None
    for report in history:
        value = report.metrics[objective.metric]
        best = value if objective.better(value, best) else best
        for rung in rungs:
            if rung.epoch == report.epoch and objective.better(rung.threshold, best):
                return rung
    return None
