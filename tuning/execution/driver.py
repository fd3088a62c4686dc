"""The driver of a campaign: the one place where suggestions, reports and ends become journal entries.

Independent of Ray: a worker is any caller of ``next_trial`` that reports back.  Every event is in the journal before
the source of trials or an observer sees it.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from tuning.campaign.errors import JournalError
from tuning.campaign.trial import TrialConfig
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
from tuning.journal.lines import Entry
from tuning.journal.log import Journal
from tuning.journal.record import CampaignRecord, apply, fold
from tuning.training.environment import Environment, differences
from tuning.training.results import EpochReport, TrialResult

Observer = Callable[[CampaignRecord, Entry], None]
"""Called after each event of this launch, when it is in the journal and in the record."""


class LaunchInterrupted(Exception):  # noqa: N818 - no error: a wish, a budget, or something to mend
    """The launch ends before the campaign does."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


class TrialSource(Protocol):
    """Where the trials of a launch come from: a search, or the list of a confirmation."""

    abort_after: int
    """If this many trials, the first ones, all failed, the launch ends."""

    none_left: str | None
    """Why the source can give no more, though the launch lacks trials: nothing is within the campaign's limits."""

    def resume(
        self, path: Path, record: CampaignRecord, environment: Environment, progress: Callable[[str], None]
    ) -> None:
        """Bring the source to where a journal ends.  environment: of this process.

        Raises:
            JournalError: the source does not give the trials that the journal has.
        """

    def handed_out(self) -> int:
        """Return how many trials the source has given."""

    def next(self, record: CampaignRecord) -> Suggested | None:
        """Return the next trial that the record lacks; None while the source waits for results, or has no more."""

    def learn(self, index: int, result: TrialResult) -> None:
        """Take a trial's result."""


class Driver:
    """Runs one launch of a campaign; continues where the journal ends."""

    def __init__(
        self,
        journal: Journal,
        source: TrialSource,
        *,
        launched: Launched,
        observers: Sequence[Observer] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Bring the source to where the journal ends (its first event is there), then log the launch.

        Raises:
            JournalError: the source does not give again the trials that the journal has.
        """
        self.journal = journal
        self.source = source
        self.observers = observers
        self.record = fold(journal.entries)
        source.resume(journal.path, self.record, launched.environment, progress)
        self._unfinished = sorted(self.record.unfinished)
        self._reusing = [k for k in self._unfinished if self.record.trials[k].reused]
        """Reused trials whose original has not ended."""
        self._failed_before = self._all_failed() is not None
        before = self.record.launches[-1].environment if self.record.launches else launched.environment
        self._log(launched)
        if changed := differences(before, launched.environment, threads=False):
            self._log(Noted(text=f"resumed in another environment, bits may differ from here on: {'; '.join(changed)}"))
        self._settle()

    @property
    def abort_reason(self) -> str | None:
        """Why the launch should end, where the campaign's first trials have all failed; else None.

        Once only: who launches such a campaign again wants its other trials.
        """
        return None if self._failed_before else self._all_failed()

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
        while (suggested := self.source.next(self.record)) is not None:
            self._log(suggested)
            if not suggested.reused:
                return suggested.trial
            self._reusing.append(suggested.trial.index)
            self._settle()
        return None

    @property
    def exhausted(self) -> bool:
        """Whether every trial has been suggested and handed out, or no more can be."""
        given = self.source.handed_out() >= self.record.target or self.source.none_left is not None
        return not self._unfinished and given

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
        """A trial ended; its result goes to the journal, then to the source."""
        self._log(Ended(trial=index, result=result, environment=environment))
        self.source.learn(index, result)
        self._settle()

    def retried(self, index: int, reason: str) -> None:
        """A worker died; the trial goes to the next one that asks, unseen by the search."""
        self._log(Retried(trial=index, reason=reason))
        self._unfinished.insert(0, index)

    def noted(self, index: int | None, text: str) -> None:
        """Something worth knowing of a trial, or of the launch, that changes no result."""
        self._log(Noted(trial=index, text=text))

    def interrupted(self, cause: Cause, reason: str) -> None:
        """The launch ends before the campaign does; nothing to record if that came with the last trial's end."""
        if self.record.finished_at is None:
            self._log(Interrupted(cause=cause, reason=reason))

    def _all_failed(self) -> str | None:
        # The first by index, not by time, so that it does not depend on the number of workers.
        first = range(self.source.abort_after)
        if len(self.record.trials) < len(first):  # of a wide window most are not there yet
            return None
        results = [self.record.trials[k].result for k in first if k in self.record.trials]
        if len(results) < len(first) or any(result is None or result.status != "failed" for result in results):
            return None
        return f"the first {len(first)} trials all failed; the last one: {results[-1] and results[-1].reason}"

    def _settle(self) -> None:
        """End every reused trial whose original has ended, and the campaign with its last trial."""
        for k in self._reusing[:]:
            same_as = self.record.trials[k].same_as
            original = None if same_as is None else self.record.trials[same_as]
            if original is not None and original.result is not None:
                self._reusing.remove(k)
                self._log(Ended(trial=k, result=original.result, environment=original.environment))
                self.source.learn(k, original.result)
        if self.complete:
            self._log(Finished(trials=self.record.ended_count))

    def _log(self, event: Event) -> None:
        entry = self.journal.append(event)
        apply(self.record, entry)
        for observer in self.observers:
            observer(self.record, entry)
