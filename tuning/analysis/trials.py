"""One trial as tables, ``--json``, CSV files and data frames show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tuning.campaign.objective import METRICS, metrics_of
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import trial_name


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """A trial.

    rank: among the completed trials, 1 is the best; None where it is not ranked.  objective: the best so far.
    metrics: of the best epoch, on the validation split.  budget: epochs that it may train.  settings: the searched
    values.  fold, split: its number among ``data.folds`` or ``data.splits``, or None.  seconds: of training.
    latency_ms: per row, one row alone and of a batch of 32; None in records older than the field, as ``weight_bytes``.
    remark: retries, duplicates, and why it failed or stopped.
    """

    trial: int
    rank: int | None = None
    status: str
    objective: float | None
    metrics: dict[str, float]
    best_epoch: int | None
    epochs: int
    budget: int
    settings: dict[str, Any]
    seed: int
    fold: int | None
    split: int | None
    seconds: float
    parameters: int | None
    weight_bytes: int | None
    latency_ms: float | None
    latency_batch_ms: float | None
    attempts: int
    remark: str | None


def trial_row(trial: TrialRecord, rank: int | None = None) -> TrialRow:
    """Return a trial's row, whatever its status."""
    result, data = trial.result, trial.config.data
    return TrialRow(
        trial=trial.index,
        rank=rank,
        status=trial.status,
        objective=trial.best_so_far if trial.objective is None else trial.objective,
        metrics=dict(result.best_metrics) if result else {},
        best_epoch=result.best_epoch if result else None,
        epochs=result.epochs if result else len(trial.epochs),
        budget=trial.config.train.epochs,
        settings=dict(trial.assignment),
        seed=trial.config.seed,
        fold=None if data.folds is None else data.fold,
        split=None if data.splits is None else data.fold,
        seconds=result.seconds if result else sum(report.seconds for report in trial.epochs),
        parameters=result.parameters if result else None,
        weight_bytes=result.weight_bytes if result else None,
        latency_ms=result.latency_ms if result else None,
        latency_batch_ms=result.latency_batch_ms if result else None,
        attempts=trial.attempts,
        remark="; ".join(_remarks(trial)) or None,
    )


def _remarks(trial: TrialRecord) -> list[str]:
    remarks = list(trial.retries)
    if trial.same_as is not None:
        original = trial_name(trial.same_as)
        remarks.insert(0, f"reuses the result of {original}" if trial.reused else f"same values as {original}")
    if trial.result and trial.result.reason:
        remarks.append(trial.result.reason)
    return remarks


def trial_rows(record: CampaignRecord, trials: Iterable[TrialRecord]) -> list[dict[str, Any]]:
    """Return trials with status, figures and searched values; every row has these columns, the metrics as recorded.

    objective: of the best epoch; None of a trial that has not ended or failed before its first epoch.
    """
    return [
        {
            "trial": trial.index,
            "status": trial.status,
            "objective": trial.objective,
            **(trial.result.best_metrics if trial.result else {}),
            "best_epoch": trial.result.best_epoch if trial.result else None,
            "epochs": trial.result.epochs if trial.result else len(trial.epochs),
            "budget": trial.config.train.epochs,
            "seconds": trial.result.seconds if trial.result else None,
            "seed": trial.config.seed,
            **{path: trial.assignment.get(path) for path in record.dimensions},
            "reason": trial.result.reason if trial.result else None,
        }
        for trial in trials
    ]


def trial_columns(record: CampaignRecord) -> list[str]:
    """Return the columns that ``trial_rows`` has once a trial has ended, but for the metrics of own code."""
    regression = not any(data.classes for data in record.data.values())
    metrics = (name for name in metrics_of(regression=regression) if name in METRICS)
    figures = ("best_epoch", "epochs", "budget", "seconds", "seed")
    return ["trial", "status", "objective", *metrics, *figures, *record.dimensions, "reason"]
