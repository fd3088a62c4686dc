"""The training loop: a trial's configuration and arrays in, epoch reports and a result out.  Plain torch.

No Ray, MLflow or printing in here.  Global random generators are set in one place, when a
training starts or resumes.
"""

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from data.arrays import Arrays, Part
from models.catalogue import build
from tuning.campaign.seeds import derive
from tuning.campaign.trial import Rung, TrialConfig
from tuning.training.batches import BatchSource, epoch_batches, evaluation_batches
from tuning.training.determinism import make_deterministic
from tuning.training.ends import missed_rung, out_of_patience
from tuning.training.losses import loss_of
from tuning.training.optimizers import optimizer_of, scheduler_of
from tuning.training.results import EpochReport, HeldOutResult, TrialResult
from tuning.training.size import EVALUATION_BATCH, check_size

# B batch, T time, C channel, K class


class DivergedError(ArithmeticError):
    """A loss that is no number any more."""


class Training:
    """A trial under way, one epoch at a time; its state can be kept and taken up again bit for bit."""

    def __init__(self, trial: TrialConfig, arrays: Arrays) -> None:
        """Seed everything, then build model, optimizer and scheduler.

        Raises:
            ValueError: the model is too large for this machine.
        """
        self.trial = trial
        self.arrays = arrays
        check_size(trial.model, arrays)
        self.device = torch.device(trial.device.device)
        make_deterministic(trial)
        torch.manual_seed(trial.seed)
        self.shuffle = torch.Generator().manual_seed(derive(trial.seed, "shuffle"))
        model = build(
            trial.model, steps=arrays.steps, channels=arrays.channels, outputs=arrays.outputs, tokens=arrays.tokens
        )
        self.model = model.to(self.device)
        self.optimizer = optimizer_of(trial, self.model)
        self.scheduler = scheduler_of(trial, self.optimizer)
        self.train_rows = BatchSource(arrays.train, self.device)
        self.valid_rows = BatchSource(arrays.valid, self.device)
        self.loss = loss_of(arrays, self.device)
        self.history: list[EpochReport] = []
        self.best: EpochReport | None = None
        self.best_weights: dict[str, Tensor] = {}
        self.best_counts: list[list[int]] = []
        self.seconds = 0.0

    @property
    def done(self) -> bool:
        """Whether the budget or the patience is used up, or a rung was missed."""
        if len(self.history) >= self.trial.train.epochs or self.missed_rung is not None:
            return True
        return out_of_patience(self.history, self.trial.objective, self.trial.train)

    @property
    def missed_rung(self) -> Rung | None:
        """The first rung that the curve so far did not reach."""
        return missed_rung(self.history, self.trial.objective, self.trial.rungs)

    def run_epoch(self) -> EpochReport:
        """Train one epoch, validate, step the schedule, and report.

        Raises:
            DivergedError: the loss became NaN or infinite; the training cannot go on.
        """
        begin = time.perf_counter()
        epoch = len(self.history) + 1
        learning_rate = float(self.optimizer.param_groups[0]["lr"])
        train_loss, train_objective = self._train_epoch()
        metrics, counts = self.evaluate(self.valid_rows)
        valid_loss = metrics["loss"]
        for name, loss in (("training", train_loss), ("validation", valid_loss)):
            if not math.isfinite(loss):
                raise DivergedError(f"{name} loss is {loss} in epoch {epoch} (learning rate {learning_rate:g})")
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(valid_loss)
        elif self.scheduler is not None:
            self.scheduler.step()
        seconds = time.perf_counter() - begin
        report = EpochReport(
            epoch=epoch,
            train_loss=train_loss,
            train_objective=train_objective,
            metrics=metrics,
            learning_rate=learning_rate,
            weights_sha256=weights_sha256(self.model.state_dict()),
            seconds=seconds,
        )
        self.history.append(report)
        self.seconds += seconds
        metric = self.trial.objective.metric
        best = None if self.best is None else self.best.metrics[metric]
        if self.trial.objective.better(report.metrics[metric], best):
            self.best = report
            self.best_weights = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
            self.best_counts = counts.tolist()
        return report

    @torch.no_grad()
    def evaluate(self, rows: BatchSource) -> tuple[dict[str, float], NDArray[np.int64]]:
        """Metrics, mean unweighted loss among them, and (K, K) counts over a whole part."""
        return self._figures(*self._predicted(rows))

    def _figures(
        self, loss: float, truth: NDArray[Any], predicted: NDArray[Any], scores: NDArray[np.float32] | None
    ) -> tuple[dict[str, float], NDArray[np.int64]]:
        metrics, counts = self.loss.metrics(truth, predicted, scores)
        return {"loss": loss, **metrics}, counts

    def _predicted(self, rows: BatchSource) -> tuple[float, NDArray[Any], NDArray[Any], NDArray[np.float32] | None]:
        """Mean unweighted loss, the truth, the predictions, and scores where a metric takes them, of a whole part."""
        self.model.eval()
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        truth, predicted, scores = [], [], []
        for batch in evaluation_batches(rows.part, EVALUATION_BATCH):
            x, lengths, y = rows.take(batch)
            with self._precision():
                outputs = self.model(x, lengths).float()  # (B, K)
            total += self.loss.total(outputs, y).double()
            truth.append(y)
            predicted.append(self.loss.predicted(outputs))
            scores.append(self.loss.scores(outputs))
        return float(total) / len(rows.part.y), _whole(truth), _whole(predicted), _scores(scores)

    def result(self) -> TrialResult:
        """Return the figures of a training that is done; the best epoch is the first with the best objective."""
        if self.best is None:
            raise RuntimeError("no epoch has been trained yet")
        rung = self.missed_rung
        metric = self.trial.objective.metric
        return TrialResult(
            status="completed" if rung is None else "stopped",
            reason=None if rung is None else f"{metric} missed {rung.threshold:.4f} at the rung of epoch {rung.epoch}",
            epochs=len(self.history),
            best_epoch=self.best.epoch,
            objective=self.best.metrics[metric],
            best_metrics=self.best.metrics,
            confusion=self.best_counts,
            weights_sha256=self.best.weights_sha256,
            parameters=sum(p.numel() for p in self.model.parameters() if p.requires_grad),
            weight_bytes=sum(value.nbytes for value in self.best_weights.values()),
            seconds=self.seconds,
        )

    @torch.no_grad()
    def held_out(self, part: Part) -> tuple[HeldOutResult, NDArray[Any]]:
        """Return the figures and the predictions of another part of a training that is done.

        With the weights of its best epoch, which the model keeps.
        """
        self.model.load_state_dict(self.best_weights)
        loss, truth, predicted, scores = self._predicted(BatchSource(part, self.device))
        metrics, counts = self._figures(loss, truth, predicted, scores)
        rows = np.concatenate(list(evaluation_batches(part, EVALUATION_BATCH)))
        return HeldOutResult(metrics=metrics, confusion=counts.tolist()), predicted[np.argsort(rows)]

    def predictor(self, rows: int) -> Callable[[], None]:
        """Return a function that predicts so many rows of the validation part."""
        chosen = np.arange(rows) % len(self.valid_rows.part.y)
        x, lengths, _ = self.valid_rows.take(chosen)
        self.model.eval()

        @torch.no_grad()
        def predict() -> None:
            with self._precision():
                self.model(x, lengths)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)

        return predict

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on."""
        return {
            "trial": self.trial.model_dump_json(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "shuffle": self.shuffle.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
            "history": [report.model_dump_json() for report in self.history],
            "best_epoch": None if self.best is None else self.best.epoch,
            "best_weights": self.best_weights,
            "best_counts": self.best_counts,
            "seconds": self.seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a kept state.

        Raises:
            ValueError: the state belongs to another trial configuration.
        """
        if state["trial"] != self.trial.model_dump_json():
            raise ValueError("the checkpoint was made for another trial configuration")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.shuffle.set_state(state["shuffle"])
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"])
        self.history = [EpochReport.model_validate_json(text) for text in state["history"]]
        if self.history and weights_sha256(self.model.state_dict()) != self.history[-1].weights_sha256:
            raise ValueError("the checkpoint's weights are not those of its last epoch")
        self.best = None if state["best_epoch"] is None else self.history[state["best_epoch"] - 1]
        self.best_weights = state["best_weights"]
        self.best_counts = state["best_counts"]
        self.seconds = state["seconds"]

    def _train_epoch(self) -> tuple[float, float | None]:
        """Mean loss, and the objective's metric, over the epoch's rows as they were trained on."""
        self.model.train()
        truth, predicted, scores = [], [], []
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        weight = torch.zeros((), dtype=torch.float64, device=self.device)
        epoch = len(self.history) + 1
        for batch in epoch_batches(self.arrays, self.trial.train, self.shuffle, seed=self.trial.seed, epoch=epoch):
            x, lengths, y = self.train_rows.take(batch)
            self.optimizer.zero_grad(set_to_none=True)
            with self._precision():
                outputs = self.model(x, lengths)  # (B, K)
            loss = self.loss.mean(outputs.float(), y)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            share = self.loss.share(y)
            total += loss.detach().double() * share
            weight += share
            truth.append(y)
            predicted.append(self.loss.predicted(outputs.detach().float()))
            scores.append(self.loss.scores(outputs.detach().float()))
        mean = float(total / weight)
        try:
            metrics, _ = self.loss.metrics(_whole(truth), _whole(predicted), _scores(scores))
        except ValueError:  # a metric of the user's code, undefined on these rows
            return mean, None
        return mean, metrics.get(self.trial.objective.metric)

    def _precision(self) -> AbstractContextManager[Any]:
        if self.trial.train.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()


def weights_sha256(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes of a state dict, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _whole(batches: Sequence[Tensor]) -> NDArray[Any]:
    """Return the values of all batches."""
    values: NDArray[Any] = torch.cat(list(batches)).cpu().numpy()
    return values


def _scores(batches: Sequence[Tensor | None]) -> NDArray[np.float32] | None:
    """Return the scores of all batches where a metric takes them."""
    found = [batch for batch in batches if batch is not None]
    return _whole(found) if found else None
