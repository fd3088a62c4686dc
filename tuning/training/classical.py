"""A trial of a classical family: fitted at once, reported and recorded as one epoch of training.

Of a trial's ``train`` and ``rungs`` nothing applies; its seed, data and objective do.  Runs on the CPU.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor

from data.arrays import Arrays, Part
from models.configs import Classical
from tuning.campaign.trial import TrialConfig
from tuning.training.estimators import Estimator, fit
from tuning.training.loop import weights_sha256
from tuning.training.metrics import NO_COUNTS, confusion, from_counts, from_errors
from tuning.training.own_metrics import of_classes, of_numbers
from tuning.training.results import EpochReport, HeldOutResult, TrialResult


class ClassicalTrial:
    """A fit under way; see ``tuning.training.begin.TrialRun``."""

    def __init__(self, trial: TrialConfig, arrays: Arrays) -> None:
        """Take the trial; nothing is computed before the epoch.

        Raises:
            ValueError: a neural family.
        """
        if not isinstance(trial.model, Classical):
            raise ValueError(f"{trial.model.family} is trained by gradient descent, not fitted at once")  # noqa: TRY004 - as for any other value
        self.model = trial.model
        self.trial = trial
        self.arrays = arrays
        self.history: list[EpochReport] = []
        self.best_weights: dict[str, Tensor] = {}
        self.counts = NO_COUNTS
        self.estimator: Estimator | None = None
        self.seconds = 0.0

    @property
    def done(self) -> bool:
        """Whether it was fitted."""
        return bool(self.history)

    def run_epoch(self) -> EpochReport:
        """Fit, validate, and report.

        Raises:
            ValueError: the family cannot take this data, or lacks its library.
        """
        begin = time.perf_counter()
        threads = self.trial.device.threads
        torch.set_num_threads(threads)  # nothing here uses them: the record of the environment says so
        with threadpool_limits(threads):
            estimator = self.estimator = fit(self.model, self.arrays, seed=self.trial.seed, threads=threads)
            train_loss, train_objective = self._trained(estimator)
            metrics, self.counts = self.evaluate(estimator, self.arrays.valid)
        self.best_weights = {name: torch.tensor(value) for name, value in estimator.numbers.items()}
        self.seconds = time.perf_counter() - begin
        report = EpochReport(
            epoch=1,
            train_loss=train_loss,
            train_objective=train_objective,
            metrics=metrics,
            learning_rate=0.0,
            weights_sha256=weights_sha256(self.best_weights),
            seconds=self.seconds,
        )
        self.history.append(report)
        return report

    def evaluate(self, estimator: Estimator, part: Part) -> tuple[dict[str, float], NDArray[np.int64]]:
        """Metrics, mean loss (unweighted cross-entropy in nats, or squared error) among them, and (K, K) counts."""
        return self._figures(part.y, estimator.predict(part))

    def result(self) -> TrialResult:
        """Return the figures."""
        if not self.history:
            raise RuntimeError("nothing has been fitted yet")
        report = self.history[0]
        return TrialResult(
            status="completed",
            epochs=1,
            best_epoch=1,
            objective=report.metrics[self.trial.objective.metric],
            best_metrics=report.metrics,
            confusion=self.counts.tolist(),
            weights_sha256=report.weights_sha256,
            parameters=sum(value.numel() for value in self.best_weights.values()),
            weight_bytes=sum(value.nbytes for value in self.best_weights.values()),
            seconds=self.seconds,
        )

    def held_out(self, part: Part) -> tuple[HeldOutResult, NDArray[Any]]:
        """Return the figures and the predictions of another part."""
        if self.estimator is None:
            raise RuntimeError("nothing has been fitted yet")
        with threadpool_limits(self.trial.device.threads):
            predicted = self.estimator.predict(part)  # (N, K) or (N,)
            metrics, counts = self._figures(part.y, predicted)
        result = HeldOutResult(metrics=metrics, confusion=counts.tolist())
        return result, predicted if self.arrays.regression else predicted.argmax(axis=1)

    def predictor(self, rows: int) -> Callable[[], None]:
        """Return a function that predicts so many rows of the validation part."""
        estimator, valid = self.estimator, self.arrays.valid
        if estimator is None:
            raise RuntimeError("nothing has been fitted yet")
        chosen = np.arange(rows) % len(valid.y)
        part = valid.take(chosen)

        def predict() -> None:
            with threadpool_limits(1):
                estimator.predict(part)

        return predict

    def state(self) -> dict[str, Any]:
        """Return nothing: an interrupted fit starts over, with the same bits."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Do nothing."""

    def _trained(self, estimator: Estimator) -> tuple[float, float | None]:
        """Mean loss, with the weights of classes, and the objective's metric over the epoch's rows."""
        rows, weights = self.arrays.order, self.arrays.class_weights
        y = self.arrays.train.y[rows]
        predicted = estimator.predict(self.arrays.train)[rows]
        loss = self._loss(y, predicted, None if weights is None else weights[y])
        try:
            metrics, _ = self._metrics(y, predicted)
        except ValueError:  # a metric of the user's code, undefined on these rows
            return loss, None
        return loss, metrics.get(self.trial.objective.metric)

    def _figures(self, y: NDArray[Any], predicted: NDArray[np.float64]) -> tuple[dict[str, float], NDArray[np.int64]]:
        metrics, counts = self._metrics(y, predicted)
        return {"loss": self._loss(y, predicted), **metrics}, counts

    def _metrics(self, y: NDArray[Any], predicted: NDArray[np.float64]) -> tuple[dict[str, float], NDArray[np.int64]]:
        if self.arrays.scale is not None:
            scale = self.arrays.scale
            return from_errors(y, predicted, scale) | of_numbers(y, predicted, scale), NO_COUNTS
        counts = confusion(y, predicted.argmax(axis=1), self.arrays.classes)
        own = of_classes(counts, y, predicted.astype(np.float32))
        return from_counts(counts, self.arrays.class_names) | own, counts

    def _loss(self, y: NDArray[Any], predicted: NDArray[np.float64], weights: NDArray[Any] | None = None) -> float:
        if self.arrays.regression:
            return float(mean_squared_error(y, predicted))
        return float(log_loss(y, predicted, sample_weight=weights, labels=np.arange(self.arrays.classes)))
