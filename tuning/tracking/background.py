"""Publish a running campaign from a thread, which never delays the campaign."""

import queue
import threading

from data.addresses import masked
from tuning.campaign.errors import StoreError
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.log import read
from tuning.journal.record import CampaignRecord
from tuning.tracking import artifacts, client
from tuning.tracking.client import Store
from tuning.tracking.error_text import brief
from tuning.tracking.publisher import Publisher, publishing

BATCH_S = 0.5
"""How long entries are collected, so that trials with short epochs cause few requests."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
"""Wait between two attempts to reach an unavailable store; doubled after each."""


class BackgroundPublisher:
    """An observer of a launch.  While the MLflow server is unavailable, entries wait.

    After an error it starts again from the journal's first entry, which is cheap: ended runs are skipped.
    """

    def __init__(self, home: Home, name: str) -> None:
        """Start the thread, which imports MLflow (seconds) while the launch continues."""
        self.home = home
        self.name = name
        self._entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._behind: str | None = "the store has not answered yet"
        self._all_read = False
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="seqtune-mlflow", daemon=True)
        self._thread.start()

    def __call__(self, record: CampaignRecord, entry: Entry) -> None:  # noqa: ARG002 - an observer's signature
        """Queue one more entry and return immediately."""
        self._entries.put(entry)

    def close(self, timeout_s: float = 60.0, *, abandoned: bool = False) -> str | None:
        """Publish the remaining entries; return why the store is behind the journal, None where it is not.

        A store that does not answer is tried only once more.  abandoned: the launch ended with an error, so that its
        journal says no end; runs without one are ended as by ``sync``.
        """
        self._abandoned = abandoned
        self._closing.set()
        self._entries.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return self._behind or f"publishing took longer than {timeout_s:.0f} s"
        return self._behind

    def _run(self) -> None:
        client.preload()
        artifacts.preload()
        known = read(self.home.journal(self.name))
        self._receive(known)
        wait = FIRST_WAIT_S
        while known:
            last_attempt = self._closing.is_set()
            try:
                self._publish(known)
            except StoreError as error:
                self._behind = str(error)
            except Exception as error:  # noqa: BLE001 - no error of MLflow may end the campaign; the journal is complete
                self._behind = f"{masked(self.home.tracking_uri)}: {brief(error)}"
            if self._behind is None or last_attempt:
                return
            self._closing.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)
        self._behind = None

    def _publish(self, known: list[Entry]) -> None:
        """Publish all known entries, then new ones until the queue is closed."""
        with publishing(self.home, self.name):
            publisher = Publisher(Store(self.home.tracking_uri), self.home)
            entries = known[:]
            while True:
                self._behind = "publishing has not finished"
                publisher.publish(entries)
                if self._all_read:
                    if self._abandoned:
                        publisher.abandon(known[-1].at)
                    break
                self._behind = None
                entries = self._receive(known)
        self._behind = None

    def _receive(self, known: list[Entry]) -> list[Entry]:
        """Wait for entries, append all that are queued to ``known``, and return them."""
        before = len(known)
        item = self._entries.get()
        self._closing.wait(BATCH_S)
        while item is not None:
            if item.n == len(known):  # earlier ones were read from the journal
                known.append(item)
            try:
                item = self._entries.get_nowait()
            except queue.Empty:
                return known[before:]
        self._all_read = True
        return known[before:]
