"""Read a whole campaign from an MLflow store: its runs, metrics and artifacts, without interpretation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.addresses import masked
from tuning.campaign.errors import RecordError, StoreError
from tuning.journal.events import Opened
from tuning.journal.log import Entry
from tuning.journal.record import RecordedTrial
from tuning.tracking.client import Store, StoredRun
from tuning.tracking.layout import Tag, packages_text
from tuning.tracking.read import parsed_trial, validation_message

ProgressCallback = Callable[[int, int], None]
"""Called with (trials read, trials to read)."""

ENDED = ("FINISHED", "FAILED")
"""The status of a trial's run that is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrial:
    """One trial.  recorded: None if it had not ended, or its files are gone."""

    run: StoredRun
    recorded: RecordedTrial | None
    reported_at: dict[int, float]
    """Epoch -> Unix time, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCampaign:
    """One campaign."""

    run: StoredRun
    opened: Entry
    """The journal's first entry."""
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
        finished = int(self.run.tags.get(Tag.CAMPAIGN_TRIALS, 0)) if self.run.status == "FINISHED" else 0
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
    runs: dict[int, StoredRun] = {}
    for run in store.runs(experiment, {Tag.CAMPAIGN_ID: parent.tags[Tag.CAMPAIGN_ID], Tag.RUN_KIND: "trial"}):
        index = int(run.tags[Tag.INDEX])
        if index not in runs or runs[index].deleted:  # as the publisher chooses
            runs[index] = run
    trials: dict[int, StoredTrial] = {}
    for done, (index, run) in enumerate(sorted(runs.items()), start=1):
        trials[index] = _trial(store, name, index, run)
        on_progress(done, len(runs))
    return StoredCampaign(run=parent, opened=opened, trials=trials, others=len(campaigns) - 1)


def _opened(store: Store, name: str, run: StoredRun) -> Entry:
    where = f"MLflow run {run.id} in {masked(store.uri)}, the campaign {name!r}"
    text = store.text(run.id, "campaign.json")
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
    entry = Entry(0, float(run.tags.get(Tag.CAMPAIGN_OPENED_AT, run.start / 1000)), event)
    if event.config.name != name or event.id != run.tags[Tag.CAMPAIGN_ID]:
        raise RecordError(
            f"{where}: its campaign.json is of another campaign (id {event.id}, not {run.tags[Tag.CAMPAIGN_ID]}). "
            "Restore the original"
        )
    return entry


def _trial(store: Store, name: str, index: int, run: StoredRun) -> StoredTrial:
    text = store.text(run.id, "trial.json") if run.status in ENDED else None
    if text is None:
        return StoredTrial(run=run, recorded=None, reported_at={})
    where = f"MLflow run {run.id} in {masked(store.uri)}, trial {index} of {name!r}"
    recorded = parsed_trial(text, where, run)
    rows = store.history(run.id, "train/loss") if recorded.epochs else []
    times = {row.step: row.at / 1000 for row in reversed(rows)}
    return StoredTrial(run=run, recorded=recorded, reported_at=times)
