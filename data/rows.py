"""The rows that a loader returns, and the checks that they pass."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions, Kind
from data.errors import DataError
from data.series import Series
from data.texts import Texts

MOST_CLASSES = 1000
"""A confusion matrix has as many rows and columns."""
EXACT = 2**53
"""Up to here float64 tells whole numbers apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A data set before it is split.

    rows: the rows to split: numbers as they are trained on, or texts, encoded once the training rows are known.
    class_names: K names; the order is that of the class numbers in ``y``.
    groups: (N,) int64, the patient or user of each of ``rows``, or None.
    group_name: the column of the groups in a user's table; None where the groups are the data set's own.
    test: the official test part, of the same kind as ``rows``, or None.
    notes: warnings for the user, printed with the results.
    channels: the names of the C channels; empty where they have none.
    inputs: the columns of a table that were read as numbers, in their order; empty where they have no names.
    """

    rows: Part | Texts
    class_names: tuple[str, ...]
    groups: NDArray[np.int64] | None = None
    group_name: str | None = None
    test: Part | Texts | None = None
    notes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """One data set, or one kind of file: how its files are found, and how they become rows.

    ``find`` is cheap and raises DataError with the places searched; ``load`` takes the files that ``find`` returned.
    splits: the allowed values of ``data.split``.
    """

    about: str
    size: str
    find: Callable[[DataOptions, Path | None], tuple[Path, ...]]
    load: Callable[[DataOptions, tuple[Path, ...]], Rows | Series]
    kind: Kind = "sequences"
    splits: tuple[str, ...] = ("stratified", "grouped", "leave-one-group-out")


def classes(rows: Part | Texts) -> NDArray[np.int64]:
    """Return (N,) the class of each row."""
    return np.asarray(rows.y, dtype=np.int64)


def part(x: NDArray[Any], y: NDArray[np.int64], lengths: NDArray[Any] | None = None) -> Part:
    """Return (N, T) or (N, T, C) sequences as a part: float32, zero after each row's length, no negative zeros.

    ``lengths`` None: every row is T long.
    """
    values = np.ascontiguousarray(x if x.ndim == 3 else x[:, :, None], dtype=np.float32)  # noqa: PLR2004 - (N, T, C)
    steps = values.shape[1]
    if lengths is None:
        lengths = np.full(len(values), steps, dtype=np.int64)
    else:
        values = np.where((np.arange(steps) < lengths[:, None])[:, :, None], values, np.float32(0))
    values += np.float32(0)  # -0.0 becomes 0.0: equal sequences have equal bytes
    return Part(x=values, lengths=lengths.astype(np.int64), y=y)


def check_finite(
    x: NDArray[np.float32], where: str, columns: Sequence[str], *, advice: str = "fill or drop them"
) -> None:
    """Raise DataError for the first NaN or infinite value of ``x`` (N, T)."""
    bad = ~np.isfinite(x)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"{where}: row {row + 1}, column {columns[column]!r}: got {x[row, column]} (NaN, infinite, empty or beyond "
            f"float32), {bad.sum():,} such values in all. Every value must be a number: {advice}."
        )


def encode_labels(labels: NDArray[Any], where: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return (N,) class numbers and the sorted class names; labels that are all numbers sort as numbers.

    The number 1, the number 1.0 and the text "1" are the class "1" in every file format.
    """
    return named_classes(*distinct_labels(labels, where), where)


def distinct_labels(
    labels: NDArray[Any], where: str, class_names: Sequence[str] = ()
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the K different labels in order, as numbers or as text, and (N,) the place of each label among them.

    class_names: known beforehand, by another file, in which labels may have been numbers where they are texts here, or
    the other way round. If a label is none of them, each is compared by itself: as its text, then as a number.
    """
    keys, codes = np.unique(_canonical(labels, where), return_inverse=True)
    check_classes(len(keys), where)
    if class_names and labels.dtype.kind != "f":  # which have no text of their own
        exact = keys.dtype != np.float64 or np.abs(keys).max(initial=0) < EXACT
        if not (exact and set(map(label_name, keys)) <= set(class_names)):
            return _matched(labels, keys, codes, frozenset(class_names))
    return keys, codes.astype(np.int64)


def _matched(
    labels: NDArray[Any], keys: NDArray[Any], codes: NDArray[np.int64], class_names: frozenset[str]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return labels compared with the known classes one by one, in the order of ``keys[codes]``, their own."""
    texts, first, places = np.unique(labels.astype(np.str_), return_index=True, return_inverse=True)
    names = [_known_name(text, class_names) for text in texts.tolist()]
    if not set(names) & class_names:
        return keys, codes.astype(np.int64)
    order = dict.fromkeys(names[place] for place in np.argsort(codes[first], kind="stable"))
    rank = {name: number for number, name in enumerate(order)}
    return np.array(list(order)), np.array([rank[name] for name in names], dtype=np.int64)[places]


def _known_name(text: str, class_names: frozenset[str]) -> str:
    """Return the class of a label's text; the text itself where it is of no class."""
    if text in class_names:
        return text
    try:
        name = label_name(float(text))
    except (ValueError, OverflowError):
        return text
    return name if name in class_names else text


def check_classes(labels: int, where: str) -> None:
    """Raise DataError where there are more different labels than classes may be."""
    if labels > MOST_CLASSES:
        raise DataError(
            f"{where}: {labels:,} different labels; at most {MOST_CLASSES:,} classes. Is it the right column? "
            "A column of numbers to predict is data.target."
        )


def named_classes(
    keys: NDArray[Any], codes: NDArray[np.int64], where: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return (N,) class numbers and the names of those of ``keys`` that occur among the ``codes`` of N rows."""
    present, y = np.unique(codes, return_inverse=True)
    if len(present) < 2:  # noqa: PLR2004 - a classifier needs two
        raise DataError(
            f"{where}: all {len(y):,} rows have the label {label_name(keys[present[0]])!r}. At least two classes."
        )
    return y.astype(np.int64), tuple(label_name(key) for key in keys[present])


def encode_as(labels: NDArray[Any], class_names: tuple[str, ...], where: str) -> NDArray[np.int64]:
    """Return class numbers of labels whose classes are given; DataError for another label."""
    return known_classes(*distinct_labels(labels, where, class_names), class_names, where)


def known_classes(
    keys: NDArray[Any], codes: NDArray[np.int64], class_names: tuple[str, ...], where: str, *, noun: str = "row"
) -> NDArray[np.int64]:
    """Return (N,) class numbers of the labels ``keys[codes]`` whose classes are given; DataError for another label.

    noun: for one of the N rows.
    """
    numbers = {name: number for number, name in enumerate(class_names)}
    y = np.array([numbers.get(label_name(key), -1) for key in keys], dtype=np.int64)[codes]
    if (y < 0).any():
        row = int((y < 0).argmax())
        raise DataError(
            f"{where}: {noun} {row + 1} has the label {label_name(keys[codes[row]])!r}, none of the "
            f"known classes: {', '.join(class_names)}."
        )
    return y


def encode_groups(groups: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Return (N,) group numbers."""
    _check_no_missing(groups, where, "group")
    return np.unique(_as_text(groups, where, "group"), return_inverse=True)[1].astype(np.int64)


def known_group_notes(train: Iterable[Any], test: Iterable[Any], name: str) -> tuple[str, ...]:
    """Return a note if groups of an official test part are also in training.

    train, test: the group of each row, or each group once; missing ones of the test part are of no group.  name: of
    their column.
    """
    tested = {label_name(group) for group in test if group is not None and group == group and group != ""}  # noqa: PLR0124 - NaN
    shared = tested & {label_name(group) for group in train}
    if not shared:
        return ()
    partly = "" if shared == tested else "partly "
    note = (
        f"{len(shared):,} of {len(tested):,} groups ({name}) of the test file are also in the training file: scores on "
        f"the test part are {partly}those of known groups."
    )
    return (note,)


def _check_no_missing(values: NDArray[Any], where: str, name: str) -> None:
    missing = np.array([value is None or value != value or value == "" for value in values.tolist()])  # noqa: PLR0124 - NaN
    if missing.any():
        raise DataError(f"{where}: row {int(missing.argmax()) + 1} has no {name} ({missing.sum():,} such rows).")


def _canonical(labels: NDArray[Any], where: str) -> NDArray[Any]:
    """Return labels as float64 if all of them are numbers, as text otherwise.

    Whole numbers that float64 would merge stay whole numbers.
    """
    if labels.dtype.kind not in "UbiufOS":
        raise DataError(_no_labels(where, str(labels.dtype)))
    _check_no_missing(labels, where, "label")
    if labels.dtype == np.bool_:
        return labels.astype(np.str_)
    try:
        numbers = labels.astype(np.float64)
    except ValueError:
        return _as_text(labels, where, "label")
    except TypeError as error:
        raise DataError(_no_labels(where, type(labels[0]).__name__)) from error
    if not np.isfinite(numbers).all():
        return _as_text(labels, where, "label")
    if labels.dtype.kind != "f" and np.abs(numbers).max(initial=0) >= EXACT:
        whole = _whole_numbers(labels)
        if whole is not None and len(np.unique(whole)) > len(np.unique(numbers)):
            return whole
    return numbers


def _no_labels(where: str, kind: str) -> str:
    return (
        f"{where}: the labels are of type {kind}; needs texts, numbers or booleans. Is it the right column? Write "
        "other values as text, for example a day as 2024-05-31."
    )


def _whole_numbers(labels: NDArray[Any]) -> NDArray[Any] | None:
    """Return labels as Python's whole numbers, which are exact at any size; None where one of them is not whole."""
    try:
        whole = [int(label) for label in labels.tolist()]
    except ValueError:  # "1.5"
        return None
    if labels.dtype == np.object_ and whole != labels.tolist():
        return None
    return np.array(whole, dtype=np.object_)


def _as_text(values: NDArray[Any], where: str, name: str) -> NDArray[Any]:
    try:
        return values.astype(np.str_)
    except UnicodeDecodeError as error:
        row = next(row for row, value in enumerate(values.tolist()) if isinstance(value, bytes) and not value.isascii())
        raise DataError(
            f"{where}: row {row + 1} has a {name} of bytes that are no ASCII. Write {name}s as text."
        ) from error


def label_name(key: Any) -> str:
    """Return the name of the class of one of the ``distinct_labels``."""
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)
