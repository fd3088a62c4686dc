"""Campaigns with a question, made by hand: settings, seeds, scores and curves, and nobody trained."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import factories
from handmade import ENVIRONMENT, data_record

from tuning.config import CampaignConfig
from tuning.events import Ended, EpochEnded, Event, Finished, Interrupted, Launched, Opened, Started, Suggested
from tuning.journal import Entry, Journal
from tuning.record import CampaignRecord, fold
from tuning.results import EpochReport, TrialResult

BASE = factories.trial(data__balance="raw", data_sha256=data_record("raw").sha256)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One trial.  settings: path -> value.  score: None while it runs.  curve: (training, validation) losses.

    same_as: of a repeated suggestion; of a reused one trial 0 unless it says another.
    """

    settings: Mapping[str, object]
    seed: int
    score: float | None = 0.5
    status: str = "completed"
    reason: str | None = None
    curve: Sequence[tuple[float, float]] = ((1.0, 0.9), (0.5, 0.6))
    best_epoch: int = 2
    seconds: float = 3.0
    parameters: int | None = 99
    same_as: int | None = None
    reused: bool = False


def config(runs: Sequence[Run], *, metric: str = "recall_macro", **changes: object) -> CampaignConfig:
    """The campaign's file; ``changes`` as for factories.campaign."""
    fixed = {"data__balance": "raw", "search__trials": len(runs), "objective": {"metric": metric}}
    return factories.campaign(**(fixed | changes))


def events(runs: Sequence[Run], campaign: CampaignConfig, dimensions: Iterable[str] | None = None) -> list[Event]:
    """The journal's events."""
    paths = dimensions if dimensions is not None else dict.fromkeys(path for run in runs for path in run.settings)
    told: list[Event] = [
        Opened(config=campaign, dimensions=dict.fromkeys(paths, "values"), data={"raw": data_record("raw")}),
        Launched(environment=ENVIRONMENT, trials=campaign.search.trials or len(runs), concurrency=2),
    ]
    for index, run in enumerate(runs):
        told += _trial(index, run, campaign)
    whole = len(runs) == campaign.search.trials and all(run.score is not None for run in runs)
    return [*told, Finished(trials=len(runs)) if whole else Interrupted(reason="interrupted by the user")]


def record(runs: Sequence[Run], *, dimensions: Iterable[str] | None = None, **changes: object) -> CampaignRecord:
    """The campaign as its journal tells it."""
    rows = events(runs, config(runs, **changes), dimensions)  # type: ignore[arg-type]
    return fold(Entry(n=n, at=float(n), event=event) for n, event in enumerate(rows))


def write(path: Path, runs: Sequence[Run], **changes: object) -> CampaignConfig:
    """Write the campaign's journal."""
    campaign = config(runs, **changes)  # type: ignore[arg-type]
    path.parent.mkdir(parents=True)
    with Journal(path) as log:
        for event in events(runs, campaign):
            log.append(event)
    return campaign


def table(scores: Mapping[str, Sequence[float]], path: str = "model.cell") -> list[Run]:
    """Setting -> the score of each seed."""
    return [
        Run(settings={path: name}, seed=seed, score=score)
        for name, row in scores.items()
        for seed, score in enumerate(row)
    ]


def _trial(index: int, run: Run, campaign: CampaignConfig) -> list[Event]:
    trial = BASE.model_copy(update={"index": index, "seed": run.seed, "campaign": campaign.name})
    same_as = 0 if run.reused and run.same_as is None else run.same_as
    told: list[Event] = [
        Suggested(trial=trial, assignment=dict(run.settings), same_as=same_as, reused=run.reused),
        Started(trial=index, attempt=1),
    ]
    reports = [
        EpochReport(
            epoch=epoch,
            train_loss=train,
            metrics={"loss": valid},
            learning_rate=1e-3,
            weights_sha256=f"{epoch:064x}",
            seconds=1.5,
        )
        for epoch, (train, valid) in enumerate(run.curve, start=1)
    ]
    told += [EpochEnded(trial=index, report=report) for report in reports]
    if run.score is None:
        return told
    result = TrialResult(
        status=run.status,
        reason=run.reason,
        epochs=len(reports),
        best_epoch=run.best_epoch if run.status != "failed" else None,
        objective=run.score if run.status != "failed" else None,
        parameters=run.parameters,
        seconds=run.seconds,
    )
    return [*told, Ended(trial=index, result=result, environment=ENVIRONMENT)]
