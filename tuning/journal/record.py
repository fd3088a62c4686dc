"""A campaign as its journal tells it: the fold of the events into trials."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from tuning.campaign.config import CampaignConfig
from tuning.campaign.documents import parse_json
from tuning.campaign.trial import TrialConfig
from tuning.campaign.variants import variant_of
from tuning.journal.events import (
    ConfirmationRequest,
    Confirms,
    DataRecord,
    Ended,
    EpochEnded,
    Finished,
    Interrupted,
    Launched,
    Noted,
    Opened,
    OpenedTest,
    Proposal,
    Retried,
    Started,
    Suggested,
    WarmStart,
)
from tuning.journal.lines import Entry
from tuning.journal.text import trial_name
from tuning.journal.upgrade import upgrade_recorded
from tuning.training.environment import Environment
from tuning.training.results import EpochReport, TrialResult


class RecordedTrial(BaseModel):
    """One ended trial, complete: what exports and MLflow keep, and what a reproduction is compared with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: TrialConfig
    assignment: dict[str, Any]
    """The searched dimensions' values, path -> value."""
    epochs: tuple[EpochReport, ...]
    result: TrialResult
    environment: Environment | None = None
    """Of the process that trained it; None where its worker died."""
    data: DataRecord

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``model_dump_json`` wrote, in this version or a former one.  ValueError: it is something else."""
        document = parse_json(text, finite=False)
        try:
            return cls.model_validate(upgrade_recorded(document) if isinstance(document, dict) else document)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None  # of a former version, incomplete


@dataclass(slots=True, kw_only=True)
class TrialRecord:
    """All that is known of one trial of a campaign."""

    config: TrialConfig
    assignment: dict[str, Any]
    same_as: int | None = None
    reused: bool = False
    proposal: Proposal | None = None
    confirms: Confirms | None = None
    infeasible: int = 0
    """Suggestions beyond the campaign's limits that this one replaced."""
    suggested_at: float
    started_at: float | None = None
    ended_at: float | None = None
    attempts: int = 0
    retries: list[str] = field(default_factory=list)
    epochs: list[EpochReport] = field(default_factory=list)
    result: TrialResult | None = None
    environment: Environment | None = None

    @property
    def status(self) -> str:
        """``waiting``, ``running``, ``completed``, ``stopped`` or ``failed``."""
        if self.result is not None:
            return self.result.status
        return "running" if self.attempts else "waiting"

    @property
    def index(self) -> int:
        """The trial's index."""
        return self.config.index

    @property
    def name(self) -> str:
        """``t007``."""
        return trial_name(self.config.index)

    @property
    def objective(self) -> float | None:
        """The best epoch's objective; None of a trial that has not ended, or failed before its first epoch."""
        return None if self.result is None else self.result.objective

    @property
    def best_so_far(self) -> float | None:
        """The best objective of the epochs trained so far."""
        metric = self.config.objective.metric
        return self.config.objective.best(r.metrics[metric] for r in self.epochs if metric in r.metrics)


@dataclass(slots=True, kw_only=True)
class CampaignRecord:
    """All that is known of one campaign."""

    config: CampaignConfig
    """As the campaign was opened, with the comparison of the latest launch that had one."""
    dimensions: dict[str, str]
    data: dict[str, DataRecord]
    opened_at: float
    warm_start: tuple[WarmStart, ...] = ()
    trials: dict[int, TrialRecord] = field(default_factory=dict)
    launches: list[Launched] = field(default_factory=list)
    launched_at: list[float] = field(default_factory=list)
    interruptions: list[Interrupted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finished_at: float | None = None
    tests: list[tuple[float, ConfirmationRequest]] = field(default_factory=list)
    """When, Unix time, s, and for what the test part was opened."""
    unfinished: set[int] = field(default_factory=set)
    """Trials without a result."""
    _ranking: list[tuple[float, int]] = field(default_factory=list)
    """(cost, index) of the ranked trials, best first; kept sorted, because each end of a trial asks for the best."""

    @property
    def target(self) -> int:
        """How many trials the campaign is to have; 0 where that is not known yet."""
        return self.launches[-1].trials if self.launches else self.config.search.trials or 0

    @property
    def datasets(self) -> str | None:
        """The folder of data sets that the latest launch was given."""
        return self.launches[-1].datasets if self.launches else None

    @property
    def code_paths(self) -> tuple[str, ...]:
        """Where the latest launch read the user's code."""
        return self.launches[-1].code if self.launches else ()

    def variant(self, trial: TrialConfig) -> str:
        """Return the key of the data that a trial of this campaign is trained on."""
        recorded = self.trials.get(trial.index)
        confirms = None if recorded is None else recorded.confirms
        return variant_of(trial.data, self.config, fresh_split=confirms is not None and confirms.fresh_split)

    @property
    def ended_count(self) -> int:
        """How many trials have a result."""
        return len(self.trials) - len(self.unfinished)

    @property
    def ended(self) -> list[TrialRecord]:
        """Trials with a result, in order."""
        return [t for _, t in sorted(self.trials.items()) if t.result is not None]

    def ranked(self, k: int | None = None) -> list[TrialRecord]:
        """Completed trials, best first; equal objectives in trial order.  A reused result is ranked once.

        k: how many; None for all.
        """
        return [self.trials[index] for _, index in self._ranking[:k]]

    def end(self, index: int, result: TrialResult, environment: Environment | None, at: float) -> None:
        """Take a trial's end."""
        trial = self.trials[index]
        trial.result, trial.environment, trial.ended_at = result, environment, at
        self.unfinished.discard(index)
        if result.status == "completed" and result.objective is not None and not trial.reused:
            insort(self._ranking, (self.config.objective.cost(result.objective), index))

    def recorded(self, trial: TrialRecord) -> RecordedTrial:
        """Return an ended trial of this campaign with everything needed to train it again and compare."""
        if trial.result is None:
            raise TypeError(f"{trial.name} has not ended")
        return RecordedTrial(
            config=trial.config,
            assignment=trial.assignment,
            epochs=tuple(trial.epochs),
            result=trial.result,
            environment=trial.environment,
            data=self.data[self.variant(trial.config)],
        )


def opened(entry: Entry) -> CampaignRecord:
    """Begin a record from a journal's first entry, which is an ``Opened``."""
    event = entry.event
    if not isinstance(event, Opened):
        raise TypeError(f"a journal begins with a campaign event, not with {event.kind}")
    return CampaignRecord(
        config=event.config,
        dimensions=event.dimensions,
        data=event.data,
        opened_at=entry.at,
        warm_start=event.warm_start,
    )


def apply(record: CampaignRecord, entry: Entry) -> None:
    """Bring a record up to one more entry."""
    at, event = entry.at, entry.event
    match event:
        case Launched():
            record.launches.append(event)
            record.launched_at.append(at)
            if event.comparison is not None:
                record.config = record.config.model_copy(update={"comparison": event.comparison})
            record.data = record.data | event.data
            record.finished_at = None
        case Suggested():
            record.trials[event.trial.index] = TrialRecord(
                config=event.trial,
                assignment=event.assignment,
                same_as=event.same_as,
                reused=event.reused,
                proposal=event.proposal,
                confirms=event.confirms,
                infeasible=event.infeasible,
                suggested_at=at,
            )
            record.unfinished.add(event.trial.index)
        case Started():
            trial = record.trials[event.trial]
            trial.attempts = event.attempt
            trial.started_at = trial.started_at or at
        case EpochEnded():
            record.trials[event.trial].epochs.append(event.report)
        case Ended():
            record.end(event.trial, event.result, event.environment, at)
        case Retried():
            record.trials[event.trial].retries.append(event.reason)
        case Noted():
            record.notes.append(event.text if event.trial is None else f"trial {event.trial}: {event.text}")
        case Interrupted():
            record.interruptions.append(event)
        case Finished():
            record.finished_at = at
        case OpenedTest():
            record.tests.append((at, event.confirmation))
        case Opened():
            raise TypeError("a second campaign event in one journal")


def fold(entries: Iterable[Entry]) -> CampaignRecord:
    """Read a whole journal into a record; the journal is not empty."""
    rows = iter(entries)
    record = opened(next(rows))
    for entry in rows:
        apply(record, entry)
    return record
