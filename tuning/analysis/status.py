"""Which campaigns a home has, and how far each has come."""

from dataclasses import dataclass, field
from typing import Literal

from filelock import FileLock, Timeout

from tuning.campaign.errors import JournalError
from tuning.journal.events import Interrupted, OpenedTest
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.record import CampaignRecord, fold

State = Literal["running", "finished", "interrupted", "crashed", "damaged", "empty"]
"""``interrupted``: by the user, a budget or failures.  ``crashed``: its process ended without recording why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One line of ``seqtune status``."""

    name: str
    state: State
    ended: int = 0
    target: int = 0
    failed: int = 0
    metric: str | None = None
    best: float | None = None
    best_trial: int | None = None
    dataset: str | None = None
    space: str | None = None
    last_event_at: float | None = None
    """Unix time, s."""
    problem: str | None = None
    warm_start: dict[str, int] = field(default_factory=dict)
    """Source -> how many of its results the search began with."""


def campaigns(home: Home) -> list[Campaign]:
    """Return every campaign of a home; a damaged journal is one of the states."""
    return [_campaign(home, name) for name in home.names()]


def campaign(home: Home, name: str, entries: list[Entry]) -> Campaign:
    """Return how far one campaign has come."""
    record = fold(entries)
    ranked = record.ranked(1)
    best = ranked[0] if ranked else None
    return Campaign(
        name=name,
        state=state(home, name, record, entries),
        ended=record.ended_count,
        target=record.target,
        failed=sum(t.status == "failed" for t in record.ended),
        metric=record.config.objective.metric,
        best=best.objective if best else None,
        best_trial=best.index if best else None,
        dataset=record.config.data.dataset,
        space=record.config.space.title,
        last_event_at=entries[-1].at,
        warm_start={one.source: len(one.results) for one in record.warm_start},
    )


def state(home: Home, name: str, record: CampaignRecord, entries: list[Entry]) -> State:
    """Return whether a campaign runs, and if not, how it ended."""
    if _held(home, name):
        return "running"
    if record.finished_at is not None:
        return "finished"
    last = next(entry.event for entry in reversed(entries) if not isinstance(entry.event, OpenedTest))
    return "interrupted" if isinstance(last, Interrupted) else "crashed"


def _campaign(home: Home, name: str) -> Campaign:
    try:
        entries = home.entries(name)
        return campaign(home, name, entries) if entries else Campaign(name=name, state="empty")
    except (JournalError, OSError) as error:
        return Campaign(name=name, state="damaged", problem=str(error))


def _held(home: Home, name: str) -> bool:
    """Whether a process holds the campaign's lock; the lock is left as it was found."""
    lock = home.lock(name)
    if not lock.exists():
        return False
    probe = FileLock(lock)
    try:
        probe.acquire(blocking=False)
    except Timeout:
        return True
    except OSError:
        return False  # not writable, so another user's: whether it runs is not known
    probe.release()
    return False
