"""Journals without training: one environment, and the events of campaigns whose scores are given."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import factories

from tuning.campaign.config import CampaignConfig
from tuning.campaign.trial import TrialConfig
from tuning.campaign.variants import variants
from tuning.journal.events import (
    DataRecord,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Interrupted,
    Launched,
    Opened,
    Started,
    Suggested,
)
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.log import Journal
from tuning.journal.record import CampaignRecord, fold
from tuning.training.environment import Environment
from tuning.training.results import EpochReport, TrialResult

ENVIRONMENT = Environment(
    python="3.11.7",
    packages={"torch": "2.13.0", "numpy": "2.3.5"},
    platform="Linux x86_64",
    processor="AMD EPYC",
    isa="AVX512 avx2 avx512_f",
    threads=1,
    device="cpu",
    commit="0123456789ab+",
)
DIMENSIONS = {
    "train.batch_size": "16, 32, 48",
    "model.dropout": "0.1 to 0.4",
    "train.plateau_factor": "0.1 to 0.4",
    "data.balance": "raw, oversample",
}
EPOCHS = 2
BY_USER = Interrupted(reason="interrupted by the user")


def data_record(variant: str = "raw", classes: tuple[str, ...] = ("N", "S"), **changes: Any) -> DataRecord:
    """One variant's data; without classes of a regression."""
    counts = dict.fromkeys(classes, 4) if classes else {"rows": 8}
    fields: dict[str, Any] = {
        "sha256": hashlib.sha256(variant.encode()).hexdigest(),
        "classes": classes,
        "steps": 187,
        "channels": 1,
        "train": counts,
        "valid": counts,
        "test": counts,
        "epoch": counts,
    }
    return DataRecord(**(fields | changes))


def report(epoch: int, score: float = 0.5, **changes: Any) -> EpochReport:
    """One epoch."""
    fields: dict[str, Any] = {
        "epoch": epoch,
        "train_loss": 1 / 3 + epoch,
        "train_objective": score + 0.1,
        "metrics": {"loss": 1 - score, "accuracy": score, "recall_macro": score, "f1_macro": score / 3},
        "learning_rate": 1e-3,
        "weights_sha256": f"{epoch:064x}",
        "seconds": 1.5,
    }
    return EpochReport(**(fields | changes))


def result(score: float, **changes: Any) -> TrialResult:
    """A completed trial's end."""
    fields: dict[str, Any] = {
        "status": "completed",
        "epochs": EPOCHS,
        "best_epoch": EPOCHS,
        "objective": score,
        "best_metrics": report(EPOCHS, score).metrics,
        "confusion": [[3, 1], [0, 4]],
        "weights_sha256": report(EPOCHS, score).weights_sha256,
        "parameters": 99,
        "weight_bytes": 396,
        "latency_ms": 0.5,
        "latency_batch_ms": 0.0625,
        "seconds": 3.0,
    }
    return TrialResult(**(fields | changes))


def failure(reason: str | None, **changes: Any) -> TrialResult:
    """A failed trial's end."""
    return TrialResult(**({"status": "failed", "reason": reason} | changes))


def events_of(
    trial: TrialConfig,
    assignment: Mapping[str, object],
    reports: Iterable[EpochReport],
    end: TrialResult | None,
    *,
    same_as: int | None = None,
    reused: bool = False,
) -> Iterator[Event]:
    """Suggestion, start, epochs and end of one trial; of a reused one suggestion and end.  end: None while it runs."""
    yield Suggested(trial=trial, assignment=dict(assignment), same_as=same_as, reused=reused)
    if not reused:
        yield Started(trial=trial.index, attempt=1)
        yield from (EpochEnded(trial=trial.index, report=epoch) for epoch in reports)
    if end is not None:
        yield Ended(trial=trial.index, result=end, environment=ENVIRONMENT)


def append(path: Path, events: Iterable[Event]) -> list[Entry]:
    """Append events to a journal; return all its entries."""
    with Journal(path) as journal:
        for event in events:
            journal.append(event)
        return list(journal.entries)


def folded(events: Iterable[Event]) -> CampaignRecord:
    """The campaign, read back."""
    return fold(Entry(n=n, at=float(n), event=event) for n, event in enumerate(events))


# A campaign of tiny trials.


def journal(
    home: Home,
    *,
    name: str = "tiny",
    scores: Sequence[float | None] = (0.5, 0.8, 0.65),
    reused: Sequence[int] = (),
    running: int = 0,
    ending: Event | None = None,
    config: CampaignConfig | None = None,
    notes: tuple[str, ...] = (),
) -> CampaignConfig:
    """Write a campaign whose trials have these objectives; None is a trial that failed.

    reused: trials with trial 0's result.  running: number of running trials after those.  ending: the last event.
    """
    count = len(scores) + running
    config = config or factories.campaign(name=name, search__trials=count, train__epochs=EPOCHS)
    data = {variant: data_record(variant, notes=notes) for variant in variants(config)}
    events: list[Event] = [
        Opened(config=config, dimensions=DIMENSIONS, data=data),
        Launched(environment=ENVIRONMENT, trials=count, concurrency=2),
    ]
    for index, score in enumerate(scores):
        events += trial_events(name, index, score, reused=index in reused)
    for index in range(len(scores), count):
        events += trial_events(name, index, 0.1)[:3]
    events.append(ending or (BY_USER if running else Finished(trials=count)))
    append(home.journal(name), events)
    return config


def trial_events(name: str, index: int, score: float | None, *, reused: bool = False) -> list[Event]:
    """The events of one trial of such a campaign."""
    balance = ("raw", "oversample")[index % 2]
    assignment = {
        "train.batch_size": (16, 32, 48)[index % 3],
        "model.dropout": 0.1 + index % 3 / 7,
        "train.plateau_factor": 0.25,
        "data.balance": balance,
    }
    trial = factories.trial(
        campaign=name,
        index=index,
        seed=1000 + index,
        data__balance=balance,
        data_sha256=data_record(balance).sha256,
        train__epochs=EPOCHS,
        train__batch_size=assignment["train.batch_size"],
        model__dropout=assignment["model.dropout"],
    )
    if score is None:
        return [*events_of(trial, assignment, [], failure("loss is nan in epoch 1", seconds=1.0))]
    reports = [report(1, score / 2), report(2, score)]
    same_as = 0 if reused else None
    return [*events_of(trial, assignment, reports, result(score), same_as=same_as, reused=reused)]


# Campaigns of any settings: comparisons and configurations.

BASE = factories.trial(data__balance="raw", data_sha256=data_record("raw").sha256)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One trial.  settings: path -> value.  score: None while it runs.  curve: (training, validation) losses.

    train_scores: the objective on the training rows of each epoch; on the validation rows it is ``score`` in each.

    same_as: of a repeated suggestion; of a reused one trial 0 by default.
    """

    settings: Mapping[str, object]
    seed: int
    score: float | None = 0.5
    status: str = "completed"
    reason: str | None = None
    curve: Sequence[tuple[float, float]] = ((1.0, 0.9), (0.5, 0.6))
    train_scores: Sequence[float] = ()
    best_epoch: int = 2
    seconds: float = 3.0
    parameters: int | None = 99
    same_as: int | None = None
    reused: bool = False
    fold: int | None = None


def config(runs: Sequence[Run], *, metric: str = "recall_macro", **changes: object) -> CampaignConfig:
    """The campaign's file; ``changes`` as for factories.campaign."""
    fixed = {"data__balance": "raw", "search__trials": len(runs), "objective": {"metric": metric}}
    return factories.campaign(**(fixed | changes))


def events(runs: Sequence[Run], campaign: CampaignConfig, dimensions: Iterable[str] | None = None) -> list[Event]:
    """The journal's events."""
    paths = dimensions if dimensions is not None else dict.fromkeys(path for run in runs for path in run.settings)
    names = {"raw", *(f"raw {campaign.data.division}={run.fold}" for run in runs if run.fold is not None)}
    data = dict.fromkeys(sorted(names), data_record("raw"))
    rows: list[Event] = [
        Opened(config=campaign, dimensions=dict.fromkeys(paths, "values"), data=data),
        Launched(environment=ENVIRONMENT, trials=campaign.search.trials or len(runs), concurrency=2),
    ]
    for index, run in enumerate(runs):
        rows += _run_events(index, run, campaign)
    finished = len(runs) == campaign.search.trials and all(run.score is not None for run in runs)
    return [*rows, Finished(trials=len(runs)) if finished else BY_USER]


def _run_events(index: int, run: Run, campaign: CampaignConfig) -> Iterator[Event]:
    fields = {"index": index, "seed": run.seed, "campaign": campaign.name, "objective": campaign.objective}
    divisions = {"folds": campaign.data.folds, "splits": campaign.data.splits, "fold": run.fold}
    trial = BASE.model_copy(update=fields | {"data": BASE.data.model_copy(update=divisions)})
    scored = {campaign.objective.metric: run.score} if run.train_scores else {}
    reports = [
        report(epoch, train_loss=train, train_objective=of_train, metrics=scored | {"loss": valid})
        for epoch, ((train, valid), of_train) in enumerate(zip_longest(run.curve, run.train_scores), start=1)
    ]
    measured = {"epochs": len(reports), "parameters": run.parameters, "seconds": run.seconds}
    if run.score is None:
        end = None
    elif run.status == "failed":
        end = failure(run.reason, **measured)
    else:
        end = TrialResult(
            status=run.status, reason=run.reason, best_epoch=run.best_epoch, objective=run.score, **measured
        )
    same_as = 0 if run.reused and run.same_as is None else run.same_as
    return events_of(trial, run.settings, reports, end, same_as=same_as, reused=run.reused)


def record(runs: Sequence[Run], *, dimensions: Iterable[str] | None = None, **changes: object) -> CampaignRecord:
    """The campaign, read back from its journal."""
    return folded(events(runs, config(runs, **changes), dimensions))  # type: ignore[arg-type]


def write(path: Path, runs: Sequence[Run], **changes: object) -> CampaignConfig:
    """Write the campaign's journal."""
    campaign = config(runs, **changes)  # type: ignore[arg-type]
    append(path, events(runs, campaign))
    return campaign


def table(scores: Mapping[str, Sequence[float]], path: str = "model.cell") -> list[Run]:
    """Runs of a table: level -> the score of each seed."""
    return [
        Run(settings={path: name}, seed=seed, score=score)
        for name, row in scores.items()
        for seed, score in enumerate(row)
    ]
