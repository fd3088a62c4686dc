"""The arrays that a trial trains on, and how to open prepared ones: NumPy alone, so that workers stay small."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# N rows, T time steps, C channels, K classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a split.

    x: (N, T, C) float32, zero after each row's length;  lengths: (N,) int64, 1..T;  y: (N,) int64, 0..K-1.
    """

    x: NDArray[np.float32]
    lengths: NDArray[np.int64]
    y: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """What a trial sees; the test part is not among it.

    order: (M,) int64 rows of ``train`` that make up one epoch (oversampling repeats rows here, without a copy).
    class_weights: (K,) float32 for the loss, or None.
    sha256: over all of the above and the validation part, the identity that records carry.
    """

    train: Part
    valid: Part
    order: NDArray[np.int64]
    class_weights: NDArray[np.float32] | None
    class_names: tuple[str, ...]
    sha256: str

    @property
    def steps(self) -> int:
        """T, the length of the padded time axis."""
        return int(self.train.x.shape[1])

    @property
    def channels(self) -> int:
        """C."""
        return int(self.train.x.shape[2])

    @property
    def classes(self) -> int:
        """K."""
        return len(self.class_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of each class, by class name, in each part."""

    train: Mapping[str, int]
    valid: Mapping[str, int]
    test: Mapping[str, int]
    epoch: Mapping[str, int]
    """What one epoch sees after balancing."""
