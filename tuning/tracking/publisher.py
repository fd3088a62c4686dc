"""The publisher: brings an MLflow store up to a campaign's journal.

What is published is a function of the journal: times are the journal's, a run is looked for by its tags before one is
created, and a run's end is written last, so that a run which has its end has everything.  Publishing again, or going
on after a crash at any point, ends in the same store.  A run that a user deleted in MLflow stays deleted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from filelock import FileLock, Timeout

from tuning.campaign.errors import CampaignError, StoreError
from tuning.journal.events import Opened
from tuning.journal.home import Home
from tuning.journal.log import Entry, read
from tuning.tracking.artifacts import confusion_figure
from tuning.tracking.changes import PARENT, RunUpdate, RunUpdates, lacking
from tuning.tracking.client import Store, StoredRun, reachable
from tuning.tracking.layout import Row, Tag, experiment_tags, milliseconds
from tuning.training.files import WEIGHTS

ProgressCallback = Callable[[int, int], None]
"""Called with (runs brought up to date, runs to bring up to date)."""


class Publisher:
    """Takes the entries of one journal, from the first on, in as many portions as there are.

    After an error it is of no more use: begin again with a new one and all entries.
    """

    def __init__(self, store: Store, home: Home) -> None:
        self.store = store
        self.home = home
        self._updates = RunUpdates(home)
        self._experiment: str | None = None
        self._runs: dict[int, StoredRun] = {}
        self._held: dict[str, dict[str, list[Row]]] = {}
        """Of runs that were there before: run id -> metric -> its rows."""

    def publish(self, entries: Iterable[Entry], on_progress: ProgressCallback | None = None) -> None:
        """Bring the store up to these entries and all before them."""
        for entry in entries:
            self._updates.add(entry)
        updates = self._updates.take()
        if not updates:
            return
        if self._experiment is None:
            self._experiment = self._connect()
        own = updates.pop(PARENT, RunUpdate())
        parent = self._runs.get(PARENT)
        if parent is None:
            parent = self._runs[PARENT] = self.store.create(self._experiment, own.name, own.tags, own.start)
        elif own.end is not None and (own.status, own.end) == (parent.status, parent.end):
            return  # the campaign's own end is written after everything else
        for done, (index, update) in enumerate(updates.items(), start=1):
            self._bring(index, update, parent)
            if on_progress:
                on_progress(done, len(updates))
        if not parent.deleted:
            self._write(parent, own)

    def abandon(self, at: float) -> None:
        """End what is still running: the process that ran it is gone.  at: when it was last heard of, Unix time, s."""
        for run in self._runs.values():
            if run.status == "RUNNING" and not run.deleted:
                self.store.set_status(run.id, "KILLED", milliseconds(at))

    def _connect(self) -> str:
        name, campaign_id = self._updates.record.config.name, self._updates.campaign_id
        experiment = self.store.experiment(name, self.home.artifacts, experiment_tags(name))
        for run in self.store.runs(experiment, {Tag.CAMPAIGN_ID: campaign_id}):
            kind = run.tags[Tag.RUN_KIND]
            if kind not in ("campaign", "trial"):
                continue
            index = PARENT if kind == "campaign" else int(run.tags[Tag.INDEX])
            known = self._runs.get(index)
            if known is None or known.deleted:
                self._runs[index] = run
                self._held[run.id] = {}
            elif not run.deleted:
                self.store.delete(run.id)  # a request answered too late made a second one
        return experiment

    def _bring(self, index: int, update: RunUpdate, parent: StoredRun) -> None:
        """Bring one trial's run up to date."""
        if update.name:
            update.tags[Tag.PARENT] = parent.id
        run = self._runs.get(index)
        if run is None:
            assert self._experiment is not None  # noqa: S101 - set before any run is looked for
            run = self._runs[index] = self.store.create(self._experiment, update.name, update.tags, update.start)
        elif run.deleted:
            return
        whole = update.end is not None and (update.status, update.end) == (run.status, run.end)
        if not whole or run.tags.get(Tag.PARENT) != parent.id:
            self._write(run, update)
        if update.show:
            self._show(index, run)

    def _write(self, run: StoredRun, update: RunUpdate) -> None:
        self.store.write(run.id, rows=self._lacking(run, update.rows), parameters=update.parameters, tags=update.tags)
        if update.datasets:
            self.store.log_inputs(run.id, update.datasets)
        if update.texts:
            self.store.log_artifacts(run.id, update.texts)
        if update.status is not None and (update.status, update.end) != (run.status, run.end):
            self.store.set_status(run.id, update.status, update.end)
            run.status, run.end = update.status, update.end

    def _lacking(self, run: StoredRun, rows: Sequence[Row]) -> list[Row]:
        """Leave out what the run has already from another time: an adopted campaign trains lost trials again."""
        if run.id not in self._held:
            return list(rows)
        held = self._held[run.id]
        for key in {row.key for row in rows} - held.keys():
            held[key] = self.store.history(run.id, key)
        return lacking(rows, [row for key in held for row in held[key]])

    def _show(self, index: int, run: StoredRun) -> None:
        """Keep a trial's weights and confusion matrix with its run."""
        record = self._updates.record
        trial = record.trials[index]
        weights = self.home.trial(record.config.name, index) / WEIGHTS
        if weights.exists():
            self.store.log_artifact(run.id, weights)
        if trial.result is not None and trial.result.confusion:
            classes = record.data[record.variant(trial.config)].classes
            self.store.log_figure(run.id, "confusion.png", confusion_figure(trial.result.confusion, classes))


@contextmanager
def publishing(home: Home, name: str) -> Iterator[None]:
    """Hold one campaign's runs for this process: two publishers at once could make two runs of one trial.

    Raises:
        StoreError: another process holds them.
    """
    try:
        lock = FileLock(home.campaign(name) / "tracking.lock")
        lock.acquire(blocking=False)
    except Timeout as error:
        raise StoreError(
            f"campaign {name!r} is being published to MLflow by another process (its launch, or another sync). "
            "Nothing is lost: run `seqtune sync` again when that one has ended"
        ) from error
    try:
        yield
    finally:
        lock.release()


def sync(home: Home, name: str, on_progress: ProgressCallback | None = None) -> None:
    """Bring the store up to a campaign's journal, once, in the foreground.

    Runs of a launch that died without a word are ended too.

    Raises:
        RecordError: no such campaign.
        JournalError: its journal is damaged.
        StoreError: the store cannot be used, or another process is publishing the campaign.
    """
    home.record(name)
    entries = read(home.journal(name))
    uri = home.tracking_uri
    with publishing(home, name), reachable(uri):
        publisher = Publisher(Store(uri), home)
        publisher.publish(entries, on_progress)
        try:
            with home.locked(name):
                publisher.abandon(entries[-1].at)
        except CampaignError:
            pass  # it is running


def delete_runs(home: Home, name: str) -> None:
    """Move a campaign's runs, reproductions among them, to MLflow's bin.

    Raises:
        RecordError: no such campaign.
        JournalError: its journal is damaged, so its runs are not known.
        StoreError: the store cannot be used, or another process is publishing the campaign.
    """
    event = read(home.journal(name))[0].event
    assert isinstance(event, Opened)  # noqa: S101 - every journal begins so
    uri = home.tracking_uri
    with publishing(home, name), reachable(uri):
        store = Store(uri)
        experiment = store.find_experiment(name)
        for run in store.runs(experiment, {Tag.CAMPAIGN_ID: event.id}) if experiment else ():
            if not run.deleted:
                store.delete(run.id)
