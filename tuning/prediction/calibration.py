"""Calibration of probabilities: temperature scaling fitted on the validation part, and its error.

Source of both: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017
(arXiv:1706.04599).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tuning.training.predictor import softmax

BINS = 15
"""Bins of equal width over the probability of the predicted class."""
COLDEST, HOTTEST = 0.01, 100.0
"""Bounds of a temperature."""
SMALLEST = np.finfo(np.float64).tiny
"""Stands for a probability of zero where its logarithm is taken."""

# N rows, K classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A temperature, and what it does on the validation part, on which it was fitted.

    rows: of that part, and wrong: those of them that are predicted wrong.  Log loss (nats) and expected calibration
    error before and after.
    """

    temperature: float
    rows: int
    wrong: int
    log_loss_before: float
    log_loss_after: float
    calibration_error_before: float
    calibration_error_after: float

    @property
    def unchanged(self) -> str | None:
        """Why the temperature is 1; None where it is another."""
        if self.temperature != 1.0:
            return None
        if not self.wrong:
            return f"all {self.rows:,} rows are predicted right, so that no temperature can be fitted"
        return "no temperature lowers the log loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows whose predicted class has a probability from low to high.

    confidence: their mean probability.  accuracy: how many of them were predicted right, as a share.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


def reliability(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> list[Bin]:
    """(N, K), (N,) true classes -> the bins of the calibration error that have rows, in order."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bins = _bins(confidence)
    rows, sums, hits = (np.bincount(bins, weights=of, minlength=BINS) for of in (None, confidence, right))
    return [
        Bin(
            low=k / BINS,
            high=(k + 1) / BINS,
            rows=int(rows[k]),
            confidence=float(sums[k] / rows[k]),
            accuracy=float(hits[k] / rows[k]),
        )
        for k in range(BINS)
        if rows[k]
    ]


def calibrate(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> Calibration:
    """(N, K), (N,) true classes -> the temperature with the lowest log loss, and what it changes."""

    def loss(log_temperature: float) -> float:
        return log_loss(tempered(probabilities, math.exp(log_temperature)), y)

    found = minimize_scalar(loss, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded")
    # Without errors the loss has no minimum: it falls until all probabilities are 0 and 1.
    wrong = int((probabilities.argmax(axis=1) != y).sum())
    temperature = math.exp(found.x) if wrong and found.fun < loss(0.0) else 1.0
    after = tempered(probabilities, temperature)
    return Calibration(
        temperature=temperature,
        rows=len(y),
        wrong=wrong,
        log_loss_before=log_loss(probabilities, y),
        log_loss_after=log_loss(after, y),
        calibration_error_before=calibration_error(probabilities, y),
        calibration_error_after=calibration_error(after, y),
    )


def tempered(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(N, K) -> (N, K): the softmax of their logarithms divided by the temperature.

    Of one network these are its logits divided by the temperature.
    """
    if temperature == 1.0:
        return probabilities
    return softmax(np.log(np.maximum(probabilities, SMALLEST)) / temperature)


def log_loss(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """(N, K), (N,) -> mean negative logarithm of the probability of the true class, nats."""
    true = probabilities[np.arange(len(y)), y]
    return float(-np.log(np.maximum(true, SMALLEST)).mean())


def calibration_error(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """(N, K), (N,) -> expected calibration error: mean distance of accuracy and confidence over the bins."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    distance = np.bincount(_bins(confidence), weights=right - confidence, minlength=BINS)
    return float(np.abs(distance).sum() / len(y))


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) -> (N,) the bin of each row."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
