"""Journals of campaigns as reports show them: searched values of a real space, curves, counts of classes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import factories
import numpy as np
from journals import ENVIRONMENT, data_record, events_of, failure, report

from search_spaces.dimensions import Value
from search_spaces.space import Assignment
from tuning.campaign.config import CampaignConfig
from tuning.campaign.space import campaign_space
from tuning.campaign.variants import data_config, variants
from tuning.journal.events import Event, Finished, Interrupted, Launched, Opened
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.log import create
from tuning.training.metrics import from_counts
from tuning.training.results import EpochReport, TrialResult

CLASSES = ("N", "S", "V")
ROWS = 40
"""Of each class in the validation part."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial.  score: of its last epoch, which is its best.  same_as: of a repeated one; reused: not trained."""

    settings: Mapping[str, Value]
    score: float = 0.5
    status: str = "completed"
    epochs: int = 3
    reason: str | None = None
    same_as: int | None = None
    reused: bool = False


def config(**changes: object) -> CampaignConfig:
    """The file of a campaign of the space cnn2d with three balances; ``changes`` as for factories.campaign."""
    fixed: dict[str, object] = {
        "name": "beats",
        "data": {"dataset": "synthetic", "balance": ["raw", "oversample", "smote"]},
        "space": {"name": "cnn2d"},
        "search": {"trials": 30},
        "train": {"epochs": 4},
    }
    return factories.campaign(**(fixed | changes))


def sampled(campaign: CampaignConfig, count: int, *, seed: int = 0) -> list[Assignment]:
    """Values drawn from a campaign's space."""
    rng = np.random.default_rng(seed)
    return [campaign_space(campaign).sample(rng) for _ in range(count)]


def trials(campaign: CampaignConfig, count: int = 30) -> list[Trial]:
    """Trials whose score depends on dropout and balance; some stopped early, failed, repeated."""
    made = []
    for index, values in enumerate(sampled(campaign, count)):
        score = 0.9 - (float(values["model.dropout"]) - 0.2) ** 2 - 0.1 * (values["data.balance"] == "raw")
        if index % 9 == 4:
            made.append(Trial(settings=values, score=score - 0.2, status="stopped", epochs=1, reason="missed a rung"))
        elif index % 13 == 6:
            made.append(Trial(settings=values, status="failed", epochs=0, reason="loss is nan in epoch 1"))
        elif index == count - 1 and made[0].status == "completed":
            made.append(Trial(settings=made[0].settings, score=made[0].score, same_as=0, reused=True))
        else:
            made.append(Trial(settings=values, score=score + 0.001 * (index % 7), epochs=4))
    return made


def entries(
    runs: Sequence[Trial],
    campaign: CampaignConfig | None = None,
    *,
    classes: tuple[str, ...] = CLASSES,
    dimensions: Mapping[str, str] | None = None,
    ending: Event | None = None,
) -> list[Entry]:
    """The journal of a campaign, one trial after another, an event a minute."""
    campaign = campaign or config(search__trials=len(runs))
    rows: list[Event] = [
        Opened(
            config=campaign,
            dimensions=dict(campaign_space(campaign).described() if dimensions is None else dimensions),
            data={variant: data_record(variant, classes) for variant in variants(campaign)},
        ),
        Launched(environment=ENVIRONMENT, trials=max(1, len(runs)), concurrency=2),
    ]
    for index, run in enumerate(runs):
        rows += _events(index, run, campaign, classes)
    rows.append(ending or Finished(trials=len(runs)))
    return numbered(rows)


def numbered(events: Iterable[Event]) -> list[Entry]:
    """Entries of a day in 2025, an event a minute."""
    return [Entry(n=n, at=1_750_000_000.0 + 60 * n, event=event) for n, event in enumerate(events)]


def write(home: Home, journal: Sequence[Entry], name: str = "beats") -> Path:
    """Write a journal into a home, with the times that it has."""
    home.campaign(name).mkdir(parents=True)
    create(home.journal(name), [(entry.at, entry.event) for entry in journal])
    return home.journal(name)


def interrupted() -> Interrupted:
    return Interrupted(reason="interrupted by the user")


def counts(score: float, classes: int) -> np.ndarray:
    """(K, K) counts with this recall of each class."""
    hits = round(ROWS * score)
    wrong = np.full((classes, classes), 0, dtype=np.int64)
    for row in range(classes):
        wrong[row, (row + 1) % classes] += ROWS - hits
        wrong[row, row] += hits
    return wrong


def _events(index: int, run: Trial, campaign: CampaignConfig, classes: tuple[str, ...]) -> Iterable[Event]:
    values = run.settings
    chosen = {path.removeprefix("data."): value for path, value in values.items() if path.startswith("data.")}
    trial = factories.trial(
        campaign=campaign.name,
        index=index,
        seed=1000 + index,
        space=campaign.space.name,
        train__epochs=campaign.train.epochs,
        data=data_config(campaign, chosen).model_dump(),
        data_sha256=data_record("raw").sha256,
        objective={"metric": campaign.objective.metric},
    )
    reports = [_report(epoch, run, classes) for epoch in range(1, run.epochs + 1)]
    if run.status == "failed":
        end = failure(run.reason, epochs=run.epochs, seconds=1.0)
    else:
        best = reports[-1]
        end = TrialResult(
            status=run.status,
            reason=run.reason,
            epochs=run.epochs,
            best_epoch=run.epochs,
            objective=best.metrics[campaign.objective.metric],
            best_metrics=best.metrics,
            confusion=counts(run.score, len(classes)).tolist() if classes else [],
            seconds=60.0 * run.epochs,
        )
    return events_of(trial, values, [] if run.reused else reports, end, same_as=run.same_as, reused=run.reused)


def _report(epoch: int, run: Trial, classes: tuple[str, ...]) -> EpochReport:
    value = run.score * (1 - math.exp(-epoch)) / (1 - math.exp(-run.epochs))
    if not classes:
        return report(epoch, metrics={"loss": 1 - value, "mae": 1 - value, "rmse": 2 - value, "r2": value})
    measured = from_counts(counts(value, len(classes)), classes)
    return report(epoch, metrics={"loss": 1 - value} | measured | {"recall_macro": value})
