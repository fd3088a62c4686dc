"""The step of a metric: what one validation row of the rarest class is worth."""

from collections.abc import Sequence
from dataclasses import dataclass

from tuning.journal.events import DataRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The rarest class of the validation part, how many rows it has, and what one of them is worth.

    step: by which the metric changes if one more row of the class is right; None of metrics without a fixed value.
    Where trials have several validation parts, those of the part with the fewest rows of the class.
    """

    rarest: str
    rows: int
    step: float | None


def step(parts: Sequence[DataRecord], metric: str) -> Step | None:
    """Return the step of a metric on validation parts; None without classes.

    recall_macro: 1/(n K) with n rows of the class and K classes; balanced_accuracy: K classes that occur; accuracy: one
    of all rows.
    """
    counts = [(rows, name, part) for part in parts if part.classes for name, rows in part.valid.items() if rows]
    if not counts:
        return None
    rows, name, part = min(counts, key=lambda item: item[:2])
    occurring = sum(count > 0 for count in part.valid.values())
    one = {
        "recall_macro": 1 / (rows * len(part.classes)),
        "balanced_accuracy": 1 / (rows * occurring),
        "accuracy": 1 / sum(part.valid.values()),
    }
    return Step(rarest=name, rows=rows, step=one.get(metric))
