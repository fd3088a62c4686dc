"""Campaigns for comparisons: settings, seeds, scores and curves as given, and no training."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import factories
from handmade import ENVIRONMENT, data_record

from tuning.analysis.compare import Comparison, Contrast, Level, compare
from tuning.campaign.config import CampaignConfig
from tuning.journal.events import Ended, EpochEnded, Event, Finished, Interrupted, Launched, Opened, Started, Suggested
from tuning.journal.log import Entry, Journal
from tuning.journal.record import CampaignRecord, fold
from tuning.training.results import EpochReport, TrialResult

BASE = factories.trial(data__balance="raw", data_sha256=data_record("raw").sha256)

GRU, LSTM, RNN = (0.80, 0.83, 0.84, 0.81), (0.79, 0.84, 0.83, 0.82), (0.60, 0.62, 0.61, 0.64)
NORM = {"rnn": {"no": (0.50, 0.53, 0.51), "yes": (0.70, 0.72, 0.74)}, "gru": {"no": GRU[:3], "yes": LSTM[:3]}}
"""Cell -> layer norm -> scores: an effect for one cell alone."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One trial.  settings: path -> value.  score: None while it runs.  curve: (training, validation) losses.

    same_as: of a repeated suggestion; of a reused one trial 0 by default.
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
    journal: list[Event] = [
        Opened(config=campaign, dimensions=dict.fromkeys(paths, "values"), data={"raw": data_record("raw")}),
        Launched(environment=ENVIRONMENT, trials=campaign.search.trials or len(runs), concurrency=2),
    ]
    for index, run in enumerate(runs):
        journal += run_events(index, run, campaign)
    finished = len(runs) == campaign.search.trials and all(run.score is not None for run in runs)
    return [*journal, Finished(trials=len(runs)) if finished else Interrupted(reason="interrupted by the user")]


def run_events(index: int, run: Run, campaign: CampaignConfig) -> list[Event]:
    """Suggestion, start, epochs and end of one trial."""
    trial = BASE.model_copy(update={"index": index, "seed": run.seed, "campaign": campaign.name})
    same_as = 0 if run.reused and run.same_as is None else run.same_as
    begun: list[Event] = [
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
    begun += [EpochEnded(trial=index, report=report) for report in reports]
    if run.score is None:
        return begun
    result = TrialResult(
        status=run.status,
        reason=run.reason,
        epochs=len(reports),
        best_epoch=run.best_epoch if run.status != "failed" else None,
        objective=run.score if run.status != "failed" else None,
        parameters=run.parameters,
        seconds=run.seconds,
    )
    return [*begun, Ended(trial=index, result=result, environment=ENVIRONMENT)]


def record(runs: Sequence[Run], *, dimensions: Iterable[str] | None = None, **changes: object) -> CampaignRecord:
    """The campaign, read back from its journal."""
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
    """Runs of a table: level -> the score of each seed."""
    return [
        Run(settings={path: name}, seed=seed, score=score)
        for name, row in scores.items()
        for seed, score in enumerate(row)
    ]


def cells() -> list[Run]:
    """Three cells with four seeds each, of which rnn is worse."""
    return table({"lstm": LSTM, "rnn": RNN, "gru": GRU})


def norm_by_cell() -> list[Run]:
    """The runs of ``NORM``."""
    return [
        Run(settings={"model.cell": cell, "model.norm": norm}, seed=seed, score=score)
        for cell, norms in NORM.items()
        for norm, scores in norms.items()
        for seed, score in enumerate(scores)
    ]


def compared(campaign: CampaignRecord, **options: str) -> Comparison:
    """The only comparison of a campaign."""
    (comparison,) = compare(campaign, **options)
    return comparison


def level(comparison: Comparison, value: object) -> Level:
    """The level of a value."""
    return next(candidate for candidate in comparison.levels if candidate.value == value)


def contrast(comparison: Comparison, value: object) -> Contrast:
    """The contrast of a value with the best level."""
    return next(candidate for candidate in comparison.contrasts if candidate.level == value)
