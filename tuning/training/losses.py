"""What a training minimises and how its outputs are judged: classes by cross-entropy, numbers by squared error."""

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from data.arrays import Arrays, Scale
from tuning.training.metrics import NO_COUNTS, confusion, from_counts, from_errors
from tuning.training.own_metrics import needs_scores, of_classes, of_numbers

# B batch, N rows, K class


class Loss(Protocol):
    """One kind of task.  Outputs are (B, K) logits, or (B, 1) standardised numbers; y is (B,)."""

    def mean(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return a batch's mean loss, the one that is minimised."""

    def share(self, y: Tensor) -> float | Tensor:
        """Return a batch's weight in the epoch's mean loss."""

    def total(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return a batch's unweighted sum of losses."""

    def predicted(self, outputs: Tensor) -> Tensor:
        """Return (B,) classes, or standardised numbers."""

    def scores(self, outputs: Tensor) -> Tensor | None:
        """Return (B, K) probabilities of classes where a metric takes them."""

    def metrics(
        self, truth: NDArray[Any], predicted: NDArray[Any], scores: NDArray[np.float32] | None = None
    ) -> tuple[dict[str, float], NDArray[np.int64]]:
        """(N,), (N,) -> the metrics of a whole part, and its (K, K) counts; (0, 0) where there are no classes."""


class CrossEntropy:
    """Classification, nats; class weights count in training alone."""

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self.class_names = arrays.class_names
        self._needs_scores = needs_scores()
        weights = arrays.class_weights
        self.weights = None if weights is None else torch.tensor(np.asarray(weights), device=device)

    def mean(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the weighted mean cross-entropy."""
        return functional.cross_entropy(outputs, y, weight=self.weights)

    def share(self, y: Tensor) -> float | Tensor:
        """Return the batch's sum of class weights; without them its number of rows."""
        return float(len(y)) if self.weights is None else self.weights[y].sum().double()

    def total(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the sum of unweighted cross-entropies."""
        return functional.cross_entropy(outputs, y, reduction="sum")

    def predicted(self, outputs: Tensor) -> Tensor:
        """Return the class with the largest logit; the first, where equal."""
        return outputs.argmax(dim=1)

    def scores(self, outputs: Tensor) -> Tensor | None:
        """Return (B, K) probabilities where a metric takes them."""
        return outputs.softmax(dim=1) if self._needs_scores else None

    def metrics(
        self, truth: NDArray[Any], predicted: NDArray[Any], scores: NDArray[np.float32] | None = None
    ) -> tuple[dict[str, float], NDArray[np.int64]]:
        """Return the metrics from counts, and those of the user's code."""
        counts = confusion(truth, predicted, len(self.class_names))
        return from_counts(counts, self.class_names) | of_classes(counts, truth, scores), counts


class SquaredError:
    """Regression on the standardised target."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale

    def mean(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the mean squared error."""
        return functional.mse_loss(outputs[:, 0], y)

    def share(self, y: Tensor) -> float:
        """Return the batch's number of rows."""
        return float(len(y))

    def total(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the sum of squared errors."""
        return functional.mse_loss(outputs[:, 0], y, reduction="sum")

    def predicted(self, outputs: Tensor) -> Tensor:
        """Return the standardised numbers."""
        return outputs[:, 0]

    def scores(self, outputs: Tensor) -> Tensor | None:  # noqa: ARG002 - as of classes
        """Return nothing: there are no classes."""
        return None

    def metrics(
        self,
        truth: NDArray[Any],
        predicted: NDArray[Any],
        scores: NDArray[np.float32] | None = None,  # noqa: ARG002 - as of classes
    ) -> tuple[dict[str, float], NDArray[np.int64]]:
        """Return the errors in the data's own unit, and the metrics of the user's code; there are no counts."""
        return from_errors(truth, predicted, self.scale) | of_numbers(truth, predicted, self.scale), NO_COUNTS


def loss_of(arrays: Arrays, device: torch.device) -> Loss:
    """Return the loss that fits the data's targets."""
    return CrossEntropy(arrays, device) if arrays.scale is None else SquaredError(arrays.scale)
