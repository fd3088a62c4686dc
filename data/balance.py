"""Balancing of the training part, and only of it: with imbalanced-learn, after the split.

Sources: Chawla, Bowyer, Hall, Kegelmeyer, "SMOTE", JAIR 16, 2002; Lemaitre, Nogueira, Aridas, "Imbalanced-learn",
JMLR 18(17), 2017.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataConfig, Kind
from data.errors import DataError
from data.rows import classes

# N rows, M rows of an epoch, T time steps, C channels, K classes


def epoch_order(y: NDArray[np.int64], config: DataConfig) -> NDArray[np.int64]:
    """Return (M,) the rows that make up one epoch; only oversampling repeats rows."""
    order = np.arange(len(y))
    if config.balance == "oversample":
        return _oversampled(order, y, config.balance_seed)
    if config.balance == "semi-oversample":
        return _semi_oversampled(order, y, config)
    return order


def class_weights(y: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return (K,) N / (K * rows of the class): the mean over rows is 1."""
    from sklearn.utils.class_weight import compute_class_weight

    return np.asarray(compute_class_weight("balanced", classes=np.arange(classes), y=y), dtype=np.float32)


def check_weights(y: NDArray[np.int64], config: DataConfig, class_names: Sequence[str]) -> None:
    """Raise DataError where a class has no training rows, and so no weight."""
    absent = [name for number, name in enumerate(class_names) if not (y == number).any()]
    if absent:
        raise DataError(
            f"{config.dataset}: class {absent[0]} has no training rows, and so no inverse frequency as its weight. "
            'Use balance = "raw" or "oversample", another seed, or more rows.'
        )


def check_balance(config: DataConfig, kind: Kind) -> None:
    """Raise DataError where a balance is not defined for a kind of data."""
    if kind == "series" and config.balance != "raw":
        raise DataError(
            f'{config.dataset}: balance = "{config.balance}" needs classes; a series has none. Use balance = "raw".'
        )
    if kind == "texts" and config.balance == "smote":
        raise DataError(
            f"{config.dataset}: SMOTE interpolates numbers; tokens of words cannot be interpolated. "
            'Use balance = "oversample" or "weighted".'
        )


def check_smote(train: Part, config: DataConfig, class_names: Sequence[str]) -> None:
    """Raise DataError where SMOTE is not defined: too few rows in a class, or sequences of different length."""
    steps = train.x.shape[1]
    if (train.lengths != steps).any():
        raise DataError(
            f"{config.dataset}: sequences have different lengths ({train.lengths.min()} to {steps}); SMOTE "
            'interpolates step by step and needs equal lengths. Use balance = "oversample".'
        )
    counts = np.bincount(classes(train))
    number, neighbors = int(counts.argmin()), config.smote_neighbors
    if counts[number] <= neighbors:
        fewer = f", or data.smote_neighbors <= {counts[number] - 1}" if counts[number] > 1 else ""
        raise DataError(
            f"{config.dataset}: class {class_names[number]} has {counts[number]} training rows; SMOTE with "
            f'k_neighbors={neighbors} needs at least {neighbors + 1}. Use balance = "oversample"{fewer}.'
        )


def smote_rows(train: Part, config: DataConfig) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (class, (n, T, C) synthetic rows) for each class smaller than the largest.

    The rows equal those of imbalanced-learn's SMOTE over the whole part, which samples each class separately and from
    the same seed; one class at a time needs less than half the memory.  One thread: the neighbours of a row must not
    depend on the blocks in which distances are computed.
    """
    from imblearn.over_sampling import SMOTE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    counts = np.bincount(classes(train))
    y = classes(train)
    largest = int(counts.argmax())
    for number in np.flatnonzero(counts < counts[largest]).tolist():
        own = np.flatnonzero(y == number)
        rows = np.append(own, np.flatnonzero(y == largest)[0])  # SMOTE needs a second class
        smote = SMOTE(
            sampling_strategy={number: int(counts[largest])},
            k_neighbors=config.smote_neighbors,
            random_state=config.balance_seed,
        )
        with threadpool_limits(limits=1):
            x, _ = smote.fit_resample(train.x[rows].reshape(len(rows), -1), y[rows])
        yield number, x[len(rows) :].reshape(-1, *train.x.shape[1:])


def _oversampled(order: NDArray[np.int64], y: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    from imblearn.over_sampling import RandomOverSampler

    return _resampled(RandomOverSampler(random_state=seed), order, y)


def _semi_oversampled(order: NDArray[np.int64], y: NDArray[np.int64], config: DataConfig) -> NDArray[np.int64]:
    """Undersample the largest class to ``majority_kept``, then repeat rows of the others until they are as many.

    Rows to repeat are drawn from all minority rows with equal probability, which keeps class proportions on average.
    """
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    counts = np.bincount(y)
    largest = int(counts.argmax())
    kept = max(1, round(config.majority_kept * int(counts[largest])))
    if kept < counts[largest]:
        under = RandomUnderSampler(sampling_strategy={largest: kept}, random_state=config.balance_seed)
        order = _resampled(under, order, y)
    minority = y[order] != largest
    if minority.sum() >= kept:
        return order
    over = RandomOverSampler(sampling_strategy={True: kept}, random_state=config.balance_seed)
    return _resampled(over, order, minority)


def _resampled(sampler: Any, order: NDArray[np.int64], y: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return the rows of ``order`` that an imbalanced-learn sampler selects; only row numbers are copied."""
    chosen, _ = sampler.fit_resample(order[:, None], y)
    return np.asarray(chosen[:, 0], dtype=np.int64)
