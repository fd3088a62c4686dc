"""Labelled recordings, cut into windows of equal length with a label each."""

import numpy as np
from numpy.typing import NDArray

from data.config import Segment
from data.errors import DataError

# R rows of all recordings, one after the other, N recordings, W windows of T steps

BLOCK_WINDOWS = 4096


def window_starts(
    starts: NDArray[np.int64], lengths: NDArray[np.int64], segment: Segment, where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Return (W,) the first row of each window, (W,) its recording, and notes; no window crosses a recording's end.

    starts, lengths: (N,) first row and number of rows of each recording.
    """
    step = segment.step or segment.length
    windows = np.where(lengths < segment.length, 0, (lengths - segment.length) // step + 1)
    short = int((windows == 0).sum())
    if short == len(lengths):
        raise DataError(
            f"{where}: data.segment.length = {segment.length:,}: longer than every recording; the longest of "
            f"{len(lengths):,} has {lengths.max():,} rows. Use a shorter length."
        )
    recordings = np.repeat(np.arange(len(lengths)), windows)
    place = np.arange(len(recordings)) - np.repeat(np.cumsum(windows) - windows, windows)
    notes = []
    if short:
        notes.append(
            f"{short:,} of {len(lengths):,} recordings are shorter than a window of {segment.length:,} steps and are "
            "left out."
        )
    return starts[recordings] + place * step, recordings, notes


def window_labels(
    labels: NDArray[np.int64], first: NDArray[np.int64], segment: Segment, where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Return the windows that are kept, their label each, and notes.

    labels: (R,) of each row;  first: (W,) the first row of each window.
    """
    last = first + segment.length - 1
    kept = np.arange(len(first))
    if segment.label == "majority":
        return kept, _majority(labels, first, last), []
    if segment.label == "last":
        return kept, labels[last], []
    changes = np.concatenate([[0], np.cumsum(np.diff(labels) != 0)])
    kept = np.flatnonzero(changes[first] == changes[last])
    if not kept.size:
        raise DataError(
            f'{where}: data.segment.label = "all": none of {len(first):,} windows of {segment.length:,} steps has only '
            'one label. Use a shorter length, or label = "majority".'
        )
    dropped = len(first) - len(kept)
    note = f"{dropped:,} of {len(first):,} windows have several labels and are left out (data.segment.label)."
    return kept, labels[first[kept]], [note] if dropped else []


def windows_at(values: NDArray[np.float32], first: NDArray[np.int64], length: int) -> NDArray[np.float32]:
    """Return (W, T, C) windows of ``values`` (R, C), block by block: an index of all would be larger than they are."""
    x = np.empty((len(first), length, values.shape[1]), dtype=np.float32)
    for start in range(0, len(first), BLOCK_WINDOWS):
        block = slice(start, start + BLOCK_WINDOWS)
        x[block] = values[first[block, None] + np.arange(length)]
    return x


def _majority(labels: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (W,) the most frequent label of each window; the first in their order of several equally frequent."""
    most = np.zeros(len(first), dtype=np.int64)
    chosen = np.zeros(len(first), dtype=np.int64)
    for label in np.unique(labels).tolist():
        before = np.concatenate([[0], np.cumsum(labels == label)])
        count = before[last + 1] - before[first]
        chosen = np.where(count > most, label, chosen)
        most = np.maximum(count, most)
    return chosen
