"""How long a trained model takes to predict, on one thread."""

import time
from collections.abc import Callable
from statistics import median

import torch

from tuning.training.begin import TrialRun

BATCH = 32
"""Rows of the larger batch."""

MOST_RUNS = 20
MOST_S = 0.08
"""Predictions that are timed for one figure, and seconds after which no further one begins."""


def latencies_ms(run: TrialRun) -> dict[str, float | None]:
    """Return the fields of a ``TrialResult`` on latency: medians in ms per row, of one row alone and of a batch.

    Rows of the validation part, on the device that the trial was trained on.  Takes about 0.2 s, or four
    predictions if these take longer.  None where the model cannot predict them.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {"latency_ms": _median_ms(run, 1), "latency_batch_ms": _median_ms(run, BATCH)}
    except Exception:  # noqa: BLE001 - a user's model may refuse a single row; its trial has not failed for that
        return {"latency_ms": None, "latency_batch_ms": None}
    finally:
        torch.set_num_threads(threads)


def _median_ms(run: TrialRun, rows: int) -> float:
    predict = run.predictor(rows)
    predict()  # the first one allocates
    times: list[float] = []
    begin = time.perf_counter()
    while not times or (len(times) < MOST_RUNS and time.perf_counter() - begin < MOST_S):
        times.append(_seconds(predict))
    return 1000 * median(times) / rows


def _seconds(call: Callable[[], None]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
