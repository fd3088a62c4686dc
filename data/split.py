"""Training, validation and test rows: stratified by class, or by complete groups."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.config import DataConfig
from data.errors import DataError
from data.folds import fold_rows

CANDIDATES = 500
"""Random grouped splits; the best balanced one is used."""

FEWER_CANDIDATES = 20
"""Of each of ``data.splits``: the best of as many as ``CANDIDATES`` would be nearly the same every time."""

# N rows, G groups, K classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Row numbers of each part, (n,) int64, disjoint.  test: empty where the data set has its own."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]


def sample(y: NDArray[np.int64], rows: int, seed: int) -> NDArray[np.int64]:
    """Return ``rows`` of N row numbers in ascending order, stratified by class; all N if there are no more."""
    from sklearn.utils import resample

    if rows >= len(y):
        return np.arange(len(y))
    chosen = resample(np.arange(len(y)), replace=False, n_samples=rows, stratify=y, random_state=seed)
    return np.sort(chosen).astype(np.int64)


def split(
    y: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    config: DataConfig,
    *,
    class_names: Sequence[str],
    official_test: bool,
) -> Split:
    """Return the split of N rows; each class occurs in each part, except for ``de-chazal``, whose test part is given.

    valid_fraction: of all N rows, which exclude an official test part.  With ``folds`` the rows beside the test part
    are divided into them, and validation rows may lack a class.  With ``splits`` the test part is that of a
    configuration without them, and the other rows are divided anew.
    """
    test_fraction = 0.0 if official_test else config.test_fraction
    folds = config.folds is not None
    if not folds and config.valid_fraction + test_fraction >= 1.0:
        raise DataError(
            f"data.valid_fraction + data.test_fraction = {config.valid_fraction} + {test_fraction} leaves no training "
            "rows: keep their sum below 1."
        )
    given = {"valid": 0.0 if folds else config.valid_fraction, "test": test_fraction}
    fractions = {name: fraction for name, fraction in given.items() if fraction}
    grouping = config.split in {"grouped", "leave-one-group-out", "de-chazal"}
    if grouping:
        if groups is None:
            raise DataError(
                f'{config.dataset}: split = "{config.split}" needs groups, and there are none. Name their column with '
                'data.group, or use split = "stratified".'
            )
        parts = _grouped(y, groups, fractions, config, class_names)
    else:
        parts = _stratified(y, fractions, config, class_names)
    if folds:
        rest = parts["train"]
        of_rest = fold_rows(y[rest], groups[rest] if grouping and groups is not None else None, config, class_names)
        parts["train"], parts["valid"] = (rest[rows] for rows in of_rest)
    elif config.splits is not None:
        rest = np.sort(np.concatenate([parts["train"], parts["valid"]]))
        fraction = config.valid_fraction / (1 - test_fraction)
        grouped = groups[rest] if grouping and groups is not None else None
        of_rest = _random(y[rest], grouped, fraction, config, class_names)
        parts["train"], parts["valid"] = (rest[rows] for rows in of_rest)
    return Split(train=parts["train"], valid=parts["valid"], test=parts.get("test", np.arange(0)))


def _random(
    y: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    fraction: float,
    config: DataConfig,
    class_names: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training and the validation rows of random split ``config.fold``, of N rows beside the test part.

    fraction: of the validation part.  groups: (N,), where parts consist of complete ones.  The r-th split does not
    depend on how many there are; of grouped ones no two have the same groups.
    """
    if config.fold is None:
        raise TypeError("splits and fold are set together")
    fractions = {"valid": fraction}
    seeds = [int(s) for s in np.random.SeedSequence([config.split_seed, 1]).generate_state(config.fold)]
    if groups is None:
        parts = _stratified(y, fractions, config.model_copy(update={"split_seed": seeds[-1]}), class_names)
        return parts["train"], parts["valid"]
    used: set[bytes] = set()
    for seed in seeds:
        parts = _grouped(y, groups, fractions, config.model_copy(update={"split_seed": seed}), class_names, used=used)
    return parts["train"], parts["valid"]


def _stratified(
    y: NDArray[np.int64], fractions: dict[str, float], config: DataConfig, class_names: Sequence[str]
) -> dict[str, NDArray[np.int64]]:
    """Return the parts of scikit-learn's stratified shuffle split: test first, then validation from the rest."""
    from sklearn.model_selection import StratifiedShuffleSplit

    def check_at_least(rows: NDArray[np.int64], least: int) -> None:
        counts = np.bincount(y[rows], minlength=len(class_names))
        if counts.min() >= least:
            return
        number = int(counts.argmin())
        more = f" (after max_rows = {config.max_rows}; raise it)" if config.max_rows else ""
        raise DataError(
            f"{config.dataset}: class {class_names[number]} has {(y == number).sum()} rows{more}; a split that leaves "
            f"rows of it in every part needs about {needed}. Add rows, drop the class, or raise the smallest fraction."
        )

    needed = math.ceil(1 / min(*fractions.values(), 1 - sum(fractions.values()))) if fractions else 1
    rest = np.arange(len(y))
    parts: dict[str, NDArray[np.int64]] = {}
    for name in reversed(fractions):
        check_at_least(rest, least=2)
        taken = sum(fractions[other] for other in parts)
        cut = StratifiedShuffleSplit(1, test_size=fractions[name] / (1 - taken), random_state=config.split_seed)
        try:
            kept, out = next(cut.split(rest, y[rest]))
        except ValueError as error:
            raise DataError(f"{config.dataset}: {len(y)} rows are too few for this split: {error}") from error
        parts[name], rest = rest[out], rest[kept]
    parts["train"] = rest
    for rows in parts.values():
        check_at_least(rows, least=1)
    return parts


def _grouped(
    y: NDArray[np.int64],
    groups: NDArray[np.int64],
    fractions: dict[str, float],
    config: DataConfig,
    class_names: Sequence[str],
    *,
    used: set[bytes] | None = None,
) -> dict[str, NDArray[np.int64]]:
    """Return parts of complete groups: of many random splits the one whose class shares are nearest the fractions.

    Groups differ in size and classes, so one random split may leave a class out of a part.  That is an error, except
    for ``de-chazal``: without the paced records there are hardly any beats of class Q.

    used: by earlier ones of ``data.splits``; that of this one is added.
    """
    names, member = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), len(class_names)), dtype=np.int64)  # (G, K) rows
    np.add.at(table, (member, y), 1)
    spread = (table > 0).sum(axis=0)
    complete = config.split != "de-chazal"
    if complete and spread.min() <= len(fractions):
        number = int(spread.argmin())
        otherwise = 'Use split = "stratified"' if config.segment is None else "Record more"
        noun = "groups" if config.segment is None or config.group is not None else "recordings"
        raise DataError(
            f"{config.dataset}: class {class_names[number]} occurs in {spread[number]} of {len(names)} {noun}; a "
            f"grouped split needs it in at least {len(fractions) + 1}. {otherwise}, or drop the class."
        )
    rest = np.arange(len(names))
    chosen: dict[str, NDArray[np.int64]] = {}
    for name in reversed(fractions):
        taken = sum(fractions[other] for other in chosen)
        out = _nearest(
            table[rest],
            fractions[name] / (1 - taken),
            config.split_seed,
            parts_left=len(fractions) - len(chosen),
            used=used,
        )
        if out is None:
            raise _too_few(config, len(used or ()))
        chosen[name], rest = rest[out], np.delete(rest, out)
    chosen["train"] = rest
    for name, members in chosen.items():
        counts = table[members].sum(axis=0)
        if complete and not counts.all():
            if used is not None and len(used) > 1:
                raise _too_few(config, len(used) - 1)
            raise DataError(
                f"{config.dataset}: each of {CANDIDATES} random grouped splits left a class out of a part, such as "
                f"{class_names[int(counts.argmin())]} out of {name}. Try another seed or larger fractions."
            )
    return {name: np.flatnonzero(np.isin(member, members)) for name, members in chosen.items()}


def _too_few(config: DataConfig, divisions: int) -> DataError:
    """Return the error of groups that have as many divisions and no further one."""
    return DataError(
        f"{config.dataset}: data.splits = {config.splits}: the groups beside the test part have {divisions} "
        "different divisions with all classes in both parts. Use at most as many splits, or data.folds."
    )


def _nearest(
    table: NDArray[np.int64], fraction: float, seed: int, *, parts_left: int, used: set[bytes] | None
) -> NDArray[np.int64] | None:
    """Return the groups (of G) with about ``fraction`` of each class that leave rows of it for the other parts.

    used: earlier choices, none of which is repeated; None where there was no other left.
    """
    from sklearn.model_selection import ShuffleSplit

    total = np.maximum(table.sum(axis=0), 1)

    def badness(out: NDArray[np.int64]) -> tuple[int, float]:
        rows = table[out]
        left = (np.delete(table, out, axis=0) > 0).sum(axis=0)
        missing = int((rows.sum(axis=0) == 0).sum() + (left < parts_left).sum())
        return missing, float(np.abs(rows.sum(axis=0) / total - fraction).sum())

    candidates = ShuffleSplit(CANDIDATES, test_size=fraction, random_state=seed).split(table)
    chosen: list[NDArray[np.int64]] = [np.sort(out) for _, out in candidates]
    if used is not None:
        new = [out for out in chosen if out.tobytes() not in used]
        chosen = [out for out in new if badness(out)[0] == 0][:FEWER_CANDIDATES] or new
    best = min(chosen, key=badness, default=None)
    if used is not None and best is not None:
        used.add(best.tobytes())
    return best
