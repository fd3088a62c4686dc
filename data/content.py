"""The content of a prepared directory, and the parts of a split as files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Counts, Part, Scale
from data.manifest import ArrayFile
from data.scaling import Scaling
from data.store import rows_of, write

PreparationProgress = Callable[[str], None]
"""Takes the current step of a preparation as one short line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The arrays written into a folder, and their description.

    class_names: empty for regression.  notes: warnings for the user, printed with the results.
    words: of a vocabulary, the first has token 2; empty where x holds numbers.  scale: of regression targets.
    scaling: of the channels, or None.  inputs: names of the columns that were read as numbers.  target: the one of them
    that is forecast.
    """

    arrays: dict[str, ArrayFile]
    class_names: tuple[str, ...]
    steps: int
    channels: int
    counts: Counts
    notes: tuple[str, ...]
    words: tuple[str, ...] = ()
    scale: Scale | None = None
    scaling: Scaling | None = None
    inputs: tuple[str, ...] = ()
    target: str | None = None


def write_part(
    folder: Path, name: str, part: Part, rows: NDArray[np.int64], scaling: Scaling | None = None
) -> dict[str, ArrayFile]:
    """Write ``rows`` of a part as the part ``name``, block by block and scaled; return its three files."""
    shape = (len(rows), *part.x.shape[1:])
    blocks = rows_of(part.x, rows)
    if scaling is not None:
        lengths = rows_of(part.lengths, rows)
        blocks = (scaling.apply(x, own) for x, own in zip(blocks, lengths, strict=True))
    return {
        f"{name}_x": write(folder / f"{name}_x.npy", blocks, shape=shape, dtype=part.x.dtype),
        f"{name}_lengths": write_array(folder, f"{name}_lengths", part.lengths[rows]),
        f"{name}_y": write_array(folder, f"{name}_y", part.y[rows]),
    }


def write_array(folder: Path, name: str, values: NDArray[Any]) -> ArrayFile:
    """Write one array."""
    return write(folder / f"{name}.npy", [values], shape=values.shape, dtype=values.dtype)


def class_counts(y: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, int]:
    """Return the rows of each class, by its name."""
    return dict(zip(names, np.bincount(y, minlength=len(names)).tolist(), strict=True))
