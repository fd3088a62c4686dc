"""Cross-validation: the rows that remain beside the test part, divided into folds, each the validation part once."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from data.config import DataConfig
from data.errors import DataError

TRIES = 100
"""Random divisions into grouped folds; the first one that leaves no class out of a fold is used."""

# N rows, K classes

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The numbers of the training and of the validation rows."""


def fold_rows(
    y: NDArray[np.int64], groups: NDArray[np.int64] | None, config: DataConfig, class_names: Sequence[str]
) -> Fold:
    """Return the training and the validation rows of fold ``config.fold``, of N rows without those of the test part.

    groups: (N,), needed for all but ``stratified``.  Every fold of ``stratified`` and ``grouped`` has rows of every
    class.  With ``leave-one-group-out`` and ``de-chazal`` a fold may lack a class, but no training part does.

    Raises:
        DataError: more folds than rows or groups of a class, or not as many folds as groups.
    """
    if config.folds is None or config.fold is None:
        raise TypeError("folds and fold are set together")
    if groups is None:
        train, valid = _stratified(y, config, class_names)[config.fold - 1]
    elif config.split == "leave-one-group-out":
        train, valid = _by_group(groups, config, config.fold)
    else:
        train, valid = _grouped(y, groups, config, class_names)[config.fold - 1]
    missing = np.flatnonzero(np.bincount(y[train], minlength=len(class_names)) == 0)
    if missing.size:
        raise DataError(
            f"{config.dataset}: class {class_names[int(missing[0])]} occurs in no training row of fold {config.fold}: "
            "all its rows are in the validation part. Drop the class, or use another split."
        )
    return train, valid


def _stratified(y: NDArray[np.int64], config: DataConfig, class_names: Sequence[str]) -> list[Fold]:
    from sklearn.model_selection import StratifiedKFold

    assert config.folds is not None  # noqa: S101 - checked by the caller
    counts = np.bincount(y, minlength=len(class_names))
    if counts.min() < config.folds:
        rare = int(counts.argmin())
        raise DataError(
            f"{config.dataset}: data.folds = {config.folds}: class {class_names[rare]} has {counts[rare]} rows beside "
            "the test part, and each fold needs one. Use fewer folds, add rows, or drop the class."
        )
    cut = StratifiedKFold(config.folds, shuffle=True, random_state=config.split_seed)
    return list(cut.split(np.zeros(len(y)), y))


def _by_group(groups: NDArray[np.int64], config: DataConfig, fold: int) -> Fold:
    """Return one of the folds, of which there is one for each group, in the order of the groups' numbers."""
    names = np.unique(groups)
    _check_several(names, config)
    if len(names) != config.folds:
        beside = " beside the test part" if config.test_fraction else ""
        raise DataError(
            f"{config.dataset}: data.folds = {config.folds}: there are {len(names)} groups{beside}, and "
            f'split = "leave-one-group-out" needs one fold for each. Set data.folds = {len(names)}, or use split = '
            '"grouped".'
        )
    out = groups == names[fold - 1]
    return np.flatnonzero(~out), np.flatnonzero(out)


def _grouped(
    y: NDArray[np.int64], groups: NDArray[np.int64], config: DataConfig, class_names: Sequence[str]
) -> list[Fold]:
    """Return folds of complete groups, alike in their classes: the first random division with all classes in each.

    ``de-chazal``: the first division, since its rare classes occur in few patients.
    """
    assert config.folds is not None  # noqa: S101 - checked by the caller
    names, member = np.unique(groups, return_inverse=True)
    _check_several(names, config)
    if len(names) < config.folds:
        raise DataError(
            f"{config.dataset}: data.folds = {config.folds}: there are {len(names)} groups beside the test part. "
            f"Set data.folds <= {len(names)}."
        )
    table = np.zeros((len(names), len(class_names)), dtype=np.int64)  # (G, K) rows
    np.add.at(table, (member, y), 1)
    spread = (table > 0).sum(axis=0)
    if config.split == "grouped" and spread.min() < config.folds:
        rare = int(spread.argmin())
        raise DataError(
            f"{config.dataset}: data.folds = {config.folds}: class {class_names[rare]} occurs in {spread[rare]} groups "
            'beside the test part, and each fold needs one. Use fewer folds, split = "leave-one-group-out", or drop '
            "the class."
        )
    for folds in _divisions(y, groups, config.folds, config.split_seed):
        complete = all(len(np.unique(y[valid])) == len(class_names) for _, valid in folds)
        if complete or config.split != "grouped":
            return folds
    raise DataError(
        f"{config.dataset}: each of {TRIES} random divisions into {config.folds} grouped folds left a class out of a "
        "fold. Use fewer folds, or another seed."
    )


def _check_several(names: NDArray[np.int64], config: DataConfig) -> None:
    """Raise DataError unless there are two groups to divide."""
    if len(names) == 1:
        raise DataError(
            f"{config.dataset}: data.folds = {config.folds}: there is one group beside the test part, and folds need "
            'two or more. Set data.test_fraction = 0, or use split = "stratified".'
        )


def _divisions(y: NDArray[np.int64], groups: NDArray[np.int64], folds: int, seed: int) -> Iterator[list[Fold]]:
    from sklearn.model_selection import StratifiedGroupKFold

    rows = np.zeros(len(y))
    for state in np.random.SeedSequence(seed).generate_state(TRIES):
        yield list(StratifiedGroupKFold(folds, shuffle=True, random_state=int(state)).split(rows, y, groups))
