"""What is predicted of a campaign: the values, the duration, and what is worth knowing before a launch."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from data.findings import FEW_VALIDATION_ROWS
from data.machine import cores, machine_bytes
from search_spaces.space import Assignment
from tuning.analysis.data_notes import data_notes
from tuning.campaign.plan import Plan
from tuning.journal.events import DataRecord
from tuning.search.halving import halving_advice, mean_epochs, without_rungs
from tuning.search.idle import idle_advice
from tuning.search.ordered import INFEASIBLE_LIMIT
from tuning.search.ray_settings import chosen_address

START_S = (10.0, 15.0)
"""Until the first trial trains: Ray's start and the workers' imports (docs/measurements.md)."""

EPOCH_S = 0.036
"""Of an epoch's checkpoint and report (docs/measurements.md: 178 ms per trial of five epochs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An estimate between two bounds."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The trials.  size: configurations in the space; None where a dimension is continuous.

    given: those of ``search.first``.  random, model_based: suggestions of each kind; those made before a result can be
    known count as random.
    warm_start: how many results of which source come before; None of a campaign that does not name any.  repeats: how
    many random draws in place of all configurations would be expected to equal an earlier one.  feasible: share of
    random draws within the limits.
    """

    trials: int
    configurations: int
    size: int | None
    given: int
    random: int
    model_based: int
    repeats: float
    feasible: float
    warm_start: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A configuration.  which: smallest, largest, random or given 1, given 2 ...

    Smallest and largest have each dimension at one end.

    epochs: at least and at most.  float32_s, bfloat16_s: an epoch's time; None where it was not timed.
    """

    which: str
    settings: Assignment
    parameters: int | None
    memory_bytes: int | None
    epochs: tuple[int, int]
    float32_s: float | None = None
    bfloat16_s: float | None = None
    problem: str | None = None

    @property
    def likely(self) -> bool:
        """Whether the campaign's configurations are like this one."""
        return self.which == "random" or self.which.startswith("given")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Bytes: of the prepared arrays, of the weights that are kept, of the checkpoints of running trials."""

    arrays: int
    weights: int
    checkpoints: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What ``seqtune plan`` shows.  wall_s, bfloat16_wall_s: duration of a launch; None where nothing was timed."""

    campaign: str
    data: dict[str, DataRecord]
    search: Search
    epochs: int
    epoch_rows: int | None
    concurrency: int
    precision: str
    timed: list[Timed]
    wall_s: Range | None
    bfloat16_wall_s: Range | None
    process_bytes: int | None
    disk: Disk
    findings: list[str]


def wall_range(plan: Plan, timed: Sequence[tuple[tuple[int, int], float | None]]) -> Range | None:
    """Predict the duration of a launch from random or given configurations: their epochs, and the time of one of each.

    The bounds are those of early stopping, and two standard errors of the mean time.  Expected are the epochs in their
    middle, or those of ``halved_epochs``.
    """
    rows = [(fewest, most, seconds + EPOCH_S) for (fewest, most), seconds in timed if seconds is not None]
    if not rows:
        return None
    resources = plan.config.resources
    workers = resources.concurrency
    if chosen_address(resources.address) is None:
        workers = max(1, min(workers, cores() // resources.threads))
    rounds = (plan.trials + (workers - 1) / 2) / workers  # at the end some workers have nothing to do

    def wall(trial_s: Sequence[float], errors: float, start_s: float) -> float:
        spread = stdev(trial_s) / len(trial_s) ** 0.5 if len(trial_s) > 1 else 0.5 * trial_s[0]
        return start_s + rounds * max(fmean(trial_s) + errors * spread, min(trial_s))

    low, high = START_S
    return Range(
        low=wall([fewest * s for fewest, _, s in rows], -2, low),
        expected=wall([halved_epochs(plan, *ends) * s for *ends, s in rows], 0, (low + high) / 2),
        high=wall([most * s for _, most, s in rows], 2, high),
    )


def halved_epochs(plan: Plan, fewest: int, most: int) -> float:
    """Return the epochs that a trial is expected to train, between its fewest and most.

    Their middle; with successive halving the mean over a campaign where each trial passes a rung with the probability
    1 / ``reduction_factor``, but for the first ones, which know too few others for a rung.
    """
    train = plan.config.train
    if train.early_stopping == "none" or most == 1:
        return (fewest + most) / 2
    whole = (min(most, 1 + train.early_stopping_patience) + most) / 2
    halved = mean_epochs(train, most)
    first = min(plan.trials, without_rungs(plan.config))
    return (first * whole + (plan.trials - first) * min(halved, whole)) / plan.trials


def findings(plan: Plan, found: Estimate, no_device: str | None) -> list[str]:
    """Return what is worth knowing before a launch.  no_device: why nothing was timed."""
    resources = plan.config.resources
    here = chosen_address(resources.address) is None
    workers, threads = resources.concurrency, resources.threads
    texts = [] if no_device is None else [no_device]
    valid = dict.fromkeys(pair for one in found.data.values() if one.classes for pair in one.valid.items())
    texts += [_few(name, rows) for name, rows in valid if rows < FEW_VALIDATION_ROWS]
    if advice := idle_advice(plan):
        texts.append(advice)
    if advice := halving_advice(plan):
        texts.append(advice)
    if reason := plan.random_only:
        texts.append(f"all suggestions are random, as {reason}")
    if here and workers * threads > cores():
        texts.append(f"{workers} workers with {threads} threads on {cores()} cores")
    if not found.search.feasible:
        texts.append(f"no configuration met the limits in {INFEASIBLE_LIMIT} random draws. Raise [limits]")
    if here and workers * (found.process_bytes or 0) > machine_bytes():
        texts.append("the workers together need more memory than this machine has. Lower resources.concurrency")
    if found.disk.weights + found.disk.checkpoints > found.disk.free:
        texts.append("weights and checkpoints need more than is free on this disk. Name another with --home")
    texts += [f"the {one.which} configuration is not trained: {one.problem}" for one in found.timed if one.problem]
    texts += data_notes(found.data.values())
    return list(dict.fromkeys(texts))


def _few(name: str, rows: int) -> str:
    if not rows:
        return f"class {name} has no validation row"
    return (
        f"class {name} has {rows} validation {'row' if rows == 1 else 'rows'}: one changes its recall by {1 / rows:.2f}"
    )
