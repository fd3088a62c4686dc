"""The objective: validation metrics, their goals, and which value is the best."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from data.messages import nearest
from models.registered import NAME
from tuning.campaign.frozen import Frozen

Goal = Literal["max", "min"]

MetricName = Literal[
    "accuracy", "balanced_accuracy", "recall_macro", "precision_macro", "f1_macro", "loss", "mae", "rmse", "r2"
]

METRICS: dict[str, Goal] = {name: "min" if name in {"loss", "mae", "rmse"} else "max" for name in get_args(MetricName)}
"""Every metric that may be an objective, with its goal.

``balanced_accuracy`` and ``recall_macro`` differ only where a class is absent from the validation split.
"""

REGRESSION_METRICS = ("mae", "rmse", "r2")
"""Metrics of a regression alone; ``loss`` applies to both tasks, all others to classification alone."""

BESIDE = ("accuracy", "recall_macro", "f1_macro", "rmse", "mae", "r2")
"""Metrics shown beside the objective, where the task has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of a user's code, over a whole part.

    function: takes NumPy arrays and returns a finite number.  of: what it takes.

    ``counts``   (K, K) int64, the confusion matrix; rows are true classes.
    ``scores``   (N,) int64 true classes, (N, K) float32 probabilities of the classes.
    ``numbers``  (N,) float64 targets and (N,) float64 predictions of a series, in the data's own unit.

    goal: whether the highest or the lowest value is the best.  low, high: its bounds, which ``seqtune check`` tests.
    """

    function: Callable[..., Any]
    goal: Goal
    of: Literal["counts", "scores", "numbers"] = "counts"
    low: float = -math.inf
    high: float = math.inf


OWN: dict[str, Metric] = {}
"""The metrics of the user's code in use."""


def register(name: str, metric: object) -> None:
    """Add a metric of a user's code.

    Raises:
        ValueError: the name is taken, or the entry is not a metric.
    """
    if name in METRICS or name in OWN:
        what = "a metric of this package" if name in METRICS else "defined twice"
        raise ValueError(f"is {what}. Choose another name")
    if not isinstance(metric, Metric):
        raise ValueError("must be a tuning.campaign.objective.Metric")  # noqa: TRY004 - as for any other entry
    if not callable(metric.function) or metric.goal not in ("max", "min"):
        raise ValueError('needs a function and goal="max" or goal="min"')
    if metric.of not in ("counts", "scores", "numbers") or not metric.low <= metric.high:
        raise ValueError('needs of="counts", "scores" or "numbers", and low <= high')
    OWN[name] = metric


def forget() -> None:
    """Remove every registered metric."""
    OWN.clear()


class ObjectiveConfig(Frozen):
    """The validation metric that ranks trials."""

    own_goal: SkipJsonSchema[Goal | None] = Field(default=None, exclude_if=lambda goal: goal is None)
    """Of a metric of a user's code, so that records are ranked without that code.  Filled in."""
    metric: str = Field(
        default="recall_macro", json_schema_extra={"anyOf": [{"enum": list(METRICS)}, {"type": "string"}]}
    )
    """Validation metric, one of those listed or of your own code.  ``loss``, ``rmse`` and ``mae`` are minimised, the
    others listed maximised."""

    @model_validator(mode="before")
    @classmethod
    def _with_goal(cls, fields: Any) -> Any:
        metric = fields.get("metric") if isinstance(fields, dict) else None
        own = OWN.get(metric) if isinstance(metric, str) else None
        return fields if own is None else {**fields, "own_goal": own.goal}

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        recorded = info.data.get("own_goal") is not None
        if value in METRICS and recorded:
            raise ValueError("is a metric of this package, whose goal is known. Leave own_goal out")
        if value not in METRICS and not (recorded and NAME.fullmatch(value)):
            known = [*METRICS, *OWN]
            raise ValueError(f"no such metric. Known: {', '.join(known)}.{nearest(value, known)}")
        return value

    @property
    def goal(self) -> Goal:
        """``max`` or ``min``."""
        return self.own_goal or METRICS[self.metric]

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
    """Return the metrics that a task has, those of the code in use too."""
    own = [name for name, metric in OWN.items() if (metric.of == "numbers") == regression]
    return [*(name for name in METRICS if name == "loss" or (name in REGRESSION_METRICS) == regression), *own]
