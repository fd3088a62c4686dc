"""Rows of the chosen classes alone: ``data.classes``."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions
from data.errors import DataError
from data.rows import DataSet, Rows, classes
from data.series import Series
from data.texts import Texts


def load(data_set: DataSet, options: DataOptions, paths: tuple[Path, ...]) -> Rows | Series:
    """Return the rows of a data set, or those of ``options.classes``; paths: as its ``find`` returned them.

    Raises:
        DataError: the files cannot be used, or the data have no such classes.
    """
    loaded = data_set.load(options, paths)
    return loaded if not options.classes else _chosen(loaded, options)


def _chosen(loaded: Rows | Series, options: DataOptions) -> Rows:
    """Return the rows of the chosen classes, whose numbers keep the order of the data set's."""
    where = f"{options.dataset}: data.classes = {list(options.classes)}"
    if isinstance(loaded, Series):
        raise DataError(f"{where}: a series has no classes. Leave the key out.")
    unknown = [name for name in options.classes if name not in loaded.class_names]
    if unknown:
        raise DataError(f"{where}: no class {unknown[0]!r}. Classes: {', '.join(loaded.class_names)}.")
    if len(set(options.classes)) < 2:  # noqa: PLR2004 - a classifier needs two
        raise DataError(f"{where}: at least two different classes.")
    names = tuple(name for name in loaded.class_names if name in options.classes)
    numbers = np.array([names.index(name) if name in names else -1 for name in loaded.class_names], dtype=np.int64)
    y = numbers[classes(loaded.rows)]
    kept = np.flatnonzero(y >= 0)
    dropped = len(y) - len(kept)
    return replace(
        loaded,
        rows=_taken(loaded.rows, kept, y),
        class_names=names,
        groups=None if loaded.groups is None else loaded.groups[kept],
        test=None if loaded.test is None else _of_part(loaded.test, numbers),
        notes=(*loaded.notes, f"{dropped:,} of {len(y):,} rows are of other classes and left out (data.classes)."),
    )


def _of_part(part: Part | Texts, numbers: NDArray[np.int64]) -> Part | Texts:
    y = numbers[classes(part)]
    return _taken(part, np.flatnonzero(y >= 0), y)


def _taken(part: Part | Texts, rows: NDArray[np.int64], y: NDArray[np.int64]) -> Part | Texts:
    """Return some rows of a part with new class numbers.  rows: (M,) row numbers; y: (N,) of all rows."""
    if isinstance(part, Texts):
        return Texts(words=tuple(part.words[row] for row in rows), y=y[rows])
    return Part(x=part.x[rows], lengths=part.lengths[rows], y=y[rows])
