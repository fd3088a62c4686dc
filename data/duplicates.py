"""Equal sequences: the same row twice, or the same row in two parts."""

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.errors import DataError


def sequence_digests(rows: Part) -> list[bytes]:
    """Return 16 bytes for each of N sequences; equal if and only if values and length are equal (BLAKE2b)."""
    lengths = rows.lengths.astype("<i8")
    return [
        hashlib.blake2b(values.tobytes() + length.tobytes(), digest_size=16).digest()
        for values, length in zip(rows.x, lengths, strict=True)
    ]


def first_of_equals(digests: Sequence[bytes]) -> NDArray[np.int64]:
    """Return the rows, in order, that equal no row before them."""
    first: dict[bytes, int] = {}
    for row, digest in enumerate(digests):
        first.setdefault(digest, row)
    return np.fromiter(first.values(), dtype=np.int64, count=len(first))


def conflicting(digests: Sequence[bytes], y: NDArray[np.int64]) -> int:
    """Return how many distinct sequences occur with more than one class."""
    classes: dict[bytes, set[int]] = {}
    for digest, number in zip(digests, y.tolist(), strict=True):
        classes.setdefault(digest, set()).add(number)
    return sum(len(numbers) > 1 for numbers in classes.values())


def verify_rows(train: AbstractSet[bytes], name: str, other: Sequence[bytes], *, clean: bool) -> list[str]:
    """Return a note if rows of the part ``name`` also occur in training.

    clean: duplicates were dropped before the split, so that a shared row is a bug: DataError.
    """
    count = sum(digest in train for digest in other)
    if count and clean:
        raise DataError(f"{count:,} of {len(other):,} {name} rows equal training rows though duplicates were dropped.")
    return [f"{count:,} of {len(other):,} {name} rows also occur in training: scores are optimistic."] if count else []
