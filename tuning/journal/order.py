"""The order of a journal's events: each about a trial of this campaign that is there, and at the right time."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from tuning.campaign.errors import JournalError
from tuning.campaign.variants import variant_of, variants
from tuning.journal.events import Ended, EpochEnded, Event, Launched, Noted, Opened, Retried, Started, Suggested
from tuning.journal.lines import Entry


def check_order(path: Path, entries: Sequence[Entry], name: str) -> None:
    """Check that a journal tells of one campaign, called ``name``.

    Raises:
        JournalError: it begins with another event, its folder has another name, an event is about a trial that was
            not suggested or belongs to another campaign, or epochs are not counted from 1.
    """
    if found := first_problem(entries, name):
        raise JournalError(
            f"{path}, line {found[0]}: {found[1]}. The file was changed, or put together by hand. Restore it from a "
            "backup"
        )


def first_problem(entries: Iterable[Entry], name: str) -> tuple[int, str] | None:
    """Return the first entry, from 1, that cannot be in a journal of the campaign ``name``, and why; else None."""
    order = _Order(name)
    return next(
        ((number, problem) for number, entry in enumerate(entries, 1) if (problem := order.problem(entry.event))), None
    )


class _Order:
    def __init__(self, name: str) -> None:
        self.name = name
        self.opened: Opened | None = None
        self.data: set[str] = set()
        """Prepared variants."""
        self.epochs: dict[int, int] = {}
        """Trial -> epochs so far."""
        self.ended: set[int] = set()

    def problem(self, event: Event) -> str | None:
        """Return what is wrong with the next event, and take it in."""
        if self.opened is None or isinstance(event, Opened):
            return self._opened(event)
        if isinstance(event, Launched):
            self.data |= event.data.keys()
        if isinstance(event, Suggested):
            return self._suggested(event, self.opened)
        trial = event.trial if isinstance(event, Started | EpochEnded | Ended | Retried | Noted) else None
        if trial is not None and trial not in self.epochs:
            return f"trial {trial} was never suggested"
        if isinstance(event, EpochEnded):
            return self._epoch(event)
        if isinstance(event, Ended):
            return self._ended(event)
        return None

    def _opened(self, event: Event) -> str | None:
        if not isinstance(event, Opened):
            return f"a journal begins with a campaign event, not with {event.kind!r}"
        if self.opened is not None:
            return "a second campaign begins"
        self.opened = event
        self.data = set(event.data)
        if event.config.name != self.name:
            return f"the campaign is called {event.config.name!r}, not {self.name!r} as its folder"
        missing = sorted(variants(event.config).keys() - event.data.keys())
        if missing:
            return f"the campaign has no data {missing[0]!r}"
        if [one.source for one in event.warm_start] != event.config.search.warm_start:
            return "the results of its search.warm_start are missing"
        return None

    def _suggested(self, event: Suggested, opened: Opened) -> str | None:
        trial, campaign = event.trial, opened.config
        if trial.campaign != campaign.name:
            return f"the trial is of campaign {trial.campaign!r}, the journal of {campaign.name!r}"
        if trial.index in self.epochs:
            return f"trial {trial.index} is suggested again"
        if event.same_as is not None and event.same_as not in self.epochs:
            return f"trial {trial.index} equals trial {event.same_as}, which was never suggested"
        fresh = event.confirms is not None and event.confirms.fresh_split
        if (variant := variant_of(trial.data, campaign, fresh_split=fresh)) not in self.data:
            return f"trial {trial.index} is on the data {variant!r}, which the campaign did not prepare"
        self.epochs[trial.index] = 0
        return None

    def _epoch(self, event: EpochEnded) -> str | None:
        expected = self.epochs[event.trial] + 1
        if event.trial in self.ended or event.report.epoch != expected:
            return f"epoch {event.report.epoch} of trial {event.trial}, where epoch {expected} or no more was expected"
        self.epochs[event.trial] = expected
        return None

    def _ended(self, event: Ended) -> str | None:
        if event.trial in self.ended:
            return f"trial {event.trial} ends again"
        self.ended.add(event.trial)
        result, metric = event.result, self.opened.config.objective.metric if self.opened else ""
        if result.status != "failed" and not math.isfinite(math.nan if result.objective is None else result.objective):
            return f"trial {event.trial} ended as {result.status}, without a finite {metric}"
        return None
