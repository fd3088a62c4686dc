"""A campaign as its journal tells it: the fold of the events into trials."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tuning.config import CampaignConfig, TrialConfig
from tuning.environment import Environment
from tuning.events import (
    DataRecord,
    Ended,
    EpochEnded,
    Finished,
    Interrupted,
    Launched,
    Noted,
    Opened,
    Retried,
    Started,
    Suggested,
)
from tuning.journal import Entry
from tuning.results import EpochReport, TrialResult
from tuning.variants import dimensions, key


@dataclass(slots=True, kw_only=True)
class TrialRecord:
    """All that is known of one trial."""

    config: TrialConfig
    assignment: dict[str, Any]
    same_as: int | None = None
    reused: bool = False
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


@dataclass(slots=True, kw_only=True)
class CampaignRecord:
    """All that is known of one campaign."""

    config: CampaignConfig
    """As the campaign was opened, with the study of the latest launch that had one."""
    dimensions: dict[str, str]
    data: dict[str, DataRecord]
    opened_at: float
    trials: dict[int, TrialRecord] = field(default_factory=dict)
    launches: list[Launched] = field(default_factory=list)
    launched_at: list[float] = field(default_factory=list)
    interruptions: list[Interrupted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finished_at: float | None = None

    @property
    def target(self) -> int:
        """How many trials the campaign is to have; 0 where that is not known yet."""
        return self.launches[-1].trials if self.launches else self.config.search.trials or 0

    def variant(self, trial: TrialConfig) -> str:
        """Return the key of the data that a trial of this campaign is trained on."""
        return key(trial.data, dimensions(self.config.data))

    @property
    def ended(self) -> list[TrialRecord]:
        """Trials with a result, in order."""
        return [t for _, t in sorted(self.trials.items()) if t.result is not None]

    def ranked(self) -> list[TrialRecord]:
        """Completed trials, best first; equal objectives in trial order.  Reused results stand with their original."""
        sign = -1.0 if self.config.objective.goal == "max" else 1.0
        full = [
            (sign * t.result.objective, t.config.index, t)
            for t in self.ended
            if t.result is not None
            and t.result.status == "completed"
            and t.result.objective is not None
            and not t.reused
        ]
        return [t for _, _, t in sorted(full, key=lambda row: row[:2])]


def opened(entry: Entry) -> CampaignRecord:
    """Begin a record from a journal's first entry, which is an ``Opened``."""
    event = entry.event
    if not isinstance(event, Opened):
        raise TypeError(f"a journal begins with a campaign event, not with {event.kind}")
    return CampaignRecord(config=event.config, dimensions=event.dimensions, data=event.data, opened_at=entry.at)


def apply(record: CampaignRecord, entry: Entry) -> None:
    """Bring a record up to one more entry."""
    at, event = entry.at, entry.event
    match event:
        case Launched():
            record.launches.append(event)
            record.launched_at.append(at)
            if event.study is not None:
                record.config = record.config.model_copy(update={"study": event.study})
            record.finished_at = None
        case Suggested():
            record.trials[event.trial.index] = TrialRecord(
                config=event.trial,
                assignment=event.assignment,
                same_as=event.same_as,
                reused=event.reused,
                suggested_at=at,
            )
        case Started():
            trial = record.trials[event.trial]
            trial.attempts = event.attempt
            trial.started_at = trial.started_at or at
        case EpochEnded():
            record.trials[event.trial].epochs.append(event.report)
        case Ended():
            trial = record.trials[event.trial]
            trial.result, trial.environment, trial.ended_at = event.result, event.environment, at
        case Retried():
            record.trials[event.trial].retries.append(event.reason)
        case Noted():
            record.notes.append(event.text if event.trial is None else f"trial {event.trial}: {event.text}")
        case Interrupted():
            record.interruptions.append(event)
        case Finished():
            record.finished_at = at
        case Opened():
            raise TypeError("a second campaign event in one journal")


def fold(entries: Iterable[Entry]) -> CampaignRecord:
    """Read a whole journal into a record; the journal is not empty."""
    rows = iter(entries)
    record = opened(next(rows))
    for entry in rows:
        apply(record, entry)
    return record
