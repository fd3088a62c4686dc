"""Train a recorded trial again, and say how it compares: exact, within tolerance, or from which epoch it differs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from data.preparation import Preparation
from data.prepare import Prepared, prepare
from data.prepared import open_arrays
from tuning.campaign.errors import RecordError, StoreError
from tuning.campaign.trial import TrialConfig
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial, fold
from tuning.training.begin import TrialRun, begin
from tuning.training.environment import Environment, check_device, check_threads, current, differences
from tuning.training.files import WEIGHTS
from tuning.training.held_out import evaluate_test
from tuning.training.loop import DivergedError
from tuning.training.results import MEASURED, EpochReport, TrialResult
from tuning.training.weights import save_weights

TOLERANCE = 1e-3
"""Largest difference of any metric, and largest relative difference of any loss, that is still within tolerance."""

Verdict = Literal["exact", "within tolerance", "differs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A recorded trial beside its second training.

    first_difference: the first epoch whose figures or weights are not equal bit for bit; None where all are.
    beyond_tolerance: the first epoch with a figure beyond the tolerance; None where there is none.
    """

    verdict: Verdict
    first_difference: int | None
    beyond_tolerance: int | None
    largest_difference: float
    epochs: list[EpochReport]
    result: TrialResult
    environment: Environment
    environment_differences: list[str]
    record_differences: list[str] = field(default_factory=list)
    """What the record claims beside its epochs and does not follow from them: a changed or truncated record."""


def reproduce(
    recorded: RecordedTrial,
    *,
    home: Home,
    datasets: Path | None,
    on_epoch: Callable[[EpochReport], None],
    progress: Callable[[str], None],
    tolerance: float = TOLERANCE,
    keep_weights: bool = False,
) -> Reproduction:
    """Train the trial again, for as many epochs as the record has, and compare every epoch.

    keep_weights: write weights that are equal to the recorded ones, and the preparation of the data, into the home,
    for a trial of a confirmation beside those of its campaign's confirmation.

    Raises:
        DataError: the data is not there.
        CampaignError: the device is missing, or there are too many threads for this machine.
        RecordError: the data found is not the data the trial was trained on, nothing of the trial was recorded, it
            cannot be trained on this machine, or weights are to be kept where the home has another trial of that name.
    """
    trial = recorded.config
    check_device(trial.device.device)
    check_threads(trial.device.threads)
    if not recorded.epochs:
        reason = (recorded.result and recorded.result.reason) or "it never started"
        raise RecordError(
            f"trial {trial.index} of {trial.campaign!r} has no recorded epoch to compare with ({reason}). "
            "Choose a trial that trained"
        )
    metrics = {"loss", trial.objective.metric}
    lacking = next((report.epoch for report in recorded.epochs if metrics - report.metrics.keys()), None)
    if lacking is not None:
        raise RecordError(
            f"trial {trial.index} of {trial.campaign!r}: epoch {lacking} is recorded without "
            f"{' or '.join(sorted(metrics))}. The record was changed; take it from another export or store"
        )
    if keep_weights:
        _check_own(recorded, home)
    prepared = prepare(trial.data, datasets=datasets, store=home.arrays, progress=progress)
    if prepared.sha256 != trial.data_sha256:
        raise RecordError(
            f"trial {trial.index} of {trial.campaign!r} was trained on data with sha256 {trial.data_sha256[:12]}, but "
            f"{trial.data.dataset!r} gives {prepared.sha256[:12]} here. Point --datasets to the files it was made from"
        )
    try:
        training = begin(trial, open_arrays(prepared.directory))
    except ValueError as error:
        raise RecordError(f"trial {trial.index} of {trial.campaign!r} cannot be trained: {error}") from error
    failure: DivergedError | None = None
    while len(training.history) < len(recorded.epochs) and not training.done:
        try:
            on_epoch(training.run_epoch())
        except DivergedError as error:
            failure = error
            break
    if keep_weights and training.done and not failure:
        _keep(training, recorded, prepared, home)
    environment = current(trial.device.device)
    first, beyond, largest = _compare(recorded.epochs, training.history, tolerance)
    result = (
        TrialResult(status="failed", reason=str(failure), epochs=len(training.history))
        if failure or not training.history
        else training.result()
    )
    if recorded.result.test is not None and training.done and not failure:
        test = evaluate_test(training, prepared.directory)
        if not recorded.result.test.groups:  # an older record
            test = test.model_copy(update={"groups": {}})
        result = result.model_copy(update={"test": test})
    if first is None and recorded.result and recorded.result.weights_sha256 not in (None, result.weights_sha256):
        first = beyond = result.best_epoch
    claims = [] if first is not None else _false_claims(recorded, result, finished=training.done)
    exact, close = first is None and not claims, beyond is None and not claims
    return Reproduction(
        verdict="exact" if exact else "within tolerance" if close else "differs",
        first_difference=first,
        beyond_tolerance=beyond,
        largest_difference=largest,
        epochs=training.history,
        result=result,
        environment=environment,
        environment_differences=differences(recorded.environment, environment) if recorded.environment else [],
        record_differences=claims,
    )


def _check_own(recorded: RecordedTrial, home: Home) -> None:
    """Raise RecordError where the home has another trial under the same campaign's name and index."""
    trial, owner = recorded.config, home.owner(recorded)
    entries = owner.entries(trial.campaign)
    known = fold(entries).trials.get(trial.index) if entries else None
    if known is not None and known.config != trial:
        raise RecordError(
            f"{owner.campaign(trial.campaign)} has another trial {trial.index}, whose weights would be replaced. "
            "Leave --keep-weights out, or choose another --home"
        )


def _keep(training: TrialRun, recorded: RecordedTrial, prepared: Prepared, home: Home) -> None:
    trial = recorded.config
    if training.result().weights_sha256 != recorded.result.weights_sha256:
        return
    owner = home.owner(recorded)
    path = owner.trial(trial.campaign, trial.index) / WEIGHTS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_weights(training.best_weights, path)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error}. Choose another --home") from error
    owner.keep_preparations(trial.campaign, [Preparation.of(prepared.manifest)])


def _false_claims(recorded: RecordedTrial, again: TrialResult, *, finished: bool) -> list[str]:
    """Name what a record says of its trial that the same epochs do not give, each with both values.

    finished: whether the trial ends after the recorded epochs.
    """
    before = recorded.result
    claims = [
        f"assignment of {path}: {value!r} recorded, {trained!r} in the configuration"
        for path, value in recorded.assignment.items()
        if (trained := _configured(recorded.config, path)) != value
    ]
    if before.epochs != len(recorded.epochs):
        claims.append(f"epochs: {before.epochs} recorded, {len(recorded.epochs)} listed")
    if before.status not in {"completed", "stopped"}:  # a trial that failed ends where the failure came
        return claims
    if not finished:
        claims.append(f"epochs: the trial does not end after {len(recorded.epochs)}")
    same = {*MEASURED, "reason", "epochs"}  # times; words; compared above
    if before.weight_bytes is None:  # an older record
        same.add("weight_bytes")
    claims += [
        f"{name}: {value!r} recorded, {getattr(again, name)!r} again"
        for name, value in before
        if name not in same and value != getattr(again, name)
    ]
    return claims


def _configured(config: TrialConfig, path: str) -> object:
    """Return the value of a path such as ``model.hidden``; None where the configuration lacks it."""
    value: object = config
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _compare(
    recorded: Sequence[EpochReport], again: Sequence[EpochReport], tolerance: float
) -> tuple[int | None, int | None, float]:
    """First epoch not equal bit for bit, first beyond the tolerance, and the largest difference of all."""
    first = beyond = None
    largest = 0.0
    for before, after in zip(recorded, again, strict=False):
        distance = _distance(before, after)
        largest = max(largest, distance)
        equal = _comparable(before, after) == after
        first = first or (None if equal else before.epoch)
        # Other arithmetic moves the figures with the weights: weights that differ alone are not of this training.
        close = 0 < distance <= tolerance or equal
        beyond = beyond or (None if close else before.epoch)
    if len(again) < len(recorded):
        missing = len(again) + 1
        first, beyond, largest = first or missing, beyond or missing, math.inf
    return first, beyond, largest


def _comparable(before: EpochReport, after: EpochReport) -> EpochReport:
    """``before`` with what may differ taken from ``after``: wall time, and a figure that older records lack."""
    update: dict[str, float | None] = {"seconds": after.seconds}
    if before.train_objective is None:
        update["train_objective"] = after.train_objective
    return before.model_copy(update=update)


def _distance(a: EpochReport, b: EpochReport) -> float:
    """Largest difference of a metric; losses count relative to their size."""
    if a.metrics.keys() != b.metrics.keys():
        return math.inf
    pairs = [(a.train_loss, b.train_loss, abs(a.train_loss))] + [
        (value, b.metrics[name], abs(value) if name == "loss" else 1.0) for name, value in a.metrics.items()
    ]
    if a.train_objective is not None and b.train_objective is not None:
        pairs.append((a.train_objective, b.train_objective, 1.0))
    return max(abs(x - y) / max(scale, 1e-12) for x, y, scale in pairs)
