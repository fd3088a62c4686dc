"""SmartWatch Gestures: 3,251 recordings of 20 gestures by 8 users, 10 to 51 samples x 3 axes at about 9 Hz.

Source: Costante, Porzi, Lanz, Valigi, Ricci, "Personalizing a smartwatch-based gesture interface with transfer
learning", EUSIPCO 2014; Porzi, Messelodi, Modena, Ricci, IMMPD 2013.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.config import DataOptions
from data.datasets.columns import column_names
from data.datasets.parquet_columns import read_parquet
from data.errors import DataError
from data.files import find_file
from data.memory import check_bytes
from data.rows import DataSet, Rows, encode_as, part

CLASS_NAMES = tuple(str(number) for number in range(1, 21))
"""Gestures are numbered from 1; class 0 is gesture 1."""
AXES = ("x", "y", "z")
STANDARD_GRAVITY = np.float32(9.80665)
"""In m/s2.  Recorded values, -65 to 78 m/s2, are divided by it, so that a watch at rest reads about 1.

A constant of physics, not a statistic of the data: dividing by it does not leak validation or test data.
"""
PLACES = ("gestures/smartwatch_gestures.parquet", "smartwatch_gestures.parquet")


def find(_options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the file."""
    return (find_file("gestures", PLACES, datasets),)


def load(_options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the recordings, zero after each one's length; groups are users.

    One recording occurs as two gestures (user 2: gesture 13, repetition 20, and gesture 14, repetition 1).
    """
    path = paths[0]
    wanted = ("user", "gesture", *AXES)
    missing = sorted(set(wanted) - set(column_names(path)))
    if missing:
        raise DataError(f"{path}: no column {missing[0]!r}; needs {', '.join(wanted)}.")
    (table,) = read_parquet(path, wanted)
    y = encode_as(np.array(table["gesture"].to_pylist()), CLASS_NAMES, str(path))
    x, lengths = _sequences(table, path)
    users = np.asarray(table["user"].to_numpy(), dtype=np.int64)
    recordings = part(x / STANDARD_GRAVITY, y, lengths)
    return Rows(rows=recordings, class_names=CLASS_NAMES, groups=users, channels=AXES)


GESTURES = DataSet(
    about="smartwatch gestures (acceleration in g), users known",
    size="3,251 rows, 20 classes, 10 to 51 x 3",
    find=find,
    load=load,
)


def _sequences(table: Any, path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return (N, T, 3) and (N,) lengths from a table with a list of samples for each axis."""
    import pyarrow as pa
    from pyarrow import compute

    try:
        counted = [compute.list_value_length(table[axis]).to_numpy() for axis in AXES]
        samples = [compute.list_flatten(table[axis]).cast(pa.float32()).to_numpy() for axis in AXES]
    except pa.ArrowException as error:
        raise DataError(
            f"{path}: the axes {', '.join(AXES)} must hold a list of numbers in each row: {error}"
        ) from error
    lengths = counted[0]
    unequal = np.flatnonzero((counted[1] != lengths) | (counted[2] != lengths) | ~(lengths > 0))
    if unequal.size:
        got = ", ".join(str(count[unequal[0]]) for count in counted)
        raise DataError(f"{path}: row {unequal[0] + 1}: x, y, z have {got} samples; needs equally many, at least one.")
    if not all(np.isfinite(values).all() for values in samples):
        raise DataError(f"{path}: not every sample is a finite number.")
    check_bytes(str(path), len(lengths) * int(lengths.max()) * len(AXES) * 4, file_bytes=path.stat().st_size)
    x = np.zeros((len(lengths), int(lengths.max()), len(AXES)), dtype=np.float32)
    x[np.arange(x.shape[1]) < lengths[:, None]] = np.stack(samples, axis=1)
    return x, lengths.astype(np.int64)
