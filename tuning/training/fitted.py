"""The classical families as they were fitted, from the numbers that their weights hold: nothing is fitted again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from models.configs import Classical, LinearConfig, MajorityConfig, MiniRocketConfig, RandomForestConfig
from tuning.training.estimators import (
    FITTED,
    ROCKET,
    Estimator,
    Features,
    bag_of_words,
    channels_first,
    flattened,
    linear,
    nothing,
    ridge,
    rocket,
)

BLOCK_ROWS = 1024
"""Rows of which a forest holds all features at once, as float32."""

# N rows, F features, K classes, Q nodes of all trees


def restored(model: Classical, numbers: Mapping[str, NDArray[Any]], *, classes: int, tokens: int | None) -> Estimator:
    """Return a fitted family; it predicts what it predicted when it was fitted, bit for bit.

    numbers: ``Estimator.numbers``.  classes: K, 0 of a regression.  tokens: of texts, else None.

    Raises:
        KeyError: the numbers are those of another family.
        ValueError: a library that the family needs is missing.
    """
    regression = not classes
    features: Features = flattened if tokens is None else bag_of_words(tokens)
    pipeline: Any
    match model:
        case MajorityConfig():
            features = nothing
            name = "constant_" if regression else "class_prior_"
            pipeline = Constant(_number(numbers, name))
        case RandomForestConfig():
            pipeline = Forest.of(numbers, regression=regression)
        case LinearConfig():
            pipeline = _with_numbers(linear(model, regression=regression, texts=tokens is not None), numbers)
        case MiniRocketConfig():
            fitted = rocket(model, seed=0, threads=1)
            fitted.parameters = tuple(numbers[f"minirocket.{name}"] for name in ROCKET)
            fitted.is_fitted, fitted._n_jobs = True, 1  # noqa: SLF001 - as after its fit
            features = lambda part: fitted.transform(channels_first(part))  # noqa: E731
            pipeline = _with_numbers(ridge(regression=regression), numbers)
    return Estimator(
        features=features,
        pipeline=pipeline,
        classes=classes,
        numbers=dict(numbers),
        seen=None if regression else _number(numbers, "classes_"),
    )


@dataclass(frozen=True, slots=True)
class Constant:
    """The same prediction for every row: (K,) probabilities, or the one number of a regression."""

    value: NDArray[np.float64]

    def predict(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return (N,) numbers."""
        return np.full(len(x), self.value.reshape(-1)[0])

    def predict_proba(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return (N, K) probabilities."""
        return np.tile(self.value, (len(x), 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Trees as arrays.  starts: the first node of each tree;  left, right, feature, threshold: (Q,);  value: (Q, K).

    left, right: nodes of the same tree, from 0; -1 of a leaf.
    """

    starts: Sequence[int]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    value: NDArray[np.float64]
    regression: bool

    @classmethod
    def of(cls, numbers: Mapping[str, NDArray[Any]], *, regression: bool) -> "Forest":
        """Return the trees that ``estimators.fit`` kept."""
        counts = numbers["forest.nodes"].astype(np.int64)
        arrays = {name: numbers[f"forest.{name}"] for name in ("left", "right", "feature", "threshold", "value")}
        return cls(starts=(np.cumsum(counts) - counts).tolist(), **arrays, regression=regression)

    def predict(self, x: Any) -> NDArray[np.float64]:
        """Return (N,) means over trees."""
        return self._mean(x)[:, 0]

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Return (N, K) means over trees."""
        return self._mean(x)

    def _mean(self, x: Any) -> NDArray[np.float64]:
        """(N, F), dense or sparse -> (N, K) values of the leaves, added tree by tree as scikit-learn does."""
        total = np.zeros((x.shape[0], self.value.shape[1]))
        for start in range(0, x.shape[0], BLOCK_ROWS):
            block = x[start : start + BLOCK_ROWS]
            rows = (block if isinstance(block, np.ndarray) else block.toarray()).astype(np.float32)
            for first in self.starts:
                total[start : start + BLOCK_ROWS] += self.value[self._leaves(rows, first)]
        return total / len(self.starts)

    def _leaves(self, x: NDArray[np.float32], first: int) -> NDArray[np.int64]:
        """(N, F) -> (N,) the leaf of each row in the tree whose nodes begin at ``first``."""
        nodes = np.full(len(x), first, dtype=np.int64)
        inner = np.flatnonzero(self.left[nodes] >= 0)
        while inner.size:
            at = nodes[inner]
            below = x[inner, self.feature[at]] <= self.threshold[at]
            nodes[inner] = first + np.where(below, self.left[at], self.right[at])
            inner = inner[self.left[nodes[inner]] >= 0]
        return nodes


def _number(numbers: Mapping[str, NDArray[Any]], attribute: str) -> NDArray[Any]:
    """Return what the last step of a pipeline was fitted to."""
    found = [value for name, value in numbers.items() if name.rpartition(".")[2] == attribute]
    if not found:
        raise KeyError(attribute)
    return found[-1]


def _with_numbers(pipeline: Pipeline, numbers: Mapping[str, NDArray[Any]]) -> Pipeline:
    """Give the steps of a pipeline what they were fitted to."""
    for name, step in pipeline.steps:
        for attribute in FITTED:
            # RidgeClassifierCV derives its classes; `seen` has them.
            if f"{name}.{attribute}" in numbers and not isinstance(getattr(type(step), attribute, None), property):
                setattr(step, attribute, numbers[f"{name}.{attribute}"])
    return pipeline
