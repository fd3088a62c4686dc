"""The objective: validation metrics, their goals, and which value is the best."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, field_validator

from tuning.campaign.frozen import Frozen
from tuning.campaign.messages import nearest

Goal = Literal["max", "min"]

METRICS: dict[str, Goal] = {
    "accuracy": "max",
    "balanced_accuracy": "max",
    "recall_macro": "max",
    "precision_macro": "max",
    "f1_macro": "max",
    "loss": "min",
    "mae": "min",
    "rmse": "min",
    "r2": "max",
}
"""Every metric that may be an objective, with its goal.

``balanced_accuracy`` and ``recall_macro`` differ only where a class is absent from the validation split.
"""

REGRESSION_METRICS = ("mae", "rmse", "r2")
"""Metrics of a regression alone; ``loss`` applies to both tasks, all others to classification alone."""


class ObjectiveConfig(Frozen):
    """The validation metric that ranks trials."""

    metric: str = Field(default="recall_macro", json_schema_extra={"enum": list(METRICS)})
    """Validation metric.  ``loss``, ``rmse`` and ``mae`` are minimised, all others maximised."""

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in METRICS:
            raise ValueError(f"no such metric. Known: {', '.join(METRICS)}.{nearest(value, METRICS)}")
        return value

    @property
    def goal(self) -> Goal:
        """``max`` or ``min``."""
        return METRICS[self.metric]

    def better(self, a: float, b: float | None) -> bool:
        """Whether ``a`` is strictly better than ``b``; anything is better than None."""
        return b is None or self.cost(a) < self.cost(b)

    def best(self, values: Iterable[float]) -> float | None:
        """Return the best of the values, None of none."""
        return min(values, key=self.cost, default=None)

    def cost(self, value: float) -> float:
        """Return the value, negated where higher is better: ascending order is best first."""
        return cost(value, self.goal)


def cost(value: float, goal: Goal) -> float:
    """Return the value, negated where higher is better: ascending order is best first."""
    return -value if goal == "max" else value


def metrics_of(*, regression: bool) -> list[str]:
    """Return the metrics that a task has."""
    return [name for name in METRICS if name == "loss" or (name in REGRESSION_METRICS) == regression]
