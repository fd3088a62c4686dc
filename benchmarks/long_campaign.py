"""Long campaigns for ``scale.py``: the package's own driver, search and journal, with workers that pretend to train.

The search is HyperOpt's, but its model is evaluated for the last suggestions only: it would take hours for 10,000.  The
others are drawn at random by HyperOpt itself.  What is recorded of a suggestion, and restored on resuming, is the same.
"""

from functools import partial
from hashlib import sha256
from typing import Any

import hyperopt
import numpy as np

from tuning.campaign.config import CampaignConfig
from tuning.campaign.plan import Plan, plan
from tuning.campaign.trial import TrialConfig
from tuning.execution.driver import Driver, Observer
from tuning.execution.search_trials import ASKED_AGAIN, SearchTrials
from tuning.journal.events import DataRecord, Launched, Opened
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.search.suggest import ordered_search
from tuning.training.environment import current
from tuning.training.metrics import from_counts
from tuning.training.results import EpochReport, TrialResult

CLASSES = ("F", "N", "Q", "S", "V")
COUNTS = dict.fromkeys(CLASSES, 100)
WORKERS = 2
FAILING = 50
"""One trial in so many fails."""


def campaign(name: str, trials: int, *, epochs: int, early_stopping: str) -> Plan:
    """Return a campaign on the whole ``cnn2d`` space."""
    config = CampaignConfig.model_validate(
        {
            "name": name,
            "seed": 1,
            "data": {"dataset": "heartbeats", "balance": ["raw", "oversample"]},
            "space": {"name": "cnn2d"},
            "search": {"trials": trials, "window": 8, "startup_trials": 20},
            "train": {"epochs": epochs, "early_stopping": early_stopping},
        }
    )
    return plan(config)


def opened(planned: Plan, journal: Journal, trials: int, observers: tuple[Observer, ...] = ()) -> Driver:
    """Return the driver of a launch for so many trials; it resumes where the journal has trials."""
    if not journal.entries:
        record = {"classes": CLASSES, "steps": 187, "channels": 1}
        counts = dict.fromkeys(("train", "valid", "test", "epoch"), COUNTS)
        data = {v: DataRecord(sha256=sha256(v.encode()).hexdigest(), **record, **counts) for v in ("raw", "oversample")}
        journal.append(Opened(config=planned.complete, dimensions=planned.space.described(), data=data))
    new_search = partial(ordered_search, planned.complete, planned.space)
    launched = Launched(environment=current(), trials=trials, concurrency=WORKERS)
    return Driver(journal, SearchTrials(planned.space, new_search), launched=launched, observers=observers)


class PretendedWorkers:
    """Workers that report epochs in turn."""

    def __init__(self, driver: Driver, home: Home) -> None:
        self.driver = driver
        self.home = home
        self.running: list[tuple[TrialConfig, list[EpochReport]]] = []
        self.ended = 0
        source = driver.source
        if not isinstance(source, SearchTrials):
            raise TypeError("a campaign's driver has a search")
        self.search = source.search
        self._proposer: Any = self.search.proposer
        self._model = self._proposer._first, self._proposer._again  # noqa: SLF001
        self._propose_with(hyperopt.rand.suggest, hyperopt.rand.suggest)

    def work(self, trials: int) -> None:
        """Go on until so many trials have ended."""
        while self.ended < trials:
            while len(self.running) < WORKERS:
                if self.search.index == self.driver.record.target - ASKED_AGAIN:
                    self._propose_with(*self._model)
                trial = self.driver.next_trial()
                if trial is None:
                    break
                self.driver.started(trial.index)
                self.running.append((trial, []))
            trial, reports = self.running.pop(0)
            if self._epoch(trial, reports):
                self.ended += 1
                self.home.tidy(self.driver.record, trial.index)  # as after a real trial
            else:
                self.running.append((trial, reports))

    def _propose_with(self, first: Any, again: Any) -> None:
        self._proposer._first, self._proposer._again = first, again  # noqa: SLF001

    def _epoch(self, trial: TrialConfig, reports: list[EpochReport]) -> bool:
        """Report one epoch; return whether it was the last."""
        if trial.index % FAILING == FAILING - 1:
            failure = TrialResult(status="failed", reason="loss is nan in epoch 1", epochs=0, seconds=1.0)
            self.driver.ended(trial.index, failure, current())
            return True
        epoch = len(reports) + 1
        counts = _counts(trial, epoch)
        metrics = {"loss": 1 / epoch, **from_counts(counts, CLASSES)}
        report = EpochReport(
            epoch=epoch,
            train_loss=1.1 / epoch,
            train_objective=metrics["recall_macro"],
            metrics=metrics,
            learning_rate=1e-3,
            weights_sha256=sha256(f"{trial.seed} {epoch}".encode()).hexdigest(),
            seconds=12.345678,
        )
        reports.append(report)
        self.driver.reported(trial.index, [report])
        missed = any(rung.epoch == epoch and metrics["recall_macro"] < rung.threshold for rung in trial.rungs)
        if epoch < trial.train.epochs and not missed:
            return False
        best = max(reports, key=lambda each: each.metrics["recall_macro"])
        end = TrialResult(
            status="stopped" if missed else "completed",
            reason=f"missed its rung at epoch {epoch}" if missed else None,
            epochs=epoch,
            best_epoch=best.epoch,
            objective=best.metrics["recall_macro"],
            best_metrics=best.metrics,
            confusion=counts.tolist(),
            weights_sha256=best.weights_sha256,
            parameters=123_456,
            seconds=12.3 * epoch,
        )
        self.driver.ended(trial.index, end, current())
        return True


def _counts(trial: TrialConfig, epoch: int) -> np.ndarray[Any, Any]:
    """A confusion matrix that improves with the epochs."""
    rng = np.random.default_rng([trial.seed, epoch])
    counts = rng.integers(0, 20, (len(CLASSES), len(CLASSES)))
    return counts + np.diag([epoch * 10 + trial.index % 7 * 3] * len(CLASSES))
