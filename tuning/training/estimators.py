"""The classical families as scikit-learn pipelines on features of whole sequences.

Features: of sequences the flattened values, zero after each one's end; of texts the counts of their tokens; of
MiniRocket its convolutions' shares of positive values, of sequences zero-padded to the longest.
Source of MiniRocket with ridge regression behind it: Dempster, Schmidt and Webb, KDD 2021 (arXiv:2012.08791).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifierCV, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from data.arrays import Arrays, Part
from models.configs import (
    MINIROCKET_STEPS,
    Classical,
    LinearConfig,
    MajorityConfig,
    MiniRocketConfig,
    RandomForestConfig,
)

ALPHAS = np.logspace(-3, 3, 10)
"""Strengths among which ridge regression behind MiniRocket chooses, by leaving one row out."""

MOST_ITERATIONS = 1000
"""Of logistic regression."""

LARGEST = 200_000_000
"""Rows x features that MiniRocket's ridge regression may be given: 1.6 GB, of which it holds several."""

FITTED = ("classes_", "class_prior_", "constant_", "mean_", "scale_", "alpha_", "coef_", "intercept_")
"""Attributes in which scikit-learn keeps what was fitted."""

ROCKET = ("channels_per_combination", "channel_indices", "dilations", "features_per_dilation", "biases")
"""What MiniRocket is fitted to, in the order in which it keeps it."""

# N rows, M rows of an epoch, T time, C channel, F feature, K class

Features = Callable[[Part], Any]
"""A part -> (N, F) array, or sparse array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """A fitted family.  numbers: everything that was fitted, by name."""

    features: Features
    pipeline: Any
    """A scikit-learn pipeline, or what predicts as one."""
    classes: int
    numbers: dict[str, NDArray[Any]]
    seen: NDArray[np.int64] | None = None
    """Classes that were trained on; None in a regression."""

    def predict(self, part: Part) -> NDArray[np.float64]:
        """Return (N, K) probabilities, zero for a class that was not trained on; (N,) targets in a regression.

        Ridge classifiers have no probabilities: theirs are the softmax of the decision function.
        """
        x = self.features(part)
        if not self.classes:
            return np.asarray(self.pipeline.predict(x), dtype=np.float64).reshape(-1)
        if hasattr(self.pipeline, "predict_proba"):
            seen = self.pipeline.predict_proba(x)
        else:
            scores = self.pipeline.decision_function(x)
            scores = scores if scores.ndim > 1 else np.stack([-scores, scores], axis=1)
            seen = torch.softmax(torch.tensor(scores, dtype=torch.float64), dim=1).numpy()
        probabilities = np.zeros((len(seen), self.classes))
        probabilities[:, self.seen] = seen
        return probabilities


def fit(model: Classical, arrays: Arrays, *, seed: int, threads: int) -> Estimator:
    """Fit a family to one epoch's rows, weighted by class where the data says so.

    The majority is that of the rows alone: weights that even the classes out would leave it to rounding.

    Raises:
        ValueError: the family cannot take this data, or lacks its library.
    """
    rows, regression = arrays.order, arrays.regression
    y = arrays.train.y[rows]
    weights = None if arrays.class_weights is None else arrays.class_weights[y.astype(np.int64)]
    features: Features = flattened if arrays.tokens is None else bag_of_words(arrays.tokens)
    numbers: dict[str, NDArray[Any]] = {}
    if not (regression or isinstance(model, MajorityConfig)) and (y == y[0]).all():
        raise ValueError(
            f"{model.family}: all {len(y):,} training rows are of class {arrays.class_names[int(y[0])]}; it needs two "
            "classes or more"
        )
    match model:
        case MajorityConfig():
            features, weights = nothing, None
            pipeline = make_pipeline(DummyRegressor() if regression else DummyClassifier(strategy="prior"))
        case LinearConfig():
            pipeline = linear(model, regression=regression, texts=arrays.tokens is not None)
        case RandomForestConfig():
            kind = RandomForestRegressor if regression else RandomForestClassifier
            pipeline = make_pipeline(
                kind(model.trees, min_samples_leaf=model.min_leaf, random_state=seed, n_jobs=threads)
            )
        case MiniRocketConfig():
            features, numbers = _minirocket(model, arrays, seed=seed, threads=threads)
            pipeline = ridge(regression=regression)
    name, last = pipeline.steps[-1]
    pipeline.fit(features(arrays.train)[rows], y, **({} if weights is None else {f"{name}__sample_weight": weights}))
    if isinstance(model, RandomForestConfig):
        last.n_jobs = 1  # several threads would add the trees' votes in the order in which they come
        numbers |= _trees(last)
    numbers |= {
        f"{step}.{attribute}": np.asarray(value)
        for step, part in pipeline.steps
        for attribute in FITTED
        if (value := getattr(part, attribute, None)) is not None
    }
    seen = None if regression else np.asarray(pipeline.classes_)
    return Estimator(features=features, pipeline=pipeline, classes=arrays.classes, numbers=numbers, seen=seen)


def linear(model: LinearConfig, *, regression: bool, texts: bool) -> Pipeline:
    """Return the linear family before its fit."""
    last = (
        Ridge(alpha=model.penalty) if regression else LogisticRegression(C=1 / model.penalty, max_iter=MOST_ITERATIONS)
    )
    return make_pipeline(last) if texts else make_pipeline(StandardScaler(), last)


def ridge(*, regression: bool) -> Pipeline:
    """Return the ridge regression behind MiniRocket before its fit."""
    last = RidgeCV(alphas=ALPHAS) if regression else RidgeClassifierCV(alphas=ALPHAS)
    return make_pipeline(StandardScaler(with_mean=False), last)


def flattened(part: Part) -> NDArray[np.float64]:
    """Return (N, T * C) values."""
    return part.x.reshape(len(part.x), -1).astype(np.float64)


def nothing(part: Part) -> NDArray[np.float64]:
    """Return one zero per row."""
    return np.zeros((len(part.y), 1))


def bag_of_words(tokens: int) -> Features:
    """Return the features (N, tokens): how often each token occurs, padding left out."""
    vectorizer = CountVectorizer(analyzer=list, vocabulary={token: token for token in range(tokens)}, dtype=np.float64)
    return lambda part: vectorizer.transform(
        row[:length] for row, length in zip(part.x[:, :, 0].tolist(), part.lengths, strict=True)
    )


def _minirocket(
    model: MiniRocketConfig, arrays: Arrays, *, seed: int, threads: int
) -> tuple[Features, dict[str, NDArray[Any]]]:
    """Return the transformation fitted to one epoch's rows, and its numbers."""
    size = len(arrays.order) * model.kernels
    if arrays.tokens is not None:
        raise ValueError(
            "minirocket: convolves numbers, and texts are tokens. For texts: linear, random-forest, majority"
        )
    if arrays.steps < MINIROCKET_STEPS:
        raise ValueError(
            f"minirocket: the longest sequence has {arrays.steps} steps; it needs at least {MINIROCKET_STEPS}"
        )
    if size > LARGEST:
        raise ValueError(
            f"minirocket: {len(arrays.order):,} training rows x {model.kernels:,} kernels are {size:,} numbers, at "
            f"most {LARGEST:,} are taken. Set model.kernels <= {LARGEST // len(arrays.order):,}, or data.max_rows"
        )
    transformer = rocket(model, seed=seed, threads=threads)
    transformer.fit(channels_first(arrays.train)[arrays.order])
    return (
        lambda part: transformer.transform(channels_first(part)),
        {f"minirocket.{name}": value for name, value in zip(ROCKET, transformer.parameters, strict=True)},
    )


def rocket(model: MiniRocketConfig, *, seed: int, threads: int) -> Any:
    """Return MiniRocket before its fit.  ValueError: its library is missing."""
    try:
        from aeon.transformations.collection.convolution_based import MiniRocket
    except ImportError as error:
        raise ValueError(
            f"minirocket: needs the package aeon ({error}). Install it: pip install 'seqtune[ucr]'"
        ) from error
    return MiniRocket(model.kernels, n_jobs=threads, random_state=seed)


def channels_first(part: Part) -> NDArray[Any]:
    """Return (N, C, T) values."""
    return np.ascontiguousarray(part.x.transpose(0, 2, 1))


def _trees(forest: RandomForestClassifier | RandomForestRegressor) -> dict[str, NDArray[Any]]:
    """Return the nodes of all trees in a row, and how many each tree has."""
    trees = [tree.tree_ for tree in forest.estimators_]
    return {
        "forest.nodes": np.array([tree.node_count for tree in trees], dtype=np.int32),
        "forest.left": np.concatenate([tree.children_left for tree in trees]).astype(np.int32),
        "forest.right": np.concatenate([tree.children_right for tree in trees]).astype(np.int32),
        "forest.feature": np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        "forest.threshold": np.concatenate([tree.threshold for tree in trees]),
        "forest.value": np.concatenate([tree.value[:, 0] for tree in trees]),
    }
