"""How a trial is trained: which families descend gradients, and which are fitted at once."""

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray
from torch import Tensor

from data.arrays import Arrays, Part
from models.configs import Classical
from tuning.campaign.code_files import IN_USE, in_use
from tuning.campaign.objective import metrics_of
from tuning.campaign.trial import TrialConfig
from tuning.training.loop import Training
from tuning.training.results import EpochReport, HeldOutResult, TrialResult


class TrialRun(Protocol):
    """A trial under way, one epoch at a time."""

    history: list[EpochReport]
    best_weights: dict[str, Tensor]
    """Of the epoch with the best objective."""
    seconds: float

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""

    def run_epoch(self) -> EpochReport:
        """Train and validate one epoch."""

    def result(self) -> TrialResult:
        """Return the figures of a trial that is done."""

    def held_out(self, part: Part) -> tuple[HeldOutResult, NDArray[Any]]:
        """Return the figures on another part of a trial that is done, with the weights of its best epoch.

        And the predictions that they are of: (N,) classes or standardised numbers, in the part's order of rows.
        """

    def predictor(self, rows: int) -> Callable[[], None]:
        """Return a function that predicts so many rows of the validation part, once the trial is done."""

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a kept state."""


def begin(trial: TrialConfig, arrays: Arrays) -> TrialRun:
    """Return the trial before its first epoch.

    Raises:
        ValueError: the objective does not exist for this kind of target, the family cannot take this data, or other
            code is loaded than the trial names.
    """
    if not in_use(trial.code):
        wanted = ", ".join(map(str, trial.code)) or "no code"
        raise ValueError(f"the trial needs {wanted}; loaded is {', '.join(map(str, IN_USE)) or 'none'}")
    metric = trial.objective.metric
    known = metrics_of(regression=arrays.regression)
    if metric not in known:
        kind = "numbers" if arrays.regression else "classes"
        raise ValueError(
            f"objective.metric = {metric!r}, but the targets are {kind}. Choose one of: {', '.join(known)}"
        )
    if isinstance(trial.model, Classical):
        from tuning.training.classical import (
            ClassicalTrial,  # brings scikit-learn, which no worker of neural trials loads
        )

        return ClassicalTrial(trial, arrays)
    return Training(trial, arrays)
