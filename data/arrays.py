"""The arrays of a trial."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# N rows, T time steps, C channels, K classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a split.

    x: (N, T, C) float32, or (N, T, 1) int32 tokens of a text; zero after each row's length.  lengths: (N,) int64, 1..T.
    y: (N,) int64 classes, 0..K-1; for regression (N,) float32 targets, standardised (see ``Scale``).
    """

    x: NDArray[np.float32] | NDArray[np.int32]
    lengths: NDArray[np.int64]
    y: NDArray[np.int64] | NDArray[np.float32]

    def take(self, rows: NDArray[np.int64]) -> "Part":
        """Return the part of these rows (M,), in their order."""
        return Part(x=self.x[rows], lengths=self.lengths[rows], y=self.y[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Mean and standard deviation of the training part's targets: target = y * std + mean, in the data's own unit."""

    mean: float
    std: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """The arrays of a trial; the test part is not among them.

    order: (M,) int64 rows of ``train`` that make up one epoch (oversampling repeats rows here, without a copy).
    class_weights: (K,) float32 for the loss, or None.  class_names: empty for regression.
    tokens: number of different tokens in texts, padding (0) and unknown (1) included; None where x holds numbers.
    scale: of regression targets, or None.
    sha256: over all of the above, the ``data_sha256`` of records.
    """

    train: Part
    valid: Part
    order: NDArray[np.int64]
    class_weights: NDArray[np.float32] | None
    class_names: tuple[str, ...]
    sha256: str
    tokens: int | None = None
    scale: Scale | None = None

    @property
    def regression(self) -> bool:
        """Whether targets are numbers, not classes."""
        return self.scale is not None

    @property
    def outputs(self) -> int:
        """Outputs of a model: a logit per class, or one number for regression."""
        return 1 if self.regression else self.classes

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
    """Rows of one epoch, after balancing."""
