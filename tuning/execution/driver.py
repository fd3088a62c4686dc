"""The driver of a campaign: the one place where suggestions, reports and ends become journal entries.

Independent of Ray: a worker is any caller of ``next_trial`` that reports back.  Every event is in the journal before
the search or an observer sees it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from search_spaces.space import Space
from tuning.campaign.config import TrialConfig
from tuning.campaign.errors import JournalError
from tuning.journal.events import (
    Cause,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Interrupted,
    Launched,
    Noted,
    Retried,
    Started,
    Suggested,
)
from tuning.journal.log import Entry, Journal
from tuning.journal.record import CampaignRecord, apply, fold
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.suggest import Configurations, outcome
from tuning.training.environment import Environment, differences
from tuning.training.results import EpochReport, TrialResult

Observer = Callable[[CampaignRecord, Entry], None]
"""Called after each event of this launch, when it is in the journal and in the record."""

FAILURES_BEFORE_GIVING_UP = 5
"""A campaign whose first configurations all fail, this many and at least a window of trials, is ended."""

ASKED_AGAIN = 2
"""The last configurations, which a restored search is asked for again: they depend on all before them."""

SHOWN_EVERY_S = 1.0
"""How often a launch says how far the replay is."""


class LaunchInterrupted(Exception):  # noqa: N818 - no error: a wish, a budget, or something to mend
    """The launch ends before the campaign does."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


class Driver:
    """Runs one launch of a campaign; continues where the journal ends."""

    def __init__(
        self,
        journal: Journal,
        space: Space,
        new_search: Callable[[], OrderedSearch],
        *,
        launched: Launched,
        observers: Sequence[Observer] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Bring the search to where the journal ends (its first event is there), then log the launch.

        new_search: returns the campaign's search before its first suggestion.

        Raises:
            JournalError: the search does not suggest again what the journal says it did.
        """
        self.journal = journal
        self.space = space
        self.observers = observers
        self.record = fold(journal.entries)
        self.search, self._configurations = self._resumed(new_search, launched.environment, progress)
        self._unfinished = sorted(self.record.unfinished)
        self._reusing = [k for k in self._unfinished if self.record.trials[k].reused]
        """Reused trials whose original has not ended."""
        before = self.record.launches[-1].environment if self.record.launches else launched.environment
        self._log(launched)
        if changed := differences(before, launched.environment):
            self._log(Noted(text=f"resumed in another environment, bits may differ from here on: {'; '.join(changed)}"))
        self._settle()

    @property
    def abort_reason(self) -> str | None:
        """Why the launch should end, where the campaign's first trials have all failed; else None.

        The first by index, not by time, so that it does not depend on the number of workers.
        """
        first = range(max(FAILURES_BEFORE_GIVING_UP * self.search.replicates, self.search.window))
        if len(self.record.trials) < len(first):  # of a wide window most are not there yet
            return None
        results = [self.record.trials[k].result for k in first if k in self.record.trials]
        if len(results) < len(first) or any(result is None or result.status != "failed" for result in results):
            return None
        return f"the first {len(first)} trials all failed; the last one: {results[-1] and results[-1].reason}"

    @property
    def complete(self) -> bool:
        """Whether every trial of the campaign has ended."""
        return self.record.ended_count >= self.record.target

    def next_trial(self) -> TrialConfig | None:
        """Return the next trial to train; None while the search waits for results, or when there is no more.

        Trials that a former launch or a dead worker left unfinished come first.
        """
        while self._unfinished:
            trial = self.record.trials[self._unfinished.pop(0)]
            if not trial.reused:
                return trial.config
        while not self.exhausted and self.search.ready():
            suggestion = self.search.suggest()
            trial_configuration = self._configurations.complete(suggestion)
            if suggestion.index in self.record.trials:
                self._check(suggestion, trial_configuration)
                continue
            self._log(
                Suggested(
                    trial=trial_configuration,
                    assignment=suggestion.assignment,
                    same_as=suggestion.same_as,
                    reused=suggestion.reused,
                    proposal=suggestion.proposal,
                )
            )
            if not suggestion.reused:
                return trial_configuration
            self._reusing.append(suggestion.index)
            self._settle()
        return None

    @property
    def exhausted(self) -> bool:
        """Whether every trial has been suggested and handed out."""
        return not self._unfinished and self.search.index >= self.record.target

    def started(self, index: int) -> None:
        """A worker took the trial."""
        trial = self.record.trials[index]
        self._log(Started(trial=index, attempt=trial.attempts + 1, from_epoch=len(trial.epochs)))

    def reported(self, index: int, reports: Iterable[EpochReport]) -> None:
        """A worker finished epochs; those that the journal has already must be equal.

        Raises:
            JournalError: a trial that was resumed came out differently than before.
        """
        trial = self.record.trials[index]
        for report in reports:
            if report.epoch > len(trial.epochs):
                self._log(EpochEnded(trial=index, report=report))
            elif trial.epochs[report.epoch - 1].model_copy(update={"seconds": report.seconds}) != report:
                raise JournalError(
                    f"{self.journal.path}: trial {index}, epoch {report.epoch} came out differently after the restart. "
                    "Has the package or the machine changed in between? Launch under another name to start over"
                )

    def ended(self, index: int, result: TrialResult, environment: Environment | None) -> None:
        """A trial ended; its result goes to the journal, then to the search."""
        self._log(Ended(trial=index, result=result, environment=environment))
        self.search.record(index, outcome(result))
        self._settle()

    def retried(self, index: int, reason: str) -> None:
        """A worker died; the trial goes to the next one that asks, unseen by the search."""
        self._log(Retried(trial=index, reason=reason))
        self._unfinished.insert(0, index)

    def noted(self, index: int | None, text: str) -> None:
        """Something worth knowing of a trial, or of the launch, that changes no result."""
        self._log(Noted(trial=index, text=text))

    def interrupted(self, cause: Cause, reason: str) -> None:
        """The launch ends before the campaign does."""
        self._log(Interrupted(cause=cause, reason=reason))

    def _resumed(
        self, new_search: Callable[[], OrderedSearch], environment: Environment, progress: Callable[[str], None]
    ) -> tuple[OrderedSearch, Configurations]:
        """Return the search after the last suggestion of the journal, and what completes its suggestions.

        It is restored from what the journal keeps of it.  Where that does not hold, or a launch was in another
        environment, every suggestion is asked for again.
        """
        if not any(differences(launch.environment, environment) for launch in self.record.launches):
            last = ASKED_AGAIN * self.record.config.search.replicates
            with suppress(ValueError):  # JournalError too: the full replay decides
                return self._replayed(new_search(), progress, restore=len(self.record.trials) - last)
        return self._replayed(new_search(), progress, restore=0)

    def _replayed(
        self, search: OrderedSearch, progress: Callable[[str], None], *, restore: int
    ) -> tuple[OrderedSearch, Configurations]:
        """Let the search suggest again, and compare.

        restore: how many suggestions are restored instead, where the journal has what that needs.

        Raises:
            ValueError: the restored search is not in the state that the journal records.
            JournalError: the search suggests otherwise.
        """
        configurations = Configurations(self.record, self.space)
        # All outcomes may be handed in at once: the search looks at each when its turn comes, never before.
        for k, trial in self.record.trials.items():
            if trial.result is not None:
                search.record(k, outcome(trial.result))
        due = time.monotonic() + SHOWN_EVERY_S
        # An adopted journal may lack results that later suggestions waited for: those are compared once they are there.
        while search.index in self.record.trials and search.ready():
            if time.monotonic() >= due:
                progress(f"replaying suggestion {search.index} of {len(self.record.trials)}")
                due = time.monotonic() + SHOWN_EVERY_S
            recorded = self.record.trials[search.index].proposal
            again = search.suggest(recorded if search.index < restore else None)
            if restore and recorded not in (None, again.proposal):
                raise ValueError(f"the restored search proposes {again.proposal}, which was {recorded}")
            self._check(again, configurations.complete(again))
        return search, configurations

    def _check(self, again: Suggestion, configuration: TrialConfig) -> None:
        """Raise JournalError where the search does not suggest what the journal has."""
        trial = self.record.trials[again.index]
        if configuration != trial.config:
            raise JournalError(
                f"{self.journal.path}: the search no longer suggests for trial {again.index} what the journal has "
                f"({again.assignment} instead of {trial.assignment}). Were hyperopt, ray or numpy changed since? "
                "Resume with the versions that `seqtune status NAME --events` shows, or launch under another name"
            )

    def _settle(self) -> None:
        """End every reused trial whose original has ended, and the campaign with its last trial."""
        for k in self._reusing[:]:
            same_as = self.record.trials[k].same_as
            original = None if same_as is None else self.record.trials[same_as]
            if original is not None and original.result is not None:
                self._reusing.remove(k)
                self._log(Ended(trial=k, result=original.result, environment=original.environment))
                self.search.record(k, outcome(original.result))
        if self.complete:
            self._log(Finished(trials=self.record.ended_count))

    def _log(self, event: Event) -> None:
        entry = self.journal.append(event)
        apply(self.record, entry)
        for observer in self.observers:
            observer(self.record, entry)
