"""What is written into a prepared directory, and the parts of a split as files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Counts, Part, Scale
from data.manifest import ArrayFile
from data.store import rows_of, write

Progress = Callable[[str], None]
"""Told what is being done, one short line at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was written into a folder.

    class_names: empty for regression.  notes: what a user should know before believing a score.
    words: of a vocabulary, the first has token 2; empty where x holds numbers.  scale: of regression targets.
    inputs: each channel's name and standardisation, in order; empty where inputs are as they came.
    """

    arrays: dict[str, ArrayFile]
    class_names: tuple[str, ...]
    steps: int
    channels: int
    counts: Counts
    notes: tuple[str, ...]
    words: tuple[str, ...] = ()
    scale: Scale | None = None
    inputs: dict[str, Scale] = field(default_factory=dict)


def write_part(folder: Path, name: str, part: Part, rows: NDArray[np.int64]) -> dict[str, ArrayFile]:
    """Write ``rows`` of a part as the part ``name``, block by block; return its three files."""
    shape = (len(rows), *part.x.shape[1:])
    return {
        f"{name}_x": write(folder / f"{name}_x.npy", rows_of(part.x, rows), shape=shape, dtype=part.x.dtype),
        f"{name}_lengths": write_one(folder, f"{name}_lengths", part.lengths[rows]),
        f"{name}_y": write_one(folder, f"{name}_y", part.y[rows]),
    }


def write_one(folder: Path, name: str, values: NDArray[Any]) -> ArrayFile:
    """Write one array."""
    return write(folder / f"{name}.npy", [values], shape=values.shape, dtype=values.dtype)


def class_counts(y: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, int]:
    """Return the rows of each class, by its name."""
    return dict(zip(names, np.bincount(y, minlength=len(names)).tolist(), strict=True))
