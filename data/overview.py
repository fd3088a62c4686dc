"""What a data set holds once it is loaded: classes, lengths, ranges, groups, equal rows and the parts of its split.

Statistics of all rows, for the reader.  Nothing here reaches a trial.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.catalogue import resolve
from data.chosen_classes import load
from data.config import DataConfig, Kind
from data.duplicates import conflicting, first_of_equals
from data.errors import DataError
from data.ranges import Channel, ZeroTails, channel_ranges, constant_rows, zero_tails
from data.rows import Rows, classes
from data.series import Series, cut
from data.split_parts import divide, row_digests
from data.texts import Texts

# N rows, K classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The smallest, the middle and the largest of some counts."""

    smallest: int
    median: float
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRows:
    """A class.  rows: without an official test part.  parts: rows in each part of the split; empty without one."""

    name: str
    rows: int
    share: float
    parts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Groups of rows.  name: their column, None if they are the data set's own.  rows, classes: of each group."""

    name: str | None
    count: int
    rows: Spread
    classes: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Equal sequences or texts.  rows: that equal an earlier one.  conflicts: sequences with several classes."""

    rows: int
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Texts.  different: words in all rows.  covered: share of all words that the vocabulary has.

    long: texts of more than ``max_length`` words.  p95: as many words have 95 % of the texts, at most.
    """

    different: int
    vocabulary: int
    covered: float
    max_length: int
    long: int
    p95: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The split.  rows: of each part.  fault: why it is not possible, or None."""

    method: str
    rows: dict[str, int]
    official_test: bool
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A data set.  rows: without an official test part; of a series, its time steps.  lengths: steps or words of a row.

    padded: rows shorter than the longest.  constant_rows: sequences whose values are all equal.  notes: the loader's.
    """

    kind: Kind
    rows: int
    lengths: Spread
    padded: int
    classes: tuple[ClassRows, ...]
    channels: tuple[Channel, ...]
    constant_rows: int
    zero_tails: ZeroTails
    groups: Groups | None
    duplicates: Duplicates | None
    words: Words | None
    parts: Parts
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A data set as its loader returns it, with the files it came from."""

    config: DataConfig
    paths: tuple[Path, ...]
    loaded: Rows | Series


def read(config: DataConfig, datasets: Path | None) -> Opened:
    """Load a data set; writes nothing.

    Raises:
        DataError: it cannot be found or read.
    """
    data_set = resolve(config)
    paths = data_set.find(config, datasets)
    return Opened(config=config, paths=paths, loaded=load(data_set, config, paths))


def overview(opened: Opened) -> Overview:
    """Return what a data set holds, and how the options of ``opened.config`` split it."""
    if isinstance(opened.loaded, Series):
        return _of_series(opened.loaded, opened.config)
    return _of_rows(opened.loaded, opened.config)


def _of_series(series: Series, config: DataConfig) -> Overview:
    rows, channels = series.values.shape
    try:
        parts = cut(series, config).parts
        counts = {"training": len(parts.train), "validation": len(parts.valid), "test": len(parts.test)}
        split = Parts(method=config.split, rows=counts, official_test=False)
    except DataError as error:
        split = Parts(method=config.split, rows={}, official_test=False, fault=str(error))
    whole = np.full(1, rows)
    values = series.values.reshape(1, rows, channels)
    return Overview(
        kind="series",
        rows=rows,
        lengths=_spread(whole),
        padded=0,
        classes=(),
        channels=channel_ranges(values, whole, series.names),
        constant_rows=0,
        zero_tails=ZeroTails(),
        groups=None,
        duplicates=None,
        words=None,
        parts=split,
        notes=series.notes,
    )


def _of_rows(rows: Rows, config: DataConfig) -> Overview:
    y, digests = classes(rows.rows), row_digests(rows.rows)
    members = {}
    try:
        parts = divide(rows, digests, config)[1]
        members = {"training": y[parts.train], "validation": y[parts.valid], "test": y[parts.test]}
        fault = None
    except DataError as error:
        fault = str(error)
    if rows.test is not None:
        members["test"] = classes(rows.test)
    numbers = len(rows.class_names)
    counts = {name: np.bincount(part, minlength=numbers) for name, part in members.items()}
    totals = np.bincount(y, minlength=numbers)
    whole = rows.rows
    lengths = whole.lengths() if isinstance(whole, Texts) else whole.lengths
    return Overview(
        kind="texts" if isinstance(whole, Texts) else "sequences",
        rows=len(y),
        lengths=_spread(lengths),
        padded=int((lengths < lengths.max()).sum()),
        classes=tuple(
            ClassRows(
                name=name,
                rows=int(totals[k]),
                share=float(totals[k] / len(y)),
                parts={part: int(count[k]) for part, count in counts.items()},
            )
            for k, name in enumerate(rows.class_names)
        ),
        channels=()
        if isinstance(whole, Texts)
        else channel_ranges(whole.x, lengths, rows.channels or _numbered(whole.x.shape[2])),
        constant_rows=0 if isinstance(whole, Texts) else constant_rows(whole),
        zero_tails=ZeroTails() if isinstance(whole, Texts) else zero_tails(whole),
        groups=None if rows.groups is None else _groups(rows.group_name, rows.groups, y),
        duplicates=Duplicates(rows=len(y) - len(first_of_equals(digests)), conflicts=conflicting(digests, y)),
        words=_words(whole, config) if isinstance(whole, Texts) else None,
        parts=Parts(
            method=config.split,
            rows={name: len(part) for name, part in members.items()},
            official_test=rows.test is not None,
            fault=fault,
        ),
        notes=rows.notes,
    )


def _spread(counts: NDArray[np.int64]) -> Spread:
    return Spread(smallest=int(counts.min()), median=float(np.median(counts)), largest=int(counts.max()))


def _numbered(channels: int) -> list[str]:
    return [f"channel {number}" for number in range(1, channels + 1)] if channels > 1 else ["values"]


def _groups(name: str | None, groups: NDArray[np.int64], y: NDArray[np.int64]) -> Groups:
    rows = np.unique(groups, return_counts=True)[1]
    pairs = np.unique(np.stack([groups, y], axis=1), axis=0)  # each class of a group once
    return Groups(
        name=name,
        count=len(rows),
        rows=_spread(rows),
        classes=_spread(np.unique(pairs[:, 0], return_counts=True)[1]),
    )


def _words(texts: Texts, config: DataConfig) -> Words:
    counts = Counter(word for words in texts.words for word in words.split(" "))
    lengths = texts.lengths()
    kept = sum(count for _, count in counts.most_common(config.vocabulary))
    return Words(
        different=len(counts),
        vocabulary=config.vocabulary,
        covered=kept / counts.total(),
        max_length=config.max_length,
        long=int((lengths > config.max_length).sum()),
        p95=int(np.percentile(lengths, 95)),
    )
