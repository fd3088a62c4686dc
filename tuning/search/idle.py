"""How long workers idle because a suggestion waits for an earlier result, and the window that avoids it.

Trial k is suggested when trials 0 .. k - window have ended (see ``ordered``).  One long trial then holds up all workers
that are done with the trials after it.
"""

import heapq
from collections.abc import Sequence

import numpy as np

from tuning.campaign.plan import Plan

LENGTHS = (
    *(0.24, 0.31, 0.35, 0.41, 0.45, 0.54, 0.57, 0.65, 0.69, 0.74),
    *(0.81, 0.86, 0.96, 1.05, 1.20, 1.34, 1.43, 1.74, 2.43, 3.15),
)
"""Lengths of recorded trials (benchmarks/trial_table.csv) as twenty equally probable ones, in means.

Quantiles 2.5 %, 7.5 % ... of 648 trials; the last is raised towards the longest trial (3.36), which matters to many
workers.
"""

ACCEPTED = 0.1
"""Idle share about which a launch says nothing."""

WINDOWS = (2, 3, 4)
"""Windows that are recommended, in workers; with the last none idles, whatever their number."""

ROUNDS = 10
"""Trials per worker that are simulated at most: a longer campaign idles as much."""

LEAST = 1000
"""Trials simulated at least, of several campaigns if one has fewer."""


def idle_share(concurrency: int, window: int, trials: int, lengths: Sequence[float] = LENGTHS) -> float:
    """Return the share of worker time spent waiting until the last trial begins, 0 to 1.

    A simulation of the order in which trials are handed out.  lengths: from which those of trials are drawn, in any
    unit.
    """
    trials = min(trials, max(ROUNDS * concurrency, window))
    if trials <= window:
        return 0.0
    rng = np.random.default_rng(0)
    busy = available = 0.0
    for _ in range(-(-LEAST // trials)):
        begins: list[float] = []
        ends: list[float] = []
        drawn = rng.choice(lengths, trials).tolist()
        free = [0.0] * concurrency
        known = 0.0
        for k, length in enumerate(drawn):
            if k >= window:
                known = max(known, ends[k - window])
            begins.append(max(heapq.heappop(free), known))
            ends.append(begins[-1] + length)
            heapq.heappush(free, ends[-1])
        busy += sum(min(end, begins[-1]) - begin for begin, end in zip(begins, ends, strict=True))
        available += concurrency * begins[-1]
    return 1 - busy / available


def recommended_window(concurrency: int) -> int:
    """Return the smallest window, a multiple of the workers, with which they hardly idle in a long campaign."""
    windows = [workers * concurrency for workers in WINDOWS]
    return next((w for w in windows if idle_share(concurrency, w, ROUNDS * concurrency) <= ACCEPTED), windows[-1])


def idle_advice(plan: Plan) -> str | None:
    """Return one line on workers that will idle and the window that avoids it; None where it is not worth saying.

    The recommended window is at most half the trials: the trials of the first window are suggested without results.
    """
    search, concurrency = plan.config.search, plan.config.resources.concurrency
    idle = idle_share(concurrency, search.window, plan.trials)
    window = min(recommended_window(concurrency), plan.trials // 2)
    if idle <= ACCEPTED or window <= search.window:
        return None
    rest = idle_share(concurrency, window, plan.trials)
    return (
        f"search.window = {search.window} with resources.concurrency = {concurrency}: workers will idle about "
        f"{100 * idle:.0f} % of the time. Recommended: search.window = {window} (about {100 * abs(rest):.0f} %), set "
        "before the first launch, as suggestions depend on it"
    )
