"""What the runs of a campaign still lack in a store: the fold of journal entries into changes, no store involved."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from tuning.events import Ended, EpochEnded, Finished, Interrupted, Launched, Opened, Started
from tuning.export import fields
from tuning.journal import Entry
from tuning.leaderboard import leaderboard
from tuning.record import CampaignRecord, TrialRecord, apply, opened
from tuning.recorded import RecordedTrial
from tuning.results import TrialResult
from tuning.tables import json_lines
from tuning.tracking_files import confusion_json, curves_csv, leaderboard_csv, trial_json
from tuning.tracking_layout import (
    DatasetCard,
    Row,
    RunStatus,
    Tag,
    campaign_note,
    common_tags,
    dataset_card,
    environment_tags,
    epoch_rows,
    milliseconds,
    parameters,
    result_rows,
    result_tags,
    run_name,
    trial_note,
    trial_tags,
)

KEPT = 3
"""Trials whose weights and confusion matrix are kept with their runs when the campaign has finished."""

PARENT = -1
"""The campaign's own place beside its trials 0, 1, ..."""


DURATIONS = ("seconds", "total_seconds")
"""Metrics that are no function of the trial."""


@dataclass(slots=True, kw_only=True)
class Change:
    """What one run still lacks.  name, start: of the run to create, given with the first change only."""

    name: str = ""
    start: int = 0
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    cards: list[DatasetCard] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    status: RunStatus | None = None
    end: int | None = None
    """Unix time, ms."""
    show: bool = False
    """Whether weights and confusion matrix belong to the run."""


class Changes:
    """Journal entries in, changes out.  Entries that are never taken between add up: the last status counts."""

    record: CampaignRecord
    campaign_id: str
    """Of this journal: campaigns of one name in several homes, or begun anew, stay apart."""

    def __init__(self) -> None:
        self._pending: dict[int, Change] = {}
        self._begun: set[int] = set()
        self._ended = 0
        self._best: float | None = None

    def take(self) -> dict[int, Change]:
        """Return the changes since the last call, by trial, the campaign's own under PARENT."""
        taken, self._pending = self._pending, {}
        return taken

    def add(self, entry: Entry) -> None:
        """Read one more entry."""
        at, event = milliseconds(entry.at), entry.event
        if isinstance(event, Opened):
            self.record = opened(entry)
            self.campaign_id = event.id
            self._open(event, entry.at)
            return
        apply(self.record, entry)
        match event:
            case Launched():
                change = self._change(PARENT)
                change.status, change.end = "RUNNING", None
                change.tags |= environment_tags(event.environment)
                change.tags |= {Tag.CAMPAIGN_STATUS: "running", Tag.CAMPAIGN_TRIALS: str(event.trials)}
            case Started():
                change = self._trial(event.trial, at)
                change.status, change.end = "RUNNING", None
                change.tags[Tag.STATUS] = "running"
            case EpochEnded():
                self._trial(event.trial, at).rows += epoch_rows(event.report, self.record.config.objective.metric, at)
            case Ended():
                self._end(self._trial(event.trial, at), self.record.trials[event.trial], event.result, at)
            case Interrupted():
                self._interrupt(event, at)
            case Finished():
                self._finish(at)
            case _:
                pass  # a suggestion has no run before it starts; a retry is seen as another start

    def _open(self, event: Opened, at: float) -> None:
        config = event.config
        self._pending[PARENT] = Change(
            name=config.name,
            start=milliseconds(at),
            parameters=parameters(config),
            tags=common_tags("campaign", config.name, self.campaign_id)
            | {Tag.CAMPAIGN_OPENED_AT: repr(at), Tag.NOTE: campaign_note(self.record)},
            cards=[dataset_card(config.data.dataset, variant, data) for variant, data in event.data.items()],
            texts={"campaign.json": event.model_dump_json(indent=2)},
            status="RUNNING",
        )

    def _change(self, key: int) -> Change:
        return self._pending.setdefault(key, Change())

    def _trial(self, index: int, at: int) -> Change:
        """Return the change of a trial, begun where this is the first."""
        change = self._change(index)
        if index not in self._begun:
            self._begun.add(index)
            trial = self.record.trials[index]
            change.name, change.start = run_name(trial.config, trial.assignment), at
            change.parameters = parameters(trial.config)
            change.tags |= common_tags("trial", trial.config.campaign, self.campaign_id)
            change.tags |= trial_tags(trial.config) | {Tag.STATUS: "running", Tag.NOTE: trial_note(trial)}
            if trial.same_as is not None:
                change.tags[Tag.SAME_AS] = str(trial.same_as)
            variant = self.record.variant(trial.config)
            change.cards = [dataset_card(trial.config.data.dataset, variant, self.record.data[variant])]
            change.status = "RUNNING"
        return change

    def _end(self, change: Change, trial: TrialRecord, result: TrialResult, at: int) -> None:
        recorded = RecordedTrial(**fields(self.record, trial))
        change.rows += result_rows(result, at)
        change.tags |= result_tags(result)
        if trial.environment is not None:
            change.tags |= environment_tags(trial.environment)
        change.texts["trial.json"] = trial_json(recorded)
        if trial.epochs:
            change.texts["curves.csv"] = curves_csv(trial.epochs, self.record.config.objective.metric)
        if result.confusion:
            change.texts["confusion.json"] = confusion_json(result, recorded.data.classes)
        change.status, change.end = ("FAILED" if result.status == "failed" else "FINISHED"), at
        self._rank(result, at)

    def _rank(self, result: TrialResult, at: int) -> None:
        """Draw the search's progress on the campaign's own run."""
        self._ended += 1
        if result.status != "completed" or result.objective is None:
            return
        if self._best is None or self.record.config.objective.better(result.objective, self._best):
            self._best = result.objective
        rows = self._change(PARENT).rows
        rows.append(Row("search/objective", result.objective, at, self._ended))
        rows.append(Row("search/best", self._best, at, self._ended))

    def _interrupt(self, event: Interrupted, at: int) -> None:
        for index in self._begun:
            if self.record.trials[index].result is None:
                change = self._change(index)
                change.tags[Tag.STATUS] = "interrupted"
                change.status, change.end = "KILLED", at
        change = self._change(PARENT)
        change.tags[Tag.CAMPAIGN_STATUS] = f"interrupted: {event.reason}"
        change.status, change.end = "KILLED", at

    def _finish(self, at: int) -> None:
        change = self._change(PARENT)
        ranked = self.record.ranked()
        for trial in ranked[:KEPT]:
            self._change(trial.config.index).show = True
        if ranked:
            change.tags[Tag.BEST_TRIAL] = str(ranked[0].config.index)
        board = leaderboard(self.record, len(ranked))
        change.texts |= {"leaderboard.json": json_lines(asdict(board)), "leaderboard.csv": leaderboard_csv(board)}
        change.tags[Tag.CAMPAIGN_STATUS] = "finished"
        change.status, change.end = "FINISHED", at


def lacking(rows: Iterable[Row], held: Sequence[Row]) -> list[Row]:
    """Return the rows that say something new to a run that holds others.

    A value that a step has had since another time says nothing new, as it comes from training again; of how long that
    took no value does.  The search's progress only goes on: where trials are lost, others are counted as other steps.
    """
    at_step = {(row.key, row.step): row for row in held}
    last: dict[str, tuple[int, int]] = {}
    for row in held:
        last[row.key] = max(last.get(row.key, (0, 0)), (row.at, row.step))
    fresh = []
    for row in rows:
        before = at_step.get((row.key, row.step))
        if row.key.startswith("search/"):
            new = before is None and (row.at, row.step) > last.get(row.key, (0, 0))
        else:
            new = before is None or before.at == row.at or (before.value != row.value and row.key not in DURATIONS)
        if new:
            fresh.append(row)
    return fresh
