"""Early stopping as the benchmarks compare it: ours, Ray's and Optuna's, for any search."""

from collections.abc import Sequence
from math import ceil
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler
from recorded_table import METRIC

from tuning.campaign.config import CampaignConfig
from tuning.search import halving
from tuning.training.results import EpochReport


class Stopper:
    """Never stops a trial."""

    def begin(self, index: int, known: Sequence[Sequence[float]]) -> None:
        """Begin trial ``index``; its suggestion may know the curves ``known`` of the first trials."""

    def continues(self, index: int, curve: Sequence[float]) -> bool:  # noqa: ARG002
        """Return whether the trial trains another epoch; called after each."""
        return True

    def end(self, index: int, *, completed: bool) -> None:
        """End the trial.  completed: it was trained to the end."""


class Halving(Stopper):
    """Our successive halving: the rungs are fixed when a trial is suggested.

    brackets: None: each trial has all rungs.  "shared": as in Hyperband, trials begin at different rungs, by their
    number, and compare themselves with all trials that reached a rung.  "own": with those of their bracket only.
    """

    def __init__(self, epochs: int, *, factor: int = 3, grace: int = 1, brackets: str | None = None) -> None:
        config = campaign(epochs, factor=factor, grace=grace)
        places = [grace]
        while places[-1] * factor < epochs:
            places.append(places[-1] * factor)
        self.firsts = [*places, epochs] if brackets else [grace]
        self.order = interleaved([ceil(len(self.firsts) * factor**s / (s + 1)) for s in range(len(self.firsts))[::-1]])
        pools = len(self.firsts) if brackets == "own" else 1
        self.pools = [halving.Halving(config) for _ in range(pools)]
        self.rungs: list[dict[int, float]] = []
        self.added = 0

    def bracket(self, index: int) -> int:
        """Return the bracket of a trial."""
        return self.order[index % len(self.order)]

    def begin(self, index: int, known: Sequence[Sequence[float]]) -> None:
        for trial in range(self.added, len(known)):
            self.pools[self.bracket(trial) % len(self.pools)].add(reports(known[trial]))
        self.added = len(known)
        bracket = self.bracket(index)
        rungs = self.pools[bracket % len(self.pools)].rungs()
        self.rungs.append({rung.epoch: rung.threshold for rung in rungs if rung.epoch >= self.firsts[bracket]})

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        return max(curve) >= self.rungs[index].get(len(curve), -np.inf)


class ASHA(Stopper):
    """Ray's ASHA, whose decisions depend on the order of reports."""

    def __init__(self, epochs: int, *, factor: int = 3, brackets: int = 1) -> None:
        self.scheduler = AsyncHyperBandScheduler(
            time_attr="epoch",
            metric=METRIC,
            mode="max",
            max_t=epochs,
            grace_period=1,
            reduction_factor=factor,
            brackets=brackets,
        )

    def begin(self, index: int, known: Sequence[Sequence[float]]) -> None:  # noqa: ARG002
        self.scheduler.on_trial_add(None, _named(index))

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        report = {"epoch": len(curve), METRIC: curve[-1]}
        return bool(self.scheduler.on_trial_result(None, _named(index), report) != TrialScheduler.STOP)


class Pruned(Stopper):
    """One of Optuna's pruners."""

    def __init__(self, epochs: int, pruner: optuna.pruners.BasePruner, name: str) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.epochs = epochs
        self.study = optuna.create_study(study_name=name, direction="maximize", pruner=pruner)
        self.trials: dict[int, optuna.Trial] = {}

    def begin(self, index: int, known: Sequence[Sequence[float]]) -> None:  # noqa: ARG002
        self.trials[index] = self.study.ask()

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        self.trials[index].report(curve[-1], len(curve))
        return len(curve) == self.epochs or not self.trials[index].should_prune()

    def end(self, index: int, *, completed: bool) -> None:
        state = optuna.trial.TrialState.COMPLETE if completed else optuna.trial.TrialState.PRUNED
        self.study.tell(self.trials[index], 0.0 if completed else None, state=state)


def interleaved(shares: Sequence[int]) -> tuple[int, ...]:
    """Return a cycle of numbers in which number i comes ``shares[i]`` times, evenly spread."""
    places = [((turn + 0.5) / share, i) for i, share in enumerate(shares) for turn in range(share)]
    return tuple(i for _, i in sorted(places))


def campaign(epochs: int, *, factor: int, grace: int) -> CampaignConfig:
    """Return a campaign with successive halving."""
    return CampaignConfig.model_validate(
        {
            "name": "table",
            "seed": 0,
            "data": {"dataset": "heartbeats"},
            "space": {"name": "cnn2d"},
            "train": {
                "epochs": epochs,
                "early_stopping": "successive-halving",
                "grace_epochs": grace,
                "reduction_factor": factor,
            },
            "objective": {"metric": METRIC},
        }
    )


def reports(curve: Sequence[float]) -> list[EpochReport]:
    """Return a curve as a trial reports it."""
    return [
        EpochReport(
            epoch=i + 1, train_loss=0.0, metrics={METRIC: value}, learning_rate=0.0, weights_sha256="", seconds=0.0
        )
        for i, value in enumerate(curve)
    ]


def _named(index: int) -> Any:
    return SimpleNamespace(trial_id=str(index))  # the only attribute that ASHA reads
