"""A whole campaign as an MLflow store has it: what its runs, metrics and artifacts say, nothing concluded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from tuning.campaign.errors import RecordError, StoreError
from tuning.journal.events import Opened
from tuning.journal.log import Entry
from tuning.journal.record import RecordedTrial
from tuning.tracking.client import Store, StoredRun, shown
from tuning.tracking.layout import Tag

ProgressCallback = Callable[[int, int], None]
"""Called with (trials read, trials to read)."""

ENDED = ("FINISHED", "FAILED")
"""A trial's run is given such a status when everything else of it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrial:
    """One trial.  recorded: None where it had not ended, or its files are gone."""

    run: StoredRun
    recorded: RecordedTrial | None
    reported_at: dict[int, float]
    """Epoch -> Unix time, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCampaign:
    """One campaign."""

    run: StoredRun
    opened: Entry
    """The journal's first entry, exactly as it was."""
    trials: dict[int, StoredTrial]
    others: int
    """Campaigns of this name that were begun before this one."""

    @property
    def ended(self) -> dict[int, RecordedTrial]:
        """What is recorded of the trials that had ended."""
        return {k: trial.recorded for k, trial in self.trials.items() if trial.recorded is not None}

    @property
    def lost(self) -> list[int]:
        """Trials that had not ended, or of which the store has no more: they are to be trained again."""
        finished = int(self.run.tags.get(Tag.CAMPAIGN_TRIALS, 0)) if self.run.status == "FINISHED" else 0
        count = max(finished, max(self.trials, default=-1) + 1)
        return [k for k in range(count) if k not in self.ended]


def connect(uri: str) -> Store:
    """Open a store that is there; a SQLite file is not created.

    Raises:
        StoreError: there is no such file.
    """
    file = Path(uri.removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and not file.is_file():
        raise StoreError(f"{uri}: no such file. Name the store with --tracking-uri, as sqlite:////absolute/path.db")
    return Store(uri)


def stored_campaign(store: Store, name: str, on_progress: ProgressCallback) -> StoredCampaign:
    """Read the campaign of a name, the one begun last where there are several.

    Raises:
        RecordError: the store has none, or what it has cannot be read.
    """
    experiment = store.find_experiment(name)
    wanted: dict[str, str] = {Tag.RUN_KIND: "campaign", Tag.CAMPAIGN: name}
    found = [run for run in store.runs(experiment, wanted) if not run.deleted] if experiment else []
    if experiment is None or not found:
        known = ", ".join(store.experiments(Tag.CAMPAIGN)) or "none"
        raise RecordError(f"{shown(store.uri)}: no campaign {name!r}. It has: {known}. Or name another --tracking-uri")
    parent = found[-1]
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
    return StoredCampaign(run=parent, opened=opened, trials=trials, others=len(found) - 1)


def _opened(store: Store, name: str, run: StoredRun) -> Entry:
    where = f"MLflow run {run.id} in {shown(store.uri)}, the campaign {name!r}"
    text = store.text(run.id, "campaign.json")
    if text is None:
        raise RecordError(
            f"{where}, has no campaign.json: its artifacts are gone, or lie where this machine cannot read them. "
            "Put them where the run's page in MLflow says, or adopt through the MLflow server that keeps them"
        )
    try:
        event = Opened.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(
            f"{where}: its campaign.json is not one of this version of seqtune ({error.errors()[0]['msg']}). "
            f"Adopt it with the version that wrote it: {run.tags.get(Tag.PACKAGES)}"
        ) from error
    entry = Entry(0, float(run.tags.get(Tag.CAMPAIGN_OPENED_AT, run.start / 1000)), event)
    if event.config.name != name or event.id != run.tags[Tag.CAMPAIGN_ID]:
        raise RecordError(
            f"{where}: its campaign.json is not what the campaign was opened with (id {event.id} instead of "
            f"{run.tags[Tag.CAMPAIGN_ID]}). It was changed: put the original back"
        )
    return entry


def _trial(store: Store, name: str, index: int, run: StoredRun) -> StoredTrial:
    text = store.text(run.id, "trial.json") if run.status in ENDED else None
    if text is None:
        return StoredTrial(run=run, recorded=None, reported_at={})
    where = f"MLflow run {run.id} in {shown(store.uri)}, trial {index} of {name!r}"
    try:
        recorded = RecordedTrial.from_json(text)
    except ValidationError as error:
        raise RecordError(
            f"{where}: its trial.json is not one of this version of seqtune ({error.errors()[0]['msg']}). "
            f"Adopt the campaign with the version that wrote it: {run.tags.get(Tag.PACKAGES)}"
        ) from error
    rows = store.history(run.id, "train/loss") if recorded.epochs else []
    times = {row.step: row.at / 1000 for row in reversed(rows)}
    return StoredTrial(run=run, recorded=recorded, reported_at=times)
