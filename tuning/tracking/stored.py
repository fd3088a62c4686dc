"""Read a whole campaign from an MLflow store: its runs, metrics and artifacts, without interpretation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.addresses import masked
from tuning.campaign import messages
from tuning.campaign.errors import RecordError, StoreError
from tuning.campaign.trial import MOST
from tuning.journal.events import Opened
from tuning.journal.lines import END_OF_TIME, Entry
from tuning.journal.order import first_problem
from tuning.journal.record import RecordedTrial
from tuning.tracking.artifact_files import ArtifactError
from tuning.tracking.client import Store, StoredRun
from tuning.tracking.environment_tags import packages_text
from tuning.tracking.layout import Tag
from tuning.tracking.read import parsed_trial, validation_message

ProgressCallback = Callable[[int, int], None]
"""Called with (trials read, trials to read)."""

MOST_LOST = 1000
"""Trials of a finished campaign whose runs may be gone."""

ENDED = ("FINISHED", "FAILED")
"""The status of a trial's run that is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrial:
    """One trial.  recorded: None if it had not ended, or its files are gone."""

    run: StoredRun
    recorded: RecordedTrial | None
    reported_at: dict[int, float]
    """Epoch -> Unix time, s."""
    problem: str | None = None
    """Why its file is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCampaign:
    """One campaign."""

    run: StoredRun
    opened: Entry
    """The journal's first entry."""
    target: int
    """How many trials the campaign is to have; 0 where no launch was recorded."""
    trials: dict[int, StoredTrial]
    others: int
    """Number of older campaigns of this name."""

    @property
    def ended(self) -> dict[int, RecordedTrial]:
        """Records of the trials that had ended."""
        return {k: trial.recorded for k, trial in self.trials.items() if trial.recorded is not None}

    @property
    def lost(self) -> list[int]:
        """Trials that had not ended or whose results are gone: they are to be trained again."""
        finished = self.target if self.run.status == "FINISHED" else 0
        count = max(finished, max(self.trials, default=-1) + 1)
        return [k for k in range(count) if k not in self.ended]


def connect(uri: str) -> Store:
    """Open an existing store; a SQLite file is not created.

    Raises:
        StoreError: there is no such file.
    """
    file = Path(uri.removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and not file.is_file():
        raise StoreError(
            f"{masked(uri)}: no such file. Name the store with --tracking-uri, as sqlite:////absolute/path.db"
        )
    return Store(uri)


def stored_campaign(store: Store, name: str, on_progress: ProgressCallback) -> StoredCampaign:
    """Read the campaign of a name, the latest where there are several.

    Raises:
        RecordError: the store has none, or its files cannot be read.
    """
    experiment = store.find_experiment(name)
    tags: dict[str, str] = {Tag.RUN_KIND: "campaign", Tag.CAMPAIGN: name}
    campaigns = [run for run in store.runs(experiment, tags) if not run.deleted] if experiment else []
    if experiment is None or not campaigns:
        known = ", ".join(store.experiments(Tag.CAMPAIGN)) or "none"
        raise RecordError(f"{masked(store.uri)}: no campaign {name!r}. Known: {known}. Or name another --tracking-uri")
    parent = campaigns[-1]
    opened = _opened(store, name, parent)
    target = whole_tag(parent, Tag.CAMPAIGN_TRIALS, MOST) if Tag.CAMPAIGN_TRIALS in parent.tags else 0
    runs: dict[int, StoredRun] = {}
    for run in store.runs(experiment, {Tag.CAMPAIGN_ID: parent.tags[Tag.CAMPAIGN_ID], Tag.RUN_KIND: "trial"}):
        index = whole_tag(run, Tag.INDEX, MOST - 1)
        if index not in runs or runs[index].deleted:  # as the publisher chooses
            runs[index] = run
    trials: dict[int, StoredTrial] = {}
    for done, (index, run) in enumerate(sorted(runs.items()), start=1):
        trials[index] = _trial(store, name, index, run)
        on_progress(done, len(runs))
    if parent.status == "FINISHED" and target > len(trials) + MOST_LOST:
        raise RecordError(
            f"MLflow run {parent.id} in {masked(store.uri)}: {Tag.CAMPAIGN_TRIALS} = {target} of a finished campaign, "
            f"which has runs of {len(trials)} trials. Correct the tag, or restore the runs"
        )
    return StoredCampaign(run=parent, opened=opened, target=target, trials=trials, others=len(campaigns) - 1)


def whole_tag(run: StoredRun, tag: Tag, most: int) -> int:
    """Return a run's tag that is a whole number from 0 to ``most``.

    Raises:
        RecordError: the run has no such tag, or another value.
    """
    text = run.tags.get(tag, "")
    if not text.isdecimal() or len(text) > len(str(most)) or int(text) > most:
        raise RecordError(
            f"MLflow run {run.id}: the tag {tag} is {messages.shown(text)}, not a whole number from 0 to {most}. "
            "It was not written by seqtune. Correct the tag, or delete the run"
        )
    return int(text)


def _opened(store: Store, name: str, run: StoredRun) -> Entry:
    where = f"MLflow run {run.id} in {masked(store.uri)}, the campaign {name!r}"
    if Tag.CAMPAIGN_ID not in run.tags:
        raise RecordError(f"{where}, has no tag {Tag.CAMPAIGN_ID}. It was not written by seqtune")
    try:
        text = store.text(run.id, "campaign.json")
    except ArtifactError as error:
        raise RecordError(f"{where}: {error}. Restore the original") from None
    if text is None:
        raise RecordError(
            f"{where}, has no campaign.json: its artifacts are gone, or this machine cannot read them. Copy them to "
            "the location on the run's page in MLflow, or adopt through the MLflow server that keeps them"
        )
    try:
        event = Opened.model_validate_json(text)
    except ValueError as error:
        raise RecordError(
            f"{where}: its campaign.json is not of this version of seqtune ({validation_message(error)}). "
            f"Adopt it with the version that wrote it: {packages_text(run.tags)}"
        ) from error
    entry = Entry(0, _opened_at(run, where), event)
    if event.config.name != name or event.id != run.tags[Tag.CAMPAIGN_ID]:
        raise RecordError(
            f"{where}: its campaign.json is of another campaign (id {event.id}, not {run.tags[Tag.CAMPAIGN_ID]}). "
            "Restore the original"
        )
    if found := first_problem([entry], name):
        raise RecordError(f"{where}: its campaign.json is damaged: {found[1]}. Restore the original")
    return entry


def _opened_at(run: StoredRun, where: str) -> float:
    text = run.tags.get(Tag.CAMPAIGN_OPENED_AT, str(run.start / 1000))
    try:
        at = float(text)
    except ValueError:
        at = math.nan
    if not 0 <= at < END_OF_TIME:
        raise RecordError(
            f"{where}: the tag {Tag.CAMPAIGN_OPENED_AT} is {messages.shown(text)}, not a Unix time. Correct the tag"
        )
    return at


def _trial(store: Store, name: str, index: int, run: StoredRun) -> StoredTrial:
    try:
        text = store.text(run.id, "trial.json") if run.status in ENDED else None
    except ArtifactError as error:
        return StoredTrial(run=run, recorded=None, problem=str(error), reported_at={})
    if text is None:
        return StoredTrial(run=run, recorded=None, reported_at={})
    where = f"MLflow run {run.id} in {masked(store.uri)}, trial {index} of {name!r}"
    recorded = parsed_trial(text, where, run)
    rows = store.history(run.id, "train/loss") if recorded.epochs else []
    times = {row.step: row.at / 1000 for row in reversed(rows)}
    return StoredTrial(run=run, recorded=recorded, reported_at=times)
