"""Metrics of a user's code, computed beside ours: over a whole part, each a finite number or an error."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Scale
from tuning.campaign.objective import OWN, Metric


def needs_scores() -> bool:
    """Return whether a metric in use takes the probabilities of classes."""
    return any(metric.of == "scores" for metric in OWN.values())


def of_classes(
    counts: NDArray[np.int64], truth: NDArray[np.int64], scores: NDArray[np.float32] | None
) -> dict[str, float]:
    """(K, K) counts, (N,) true classes, (N, K) probabilities -> the metrics; without scores only those of counts."""
    given: dict[str, tuple[NDArray[Any], ...]] = {"counts": (counts,)}
    if scores is not None:
        given["scores"] = (truth, scores)
    return {name: value(name, metric, *given[metric.of]) for name, metric in OWN.items() if metric.of in given}


def of_numbers(truth: NDArray[Any], predicted: NDArray[Any], scale: Scale) -> dict[str, float]:
    """(N,), (N,) standardised numbers -> the metrics, which get them in the data's own unit."""
    given = [values.astype(np.float64) * scale.std + scale.mean for values in (truth, predicted)]
    return {name: value(name, metric, *given) for name, metric in OWN.items() if metric.of == "numbers"}


def value(name: str, metric: Metric, *arguments: NDArray[Any]) -> float:
    """Return one metric.

    Raises:
        ValueError: it fails, or returns something else than a finite number.
    """
    copies = [argument.copy() for argument in arguments]  # a metric that changes its arguments changes no other figure
    try:
        found = metric.function(*copies)
        number = float(found)
    except Exception as error:
        raise ValueError(f"metric {name!r} failed: {type(error).__name__}: {error}") from error
    if isinstance(found, str) or not math.isfinite(number):
        raise ValueError(f"metric {name!r} returned {found!r}; it must return a finite number")
    return number
