"""Fold journal entries into updates of MLflow runs; no store is involved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tuning.analysis.configurations import configurations
from tuning.analysis.leaderboard import leaderboard
from tuning.campaign.code_files import CodeFile, read_copies
from tuning.campaign.errors import CampaignError
from tuning.journal.events import Ended, EpochEnded, Finished, Interrupted, Launched, Opened, OpenedTest, Started
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.record import CampaignRecord, TrialRecord, apply, opened
from tuning.journal.text import json_text
from tuning.tracking.artifacts import confusion_json, curves_csv, leaderboard_csv, trial_json
from tuning.tracking.environment_tags import environment_tags
from tuning.tracking.layout import (
    CODE,
    LAYOUT,
    DatasetInput,
    Row,
    RunStatus,
    Tag,
    campaign_note,
    common_tags,
    dataset_input,
    epoch_rows,
    milliseconds,
    opened_tests,
    parameters,
    result_rows,
    result_tags,
    single_key,
    trial_note,
    trial_tags,
)
from tuning.training.results import TrialResult

KEPT = 3
"""How many of the best trials have weights and a confusion matrix in MLflow when the campaign has finished."""

PARENT = -1
"""Key of the campaign's own run, beside its trials 0, 1, ..."""

LATENCIES = [single_key("model", name, layout) for name in ("latency_ms", "latency_batch_ms") for layout in (1, LAYOUT)]
DURATIONS = ("seconds", "total_seconds", *LATENCIES)
"""Metrics that differ when a trial is trained again."""


@dataclass(slots=True, kw_only=True)
class RunUpdate:
    """Changes of one run.  name, start: of the run to create, in the first update only."""

    name: str = ""
    start: int = 0
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    datasets: list[DatasetInput] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    status: RunStatus | None = None
    end: int | None = None
    """Unix time, ms."""
    show: bool = False
    """Whether weights and confusion matrix are to be added to the run."""


class RunUpdates:
    """Journal entries in, updates out.  Updates accumulate until they are taken; the last status counts."""

    kinds = ("campaign", "trial")
    """Of the run of the whole journal, and of the runs of its trials."""
    record: CampaignRecord
    campaign_id: str
    """Of this journal; distinguishes campaigns of one name, in several homes or started over."""
    layout: int = LAYOUT
    """Of the names of single figures; 1 of a campaign that an older version began to publish."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._pending: dict[int, RunUpdate] = {}
        self._begun: set[int] = set()
        self._ended = 0
        self._best: float | None = None

    def take(self) -> dict[int, RunUpdate]:
        """Return the updates since the last call, trial -> update, the campaign's own under PARENT."""
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
                update = self._update(PARENT)
                update.status, update.end = "RUNNING", None
                update.tags |= environment_tags(event.environment)
                update.tags |= {Tag.CAMPAIGN_STATUS: "running", Tag.CAMPAIGN_TRIALS: str(event.trials)}
                if self.record.interruptions:
                    update.tags |= {Tag.CAMPAIGN_CAUSE: "", Tag.CAMPAIGN_REASON: ""}  # of the former launch
            case Started():
                update = self._trial(event.trial, at)
                update.status, update.end = "RUNNING", None
                update.tags[Tag.STATUS] = "running"
            case EpochEnded():
                self._trial(event.trial, at).rows += epoch_rows(event.report, self.record.config.objective.metric, at)
            case Ended():
                self._end(self._trial(event.trial, at), self.record.trials[event.trial], event.result, at)
            case Interrupted():
                self._interrupt(event, at)
            case Finished():
                self._finish(at)
            case OpenedTest():
                self._update(PARENT).tags[Tag.TEST_OPENED] = opened_tests(self.record)
            case _:
                pass  # a suggestion has no run before its trial starts; after a retry it starts again

    def _open(self, event: Opened, at: float) -> None:
        config = event.config
        self._pending[PARENT] = RunUpdate(
            name=config.name,
            start=milliseconds(at),
            parameters=parameters(config),
            tags=common_tags(self.kinds[0], config.name, self.campaign_id)
            | {
                Tag.CAMPAIGN_OPENED_AT: repr(at),
                Tag.LAYOUT: str(LAYOUT),
                Tag.NOTE: campaign_note(self.record, self._home),
            },
            datasets=[dataset_input(config.data.dataset, variant, data) for variant, data in event.data.items()],
            texts={"campaign.json": event.model_dump_json(indent=2), **self._code(config.code_files)},
            status="RUNNING",
        )

    def _update(self, key: int) -> RunUpdate:
        return self._pending.setdefault(key, RunUpdate())

    def _trial(self, index: int, at: int) -> RunUpdate:
        """Return a trial's update; the first one creates the run."""
        update = self._update(index)
        if index not in self._begun:
            self._begun.add(index)
            trial = self.record.trials[index]
            update.start = at
            self._describe(update, trial)
            update.tags[Tag.STATUS] = "running"
            variant = self.record.variant(trial.config)
            update.datasets = [dataset_input(trial.config.data.dataset, variant, self.record.data[variant])]
            update.texts |= self._code(trial.config.code)
            update.status = "RUNNING"
        return update

    def _describe(self, update: RunUpdate, trial: TrialRecord) -> None:
        """Add what the run of a trial is called, and what is known of it before it trains."""
        update.name = trial.name
        update.parameters = parameters(trial.config, trial.assignment)
        update.tags |= common_tags(self.kinds[1], trial.config.campaign, self.campaign_id) | trial_tags(trial.config)
        update.tags[Tag.NOTE] = trial_note(trial, self.record, self._home)
        if trial.same_as is not None:
            update.tags[Tag.SAME_AS] = str(trial.same_as)

    def _code(self, files: Sequence[CodeFile]) -> dict[str, str]:
        """Return the home's copies of a user's code as artifacts; none of a campaign whose code is not here."""
        try:
            sources = read_copies(self._home.code, [file for file in files if file.kind == "file"])
        except CampaignError:
            return {}
        return {f"{CODE}/{source.file.name}": source.content.decode() for source in sources}

    def _end(self, update: RunUpdate, trial: TrialRecord, result: TrialResult, at: int) -> None:
        recorded = self.record.recorded(trial)
        update.rows += result_rows(result, at, self.layout)
        update.tags |= result_tags(result)
        if trial.environment is not None:
            update.tags |= environment_tags(trial.environment)
        update.texts["trial.json"] = trial_json(recorded)
        if trial.epochs:
            update.texts["curves.csv"] = curves_csv(trial.epochs, self.record.config.objective.metric)
        if result.confusion:
            update.texts["confusion.json"] = confusion_json(result, recorded.data.classes)
        update.status, update.end = ("FAILED" if result.status == "failed" else "FINISHED"), at
        self._log_progress(result, at)

    def _log_progress(self, result: TrialResult, at: int) -> None:
        """Add the search's progress to the campaign's own run."""
        self._ended += 1
        if result.status != "completed" or result.objective is None:
            return
        if self._best is None or self.record.config.objective.better(result.objective, self._best):
            self._best = result.objective
        rows = self._update(PARENT).rows
        rows.append(Row("search/objective", result.objective, at, self._ended))
        rows.append(Row("search/best", self._best, at, self._ended))

    def _interrupt(self, event: Interrupted, at: int) -> None:
        for index in self._begun:
            if self.record.trials[index].result is None:
                update = self._update(index)
                update.tags[Tag.STATUS] = "interrupted"
                update.status, update.end = "KILLED", at
        update = self._update(PARENT)
        update.tags |= {
            Tag.CAMPAIGN_STATUS: "interrupted",
            Tag.CAMPAIGN_CAUSE: event.cause,
            Tag.CAMPAIGN_REASON: event.reason,
        }
        update.status, update.end = "KILLED", at

    def _finish(self, at: int) -> None:
        update = self._update(PARENT)
        ranked = self.record.ranked()
        replicated = [one.completed[0] for one in configurations(self.record)]  # the others' weights are not kept
        for trial in (replicated or ranked)[:KEPT]:
            self._update(trial.config.index).show = True
        if ranked:
            update.tags[Tag.BEST_TRIAL] = str(ranked[0].config.index)
        update.tags[Tag.NOTE] = campaign_note(self.record, self._home)
        board = leaderboard(self.record, len(ranked))
        update.texts |= {"leaderboard.json": json_text(board), "leaderboard.csv": leaderboard_csv(board)}
        update.tags[Tag.CAMPAIGN_STATUS] = "finished"
        update.status, update.end = "FINISHED", at


def lacking(rows: Iterable[Row], held: Sequence[Row]) -> list[Row]:
    """Return the rows that are new to a run.  held: the rows it has.

    An adopted campaign trains lost trials again, at other times.  A row with the same step and value as before is then
    no new row, and durations are never new.  The search's progress continues after the last step: with lost trials,
    the steps in between are counted differently.
    """
    at_step = {(row.key, row.step): row for row in held}
    last: dict[str, tuple[int, int]] = {}
    for row in held:
        last[row.key] = max(last.get(row.key, (0, 0)), (row.at, row.step))
    new_rows = []
    for row in rows:
        before = at_step.get((row.key, row.step))
        if row.key.startswith("search/"):
            new = before is None and (row.at, row.step) > last.get(row.key, (0, 0))
        else:
            new = before is None or before.at == row.at or (before.value != row.value and row.key not in DURATIONS)
        if new:
            new_rows.append(row)
    return new_rows
