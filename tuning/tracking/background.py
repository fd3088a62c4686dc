"""The publisher beside a running campaign: a thread that owns the only client, and never holds the campaign up."""

import queue
import threading

from tuning.campaign.errors import StoreError
from tuning.journal.home import Home
from tuning.journal.log import Entry, read
from tuning.journal.record import CampaignRecord
from tuning.tracking import artifacts as tracking_files
from tuning.tracking import client as tracking_store
from tuning.tracking.client import Store, brief, shown
from tuning.tracking.publisher import Publisher, publishing

TOGETHER_S = 0.5
"""How long entries are gathered, so that trials of short epochs write few requests."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
"""Between two attempts to reach a store that is away; each wait is twice the one before."""


class BackgroundPublisher:
    """An observer of a launch.  An MLflow server that is away for an hour costs only lateness.

    After an error it begins again from the journal's first entry, which is cheap: ended runs are left alone.
    """

    def __init__(self, home: Home, name: str) -> None:
        """Start the thread; MLflow's import, seconds long, overlaps what the launch does next."""
        self.home = home
        self.name = name
        self._entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._behind: str | None = "it has not answered yet"
        self._all_read = False
        self._thread = threading.Thread(target=self._run, name="seqtune-mlflow", daemon=True)
        self._thread.start()

    def __call__(self, record: CampaignRecord, entry: Entry) -> None:  # noqa: ARG002 - an observer's signature
        """Take one more entry; returns at once."""
        self._entries.put(entry)

    def close(self, timeout_s: float = 60.0) -> str | None:
        """Publish what is left; return why the store is behind the journal, None where it is not.

        A store that does not answer is tried once more, not waited for.
        """
        self._closing.set()
        self._entries.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return self._behind or f"it took longer than {timeout_s:.0f} s"
        return self._behind

    def _run(self) -> None:
        tracking_store.preload()
        tracking_files.preload()
        known = read(self.home.journal(self.name))
        self._read_on(known)
        wait = FIRST_WAIT_S
        while known:
            last_attempt = self._closing.is_set()
            try:
                self._publish(known)
            except Exception as error:  # noqa: BLE001 - whatever it is, the campaign goes on and the journal has it all
                said = isinstance(error, StoreError)  # in our own words, the store's name among them
                self._behind = str(error) if said else f"{shown(self.home.tracking_uri)}: {brief(error)}"
            if self._behind is None or last_attempt:
                return
            self._closing.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)
        self._behind = None

    def _publish(self, known: list[Entry]) -> None:
        """Publish all known entries, then what comes, until there is no more to come."""
        with publishing(self.home, self.name):
            publisher = Publisher(Store(self.home.tracking_uri), self.home)
            fresh = known[:]
            while True:
                self._behind = "it is still being written to"
                publisher.publish(fresh)
                if self._all_read:
                    break
                self._behind = None
                fresh = self._read_on(known)
        self._behind = None

    def _read_on(self, known: list[Entry]) -> list[Entry]:
        """Wait for entries, add all there are to the known ones, and return them."""
        before = len(known)
        item = self._entries.get()
        self._closing.wait(TOGETHER_S)
        while item is not None:
            if item.n == len(known):  # an earlier one was read from the journal
                known.append(item)
            try:
                item = self._entries.get_nowait()
            except queue.Empty:
                return known[before:]
        self._all_read = True
        return known[before:]
