"""The trials of a campaign: what its search suggests, completed, and resumed from the journal."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from search_spaces.space import Space
from tuning.campaign.errors import JournalError, LimitsError
from tuning.campaign.trial import TrialConfig
from tuning.journal.events import Suggested
from tuning.journal.record import CampaignRecord
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.suggest import Configurations, outcome
from tuning.training.environment import Environment, differences
from tuning.training.results import TrialResult

FAILURES_BEFORE_GIVING_UP = 5
"""A campaign whose first configurations all fail, this many and at least a window of trials, is ended."""

ASKED_AGAIN = 2
"""The last configurations, which a restored search is asked for again: they depend on all before them."""

LIBRARIES = {"hyperopt": "seqtune, hyperopt, ray or numpy", "optuna-tpe": "seqtune, optuna, scipy or numpy"}
"""Search algorithm -> on whose version its suggestions depend; of the others on seqtune's and numpy's."""

SHOWN_EVERY_S = 1.0
"""How often a launch says how far the replay is."""


class SearchTrials:
    """See ``tuning.execution.driver.TrialSource``."""

    def __init__(self, space: Space, new_search: Callable[[], OrderedSearch]) -> None:
        """Begin before the first suggestion.  new_search: returns the campaign's search before its first suggestion."""
        self.space = space
        self.new_search = new_search
        self.search = new_search()
        self.none_left: str | None = None
        self.abort_after = max(FAILURES_BEFORE_GIVING_UP * self.search.replicates, self.search.window)

    def resume(
        self, path: Path, record: CampaignRecord, environment: Environment, progress: Callable[[str], None]
    ) -> None:
        """Bring the search to where the journal ends.

        It is restored from what the journal keeps of it.  Where that does not hold, or a launch was in another
        environment, every suggestion is asked for again.
        """
        self.path = path
        if not any(differences(launch.environment, environment, threads=False) for launch in record.launches):
            last = ASKED_AGAIN * record.config.search.replicates
            with suppress(ValueError):  # JournalError too: the full replay decides
                self._replay(record, progress, restore=len(record.trials) - last)
                return
            self.search = self.new_search()
        self._replay(record, progress, restore=0)

    def handed_out(self) -> int:
        """Return how many trials were suggested."""
        return self.search.index

    def next(self, record: CampaignRecord) -> Suggested | None:
        """Return the next suggestion that the record lacks; None while the search waits for results, or has no more."""
        if self.none_left is not None:  # asked again, the search would draw others, as often as workers ask
            return None
        while self.search.index < record.target and self.search.ready():
            try:
                suggestion = self.search.suggest()
            except LimitsError as error:  # trials under way may still end
                self.none_left = str(error)
                return None
            trial = self.configurations.complete(suggestion)
            if suggestion.index in record.trials:  # of an adopted journal that lacked results
                self._check(record, suggestion, trial)
                continue
            return Suggested(
                trial=trial,
                assignment=suggestion.assignment,
                same_as=suggestion.same_as,
                reused=suggestion.reused,
                proposal=suggestion.proposal,
                infeasible=suggestion.infeasible,
            )
        return None

    def learn(self, index: int, result: TrialResult) -> None:
        """Take a trial's result."""
        self.search.record(index, outcome(result))

    def _replay(self, record: CampaignRecord, progress: Callable[[str], None], *, restore: int) -> None:
        """Let the search suggest again, and compare.

        restore: how many suggestions are restored instead, where the journal has what that needs.

        Raises:
            ValueError: the restored search is not in the state that the journal records.
            JournalError: the search suggests something else than the journal has.
        """
        search = self.search
        self.configurations = Configurations(record, self.space)
        # All outcomes may be handed in at once: the search looks at each when its turn comes, never before.
        for k, trial in record.trials.items():
            if trial.result is not None:
                search.record(k, outcome(trial.result))
        due = time.monotonic() + SHOWN_EVERY_S
        # An adopted journal may lack results that later suggestions waited for: those are compared once they are there.
        while search.index in record.trials and search.ready():
            if time.monotonic() >= due:
                progress(f"replaying suggestion {search.index} of {len(record.trials)}")
                due = time.monotonic() + SHOWN_EVERY_S
            recorded = record.trials[search.index].proposal
            again = search.suggest(recorded if search.index < restore else None)
            if restore and recorded not in (None, again.proposal):
                raise ValueError(f"the restored search proposes {again.proposal}, which was {recorded}")
            self._check(record, again, self.configurations.complete(again))

    def _check(self, record: CampaignRecord, again: Suggestion, configuration: TrialConfig) -> None:
        """Raise JournalError where the search does not suggest what the journal has."""
        trial = record.trials[again.index]
        libraries = LIBRARIES.get(record.config.search.algorithm, "seqtune or numpy")
        if configuration != trial.config:
            raise JournalError(
                f"{self.path}: the search no longer suggests for trial {again.index} what the journal has "
                f"({again.assignment} instead of {trial.assignment}). Was {libraries} changed since? "
                "Resume with the versions that `seqtune status NAME --events` shows, or launch under another name"
            )
