"""A confirmation's journal as updates of MLflow runs: one within its campaign's run, and one for each trial."""

from tuning.analysis.confirmation import confirmation_summary
from tuning.journal.events import Opened
from tuning.journal.record import TrialRecord
from tuning.journal.text import json_text, trial_name
from tuning.tracking.artifacts import confirmation_csv
from tuning.tracking.changes import KEPT, PARENT, RunUpdate, RunUpdates
from tuning.tracking.layout import LAYOUT, Tag, common_tags, milliseconds, parameters, trial_tags
from tuning.training.results import TrialResult


class ConfirmationUpdates(RunUpdates):
    """As of a campaign; the runs have kinds and names of their own, and there is no search to show."""

    kinds = ("confirmation", "confirm")

    def _open(self, event: Opened, at: float) -> None:
        name = event.config.name
        self._pending[PARENT] = RunUpdate(
            name=f"{name} confirmation",
            start=milliseconds(at),
            tags=common_tags(self.kinds[0], name, self.campaign_id)
            | {
                Tag.CAMPAIGN_OPENED_AT: repr(at),
                Tag.LAYOUT: str(LAYOUT),
                Tag.NOTE: f"Show it: `{self._home.command('confirm', name, '--show', absolute=True)}`",
            },
            status="RUNNING",
        )

    def _describe(self, update: RunUpdate, trial: TrialRecord) -> None:
        confirms = trial.confirms
        assert confirms is not None  # noqa: S101 - every trial of a confirmation has it
        split = f" split {confirms.split}" if confirms.split else ""
        update.name = f"{trial_name(confirms.trial)} seed {confirms.seed + 1}{split}"
        update.parameters = parameters(trial.config, trial.assignment)
        rows = "\n".join(f"| {path} | {value} |" for path, value in trial.assignment.items())
        update.tags |= common_tags(self.kinds[1], trial.config.campaign, self.campaign_id) | trial_tags(trial.config)
        update.tags |= {
            Tag.CONFIRMS: str(confirms.trial),
            Tag.CONFIRMS_SEED: str(confirms.seed),
            Tag.CONFIRMS_SPLIT: str(confirms.split),
            Tag.NOTE: f"Configuration of {trial_name(confirms.trial)}\n\n| searched | value |\n| --- | --- |\n{rows}",
        }

    def _log_progress(self, result: TrialResult, at: int) -> None:
        """There is no search whose progress could be shown."""

    def _finish(self, at: int) -> None:
        update = self._update(PARENT)
        for trial in self.record.ranked()[:KEPT]:
            self._update(trial.index).show = True
        campaign = self._home.of_campaigns.record(self.record.config.name)
        summary = confirmation_summary(campaign, self.record)
        update.texts |= {"confirmation.json": json_text(summary), "confirmation.csv": confirmation_csv(summary)}
        update.tags[Tag.CAMPAIGN_STATUS] = "finished"
        update.status, update.end = "FINISHED", at
