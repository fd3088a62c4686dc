"""Bring an MLflow store up to date with a campaign's journal.

The store's content is a function of the journal and of the home's path, which the descriptions name.  Times are the
journal's.  A run is searched by its tags before it is created, and its end is written last: a run with an end is
complete.  Publishing is idempotent and can be repeated after a crash at any point.  A run that a user deleted in MLflow
stays deleted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tuning.campaign.errors import CampaignError, StoreError
from tuning.journal.events import Opened
from tuning.journal.home import Confirmations, Home
from tuning.journal.lines import Entry
from tuning.journal.log import read
from tuning.journal.record import RecordedTrial
from tuning.tracking.artifacts import confusion_figure
from tuning.tracking.changes import PARENT, RunUpdate, RunUpdates, lacking
from tuning.tracking.client import Store, StoredRun, reachable
from tuning.tracking.confirmation import ConfirmationUpdates
from tuning.tracking.layout import LAYOUT, Row, Tag, experiment_tags, milliseconds
from tuning.tracking.models import log_model
from tuning.tracking.view import leaderboard_view, view_tag
from tuning.training.files import WEIGHTS

ProgressCallback = Callable[[int, int], None]
"""Called with (runs brought up to date, runs to bring up to date)."""


class Publisher:
    """Publishes the entries of one journal, from the first on, in any number of portions.

    After an error create a new publisher and publish all entries again.
    """

    def __init__(self, store: Store, home: Home) -> None:
        self.store = store
        self.home = home
        self._updates = ConfirmationUpdates(home) if isinstance(home, Confirmations) else RunUpdates(home)
        self._experiment = ""
        self._runs: dict[int, StoredRun] = {}
        self._campaign: str | None = None
        """Of a confirmation: the run of its campaign."""
        self._held: dict[str, dict[str, list[Row]]] = {}
        """Metrics of runs that existed before: run id -> metric -> rows."""

    def publish(self, entries: Iterable[Entry], on_progress: ProgressCallback | None = None) -> None:
        """Bring the store up to date with these entries and all before them."""
        for entry in entries:
            self._updates.add(entry)
            if not self._experiment:  # with the first entry, which tells the campaign
                self._connect()
        updates = self._updates.take()
        if not updates:
            return
        own = updates.pop(PARENT, RunUpdate())
        if own.name and self._campaign is not None:
            own.tags[Tag.PARENT] = self._campaign
        if self._updates.layout == 1:
            own.tags.pop(Tag.LAYOUT, None)
        parent = self._runs.get(PARENT)
        if parent is None:
            parent = self._runs[PARENT] = self.store.create(self._experiment, own.name, own.tags, own.start)
            self._add_view(parent.id)
        elif own.end is not None and (own.status, own.end) == (parent.status, parent.end):
            if (opened := own.tags.get(Tag.TEST_OPENED)) != parent.tags.get(Tag.TEST_OPENED) and not parent.deleted:
                self.store.write(parent.id, rows=[], parameters={}, tags={Tag.TEST_OPENED: opened or ""})
            return  # the campaign's end is written last, so everything else is there
        for done, (index, update) in enumerate(updates.items(), start=1):
            self._publish_trial(index, update, parent)
            if on_progress:
                on_progress(done, len(updates))
        if self._campaign is not None and own.end is not None:  # whose test part was opened after the first entry
            self._publish_campaign(self._experiment, self._updates.record.config.name)
        if self._campaign is not None and own.texts:
            self.store.log_artifacts(self._campaign, own.texts)
        if not parent.deleted:
            self._write(parent, own)

    def abandon(self, at: float) -> None:
        """End the runs of a process that no longer exists.  at: of its last entry, Unix time, s."""
        for run in self._runs.values():
            if run.status == "RUNNING" and not run.deleted:
                self.store.set_status(run.id, "KILLED", milliseconds(at))

    def _connect(self) -> None:
        name, campaign_id = self._updates.record.config.name, self._updates.campaign_id
        experiment = self._experiment = self.store.experiment(name, self.home.artifacts, experiment_tags(name))
        if isinstance(self.home, Confirmations):
            self._campaign = self._publish_campaign(experiment, name)
        for run in self.store.runs(experiment, {Tag.CAMPAIGN_ID: campaign_id}):
            kind = run.tags[Tag.RUN_KIND]
            if kind not in self._updates.kinds:
                continue
            index = PARENT if kind == self._updates.kinds[0] else int(run.tags[Tag.INDEX])
            known = self._runs.get(index)
            if known is None or known.deleted:
                self._runs[index] = run
                self._held[run.id] = {}
            elif not run.deleted:
                self.store.delete(run.id)  # a duplicate, of a request that was answered too late
        if (parent := self._runs.get(PARENT)) is not None:
            self._updates.layout = LAYOUT if Tag.LAYOUT in parent.tags else 1
            self._add_view(parent.id)

    def _add_view(self, parent: str) -> None:
        """Add the leaderboard to the experiment's saved views, unless it is there: a user may have edited it."""
        view = view_tag(self._updates.campaign_id)
        if not isinstance(self.home, Confirmations) and view not in self.store.experiment_tags(self._experiment):
            text = leaderboard_view(self._updates.record, self._updates.campaign_id, parent, self._updates.layout)
            self.store.tag_experiment(self._experiment, view, text)

    def _publish_campaign(self, experiment: str, name: str) -> str | None:
        """Publish the campaign of a confirmation, and return its run; None where a user deleted that.

        Raises:
            StoreError: another process is publishing the campaign.
        """
        campaigns = self.home.of_campaigns
        with publishing(campaigns, name):  # the confirmation's own lock is another one
            entries = read(campaigns.journal(name))
            Publisher(self.store, campaigns).publish(entries)
        opened = entries[0].event
        assert isinstance(opened, Opened)  # noqa: S101 - every journal begins so
        runs = self.store.runs(experiment, {Tag.CAMPAIGN_ID: opened.id, Tag.RUN_KIND: "campaign"})
        return next((run.id for run in runs if not run.deleted), None)

    def _publish_trial(self, index: int, update: RunUpdate, parent: StoredRun) -> None:
        """Bring one trial's run up to date."""
        if update.name:
            update.tags[Tag.PARENT] = parent.id
        run = self._runs.get(index)
        if run is None:
            run = self._runs[index] = self.store.create(self._experiment, update.name, update.tags, update.start)
        elif run.deleted:
            return
        complete = update.end is not None and (update.status, update.end) == (run.status, run.end)
        if not complete or run.tags.get(Tag.PARENT) != parent.id:
            self._write(run, update)
        if update.show:
            self._add_files(index, run)

    def _write(self, run: StoredRun, update: RunUpdate) -> None:
        rows = self._lacking(run, update.rows)
        # MLflow rejects other values, as of a configuration's version in a journal that was upgraded.
        parameters = {name: value for name, value in update.parameters.items() if name not in run.parameters}
        self.store.write(run.id, rows=rows, parameters=parameters, tags=update.tags)
        if update.datasets:
            self.store.log_inputs(run.id, update.datasets)
        if update.texts:
            self.store.log_artifacts(run.id, update.texts)
        if update.status is not None and (update.status, update.end) != (run.status, run.end):
            self.store.set_status(run.id, update.status, update.end)
            run.status, run.end = update.status, update.end

    def _lacking(self, run: StoredRun, rows: Sequence[Row]) -> list[Row]:
        """Leave out rows that the run has: an adopted campaign trains lost trials again."""
        if run.id not in self._held:
            return list(rows)
        held = self._held[run.id]
        for key in {row.key for row in rows} - held.keys():
            held[key] = self.store.history(run.id, key)
        return lacking(rows, [row for key in held for row in held[key]])

    def _add_files(self, index: int, run: StoredRun) -> None:
        """Add a trial's weights and confusion matrix to its run."""
        record = self._updates.record
        trial = record.trials[index]
        weights = self.home.trial(record.config.name, index) / WEIGHTS
        if weights.exists() and trial.result is not None:
            self._log_model(run, weights, record.recorded(trial))
        if trial.result is not None and trial.result.confusion:
            classes = record.data[record.variant(trial.config)].classes
            self._log_confusion(run, trial.result.confusion, classes)

    def _log_model(self, run: StoredRun, path: Path, recorded: RecordedTrial) -> None:
        """Log the trial as a model; its weights alone where the home cannot say how its data were prepared.

        Nothing where the disk has damaged the weights: the trial can be reproduced to have them again.
        """
        from tuning.training.weights import load_weights

        try:
            load_weights(path, recorded.result.weights_sha256)
        except ValueError as error:
            self.store.log_artifacts(run.id, {"weights-error.txt": f"the weights were not kept: {error}\n"})
            return
        if not log_model(self.store, run.id, recorded, home=self.home, weights=path):
            self.store.log_artifact(run.id, path)

    def _log_confusion(self, run: StoredRun, counts: list[list[int]], classes: tuple[str, ...]) -> None:
        """Log the figure; one that cannot be drawn must not stop the record, which has the counts as a file too."""
        try:
            self.store.log_figure(run.id, "confusion.png", confusion_figure(counts, classes))
        except (ValueError, RuntimeError, MemoryError) as error:
            self.store.log_artifacts(run.id, {"confusion-error.txt": f"the figure was not drawn: {error}\n"})


@contextmanager
def publishing(home: Home, name: str) -> Iterator[None]:
    """Lock one campaign's runs: two publishers at once could create two runs of one trial.

    Raises:
        StoreError: another process holds the lock, or the folder cannot be written.
    """
    try:
        lock = FileLock(home.campaign(name) / "tracking.lock")
        lock.acquire(blocking=False)
    except Timeout as error:
        raise StoreError(
            f"campaign {name!r} is being published to MLflow by another process (its launch, or another sync). "
            "Run `seqtune sync` again when that one has ended; nothing is lost"
        ) from error
    except OSError as error:
        raise StoreError(
            f"{home.campaign(name)} cannot be written: {error}. Free some space, or check its owner"
        ) from error
    try:
        yield
    finally:
        lock.release()


def sync(home: Home, name: str, on_progress: ProgressCallback | None = None) -> None:
    """Bring the store up to date with a campaign's journal; also end the runs of a launch that was killed.

    Raises:
        RecordError: no such campaign.
        JournalError: its journal is damaged.
        StoreError: the store cannot be used, or another process is publishing the campaign.
    """
    places = [(home, home.known_entries(name))]
    if home.confirmations.journal(name).exists():
        places.append((home.confirmations, home.confirmations.known_entries(name)))
    uri = home.tracking_uri
    for place, entries in places:
        with publishing(place, name), reachable(uri):
            publisher = Publisher(Store(uri), place)
            publisher.publish(entries, on_progress)
            try:
                with home.locked(name):
                    publisher.abandon(entries[-1].at)
            except CampaignError:
                pass  # a launch is running


def delete_runs(home: Home, name: str) -> None:
    """Move a campaign's runs, reproductions among them, to MLflow's bin, and remove its saved view.

    Raises:
        RecordError: no such campaign.
        JournalError: its journal is damaged, so that its id is not known.
        StoreError: the store cannot be used, or another process is publishing the campaign.
    """
    journals = [place.entries(name) for place in (home, home.confirmations) if place.journal(name).exists()]
    ids = [entries[0].event.id for entries in journals if isinstance(entries[0].event, Opened)]
    uri = home.tracking_uri
    with publishing(home, name), reachable(uri):
        store = Store(uri)
        experiment = store.find_experiment(name, deleted_is_error=False)
        if experiment is None:
            return
        for campaign_id in ids:
            for run in store.runs(experiment, {Tag.CAMPAIGN_ID: campaign_id}):
                if not run.deleted:
                    store.delete(run.id)
            if (view := view_tag(campaign_id)) in store.experiment_tags(experiment):
                store.untag_experiment(experiment, view)
