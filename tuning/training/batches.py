"""Which rows make up a batch, and the batches as tensors."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.arrays import Arrays, Part
from tuning.campaign.seeds import derive
from tuning.campaign.trial import TrainConfig

CHUNK = 50
"""Batches among which rows are sorted by length: enough to bring like lengths together, few enough to stay random."""

# B batch, T time, C channel, M rows of an epoch


def epoch_batches(
    arrays: Arrays, train: TrainConfig, generator: torch.Generator, *, seed: int = 0, epoch: int = 1
) -> Iterator[NDArray[np.int64]]:
    """Return one epoch's batches of training rows, each (B,), drawn with ``generator`` alone.

    ``bucketed`` sorts the shuffled rows by length, ``CHUNK`` batches at a time, cuts them into batches and shuffles
    these: every row is still seen once, beside rows of like length that the shuffle chose.

    seed, epoch: with ``epoch_rows`` the rows are a function of both, and ``generator`` shuffles no more than buckets.
    """
    if train.epoch_rows is None:
        order = arrays.order[_permutation(len(arrays.order), generator)]
    else:
        order = arrays.order[_continued(len(arrays.order), train.epoch_rows, seed=seed, epoch=epoch)]
    if train.batching == "shuffled":
        return iter(_cut(order, train.batch_size))
    chunks = (by_length(chunk, arrays.train.lengths) for chunk in _cut(order, CHUNK * train.batch_size))
    batches = [batch for chunk in chunks for batch in _cut(chunk, train.batch_size)]
    return (batches[i] for i in _permutation(len(batches), generator))


def evaluation_batches(part: Part, size: int) -> Iterator[NDArray[np.int64]]:
    """Return a whole part in batches of ``size`` rows (B,), the shortest sequences first, so that few are padded."""
    return iter(_cut(by_length(np.arange(len(part.y)), part.lengths), size))


def by_length(rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows in order of their sequences' lengths; rows of one length keep their order."""
    return rows[np.argsort(lengths[rows], kind="stable")]


class BatchSource:
    """Batches of a part, cut to the longest sequence among them."""

    def __init__(self, part: Part, device: torch.device) -> None:
        self.part = part
        self.device = device
        # A GPU holds the whole part; on a CPU rows are gathered from the shared memory map.
        on_gpu = device.type == "cuda"
        self.x = torch.tensor(np.asarray(part.x), device=device) if on_gpu else None

    def take(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """(B,) row numbers -> x (B, T, C), lengths (B,), y (B,)."""
        lengths = self.part.lengths[rows]
        longest = int(lengths.max())
        if self.x is None:
            x = torch.from_numpy(self.part.x[rows])[:, :longest]
        else:
            x = self.x[torch.from_numpy(rows).to(self.device), :longest]
        y = torch.from_numpy(self.part.y[rows]).to(self.device)
        return x, torch.from_numpy(lengths).to(self.device), y  # (B, T, C), (B,), (B,)


def _continued(count: int, rows: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the places (rows,) of an epoch in one permutation after the other, each of ``count`` places."""
    begin, end = (epoch - 1) * rows, epoch * rows
    first, last = begin // count, (end - 1) // count
    generators = [torch.Generator().manual_seed(derive(seed, "pass", number)) for number in range(first, last + 1)]
    places = np.concatenate([_permutation(count, generator) for generator in generators])
    return places[begin - first * count : end - first * count]


def _permutation(count: int, generator: torch.Generator) -> NDArray[np.int64]:
    return torch.randperm(count, generator=generator).numpy()


def _cut(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
