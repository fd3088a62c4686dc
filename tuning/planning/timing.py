"""How long an epoch of a trial takes, from a few of its batches on the real arrays."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.arrays import Arrays, Part
from tuning.campaign.trial import TrialConfig
from tuning.training.batches import BatchSource
from tuning.training.begin import TrialRun, begin
from tuning.training.loop import DivergedError, Training

FEWEST, MOST = 2, 30
"""Batches that are timed."""

VALIDATED = 1024
"""Validation rows that are timed, two batches."""

FITTED = 300
"""Training rows on which a classical model is timed, and from which its time is taken to grow in proportion."""


def epoch_seconds(trial: TrialConfig, arrays: Arrays, *, limit_s: float) -> float:
    """Return the estimated time of one epoch with its validation, or of a classical model's whole fit, in seconds.

    limit_s: about how long it may take to find out; two batches are timed in any case.

    Raises:
        ValueError, RuntimeError, MemoryError and what a user's own model raises: the trial cannot be trained.
    """
    rng = np.random.default_rng(0)
    rows = trial.train.epoch_rows or len(arrays.order)
    trial = trial.model_copy(update={"train": trial.train.model_copy(update={"epoch_rows": None})})
    fewer = replace(arrays, order=_rows(arrays.order, trial.train.batch_size, rng), valid=_part(arrays.valid, 1, rng))
    run = begin(trial, fewer)
    if not isinstance(run, Training):
        return _fit_seconds(trial, arrays, rng)
    first = _seconds(run)  # allocates, and chooses kernels
    batches = math.ceil(rows / trial.train.batch_size)
    timed = min(max(int(0.6 * limit_s / first), FEWEST), MOST, batches)
    alone = _seconds(run)
    run.arrays = replace(fewer, order=_rows(arrays.order, timed * trial.train.batch_size, rng))
    several = _seconds(run)
    per_batch = max((several - alone) / (timed - 1), 0.5 * several / timed) if timed > 1 else several
    valid = _part(arrays.valid, VALIDATED, rng)
    source = BatchSource(valid, run.device)
    evaluated = _elapsed(lambda: run.evaluate(source)) * len(arrays.valid.y) / len(valid.y)
    return alone + per_batch * (batches - 1) + evaluated


def _fit_seconds(trial: TrialConfig, arrays: Arrays, rng: np.random.Generator) -> float:
    """Time a classical model on some rows of every class, as not all of them fit without."""
    order = _stratified(arrays, min(FITTED, len(arrays.order)), rng)
    valid = _part(arrays.valid, FITTED, rng)
    run = begin(trial, replace(arrays, order=order, valid=valid))
    return _seconds(run) * len(arrays.order) / len(order)


def _stratified(arrays: Arrays, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows of the epoch, at least two of each class."""
    chosen = _rows(arrays.order, count, rng)
    if arrays.regression:
        return chosen
    y = arrays.train.y[arrays.order]
    few = [arrays.order[y == k][:2] for k in range(arrays.classes)]
    return np.concatenate([chosen, *few])


def _rows(order: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(order, min(count, len(order)), replace=False)


def _part(part: Part, count: int, rng: np.random.Generator) -> Part:
    return part.take(rng.choice(len(part.y), min(count, len(part.y)), replace=False))


def _seconds(run: TrialRun) -> float:
    def epoch() -> None:
        with suppress(DivergedError):  # its time counts, not its loss
            run.run_epoch()

    return _elapsed(epoch)


def _elapsed(call: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    call()
    return time.perf_counter() - begin_s
