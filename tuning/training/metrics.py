"""Metrics over a whole split: of classes from one table of counts, of numbers from their errors.

Never averaged over batches: on imbalanced data that is wrong by up to 0.13 in macro recall.  Values equal
scikit-learn's (``zero_division=0``); written here because workers train without importing it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Scale

NO_COUNTS = np.zeros((0, 0), dtype=np.int64)
"""The counts of a regression."""


def confusion(truth: NDArray[Any], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(N,), (N,) -> (K, K) counts; rows are true classes."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def from_counts(counts: NDArray[np.int64], class_names: Sequence[str]) -> dict[str, float]:
    """Accuracy, macro figures, and recall and precision of each class, from (K, K) counts.

    A class that is neither in the truth nor predicted takes no part in a macro figure; one that is absent from the
    truth alone takes no part in the balanced accuracy.
    """
    hits = counts.diagonal().astype(np.float64)
    true = counts.sum(axis=1)
    predicted = counts.sum(axis=0)
    recall = _ratio(hits, true)
    precision = _ratio(hits, predicted)
    f1 = _ratio(2 * hits, true + predicted)
    seen = (true + predicted) > 0
    return {
        "accuracy": float(hits.sum() / counts.sum()),
        "balanced_accuracy": float(recall[true > 0].mean()),
        "recall_macro": float(recall[seen].mean()),
        "precision_macro": float(precision[seen].mean()),
        "f1_macro": float(f1[seen].mean()),
        **{f"recall/{name}": float(value) for name, value in zip(class_names, recall, strict=True)},
        **{f"precision/{name}": float(value) for name, value in zip(class_names, precision, strict=True)},
    }


def from_errors(truth: NDArray[Any], predicted: NDArray[Any], scale: Scale) -> dict[str, float]:
    """(N,), (N,) standardised targets -> mae and rmse in the data's own unit, and r2.

    r2 of a constant truth is 1 where it is met exactly, and else 0, as in scikit-learn.
    """
    error = predicted.astype(np.float64) - truth
    squares = float(np.sum(error**2))
    spread = float(np.sum((truth - truth.mean(dtype=np.float64)) ** 2))
    return {
        "mae": float(np.abs(error).mean()) * scale.std,
        "rmse": math.sqrt(squares / len(error)) * scale.std,
        "r2": 1 - squares / spread if spread else float(squares == 0),
    }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
