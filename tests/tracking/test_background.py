"""Publishing beside a running campaign, to stores that come and go."""

import threading
import time
from contextlib import suppress

import pytest
from tracking_journals import eventful, interrupted_first, write
from tracking_stores import contents, free_port, home_with_store

from tuning.campaign.errors import StoreError
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.tracking.background import BackgroundPublisher
from tuning.tracking.client import Store
from tuning.tracking.observer import Tracking
from tuning.tracking.publisher import Publisher, publishing, sync
from tuning.tracking.ui import server

pytestmark = pytest.mark.server


def run_campaign(home, events, name="beats"):
    """Append events as a launch does, telling a publisher of each; return it, still open."""
    publisher = BackgroundPublisher(home, name)
    home.campaign(name).mkdir(parents=True, exist_ok=True)
    with Journal(home.journal(name)) as journal:
        for event in events:
            publisher(None, journal.append(event))
    return publisher


def statuses(uri):
    store = Store(uri)
    experiment = store.find_experiment("beats")
    runs = [] if experiment is None else store.runs(experiment, {"seqtune.campaign": "beats"})
    return {run.tags["mlflow.runName"]: run.status for run in runs}


FINISHED = {
    "beats": "FINISHED",
    "t000": "FINISHED",
    "t001": "FAILED",
    "t002": "FINISHED",
    "t003": "FINISHED",
    "t004": "FINISHED",
}


def test_closing_flushes_everything(tmp_path):
    home = home_with_store(tmp_path / "home")
    assert run_campaign(home, eventful()).close() is None
    assert statuses(home.tracking_uri) == FINISHED


def test_it_comes_to_the_same_as_a_sync_from_the_journal(tmp_path, monkeypatch):
    home = home_with_store(tmp_path / "home")
    assert run_campaign(home, eventful()).close() is None
    beside = contents(home.tracking_uri)
    other = home_with_store(tmp_path / "other")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other.tracking_uri)
    sync(home, "beats")
    assert contents(other.tracking_uri) == beside


def test_a_continued_campaign_is_taken_up_where_the_journal_stands(tmp_path):
    home = home_with_store(tmp_path / "home")
    first = interrupted_first()
    assert run_campaign(home, first).close() is None
    assert statuses(home.tracking_uri)["t002"] == "KILLED"
    assert run_campaign(home, eventful()[len(first) :]).close() is None
    assert statuses(home.tracking_uri) == FINISHED


def test_a_launch_that_never_begins_leaves_no_store(tmp_path):
    home = Home(tmp_path / "home")
    assert BackgroundPublisher(home, "beats").close() is None
    assert not home.path.exists()


def test_an_observer_never_waits_for_the_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    home = Home(tmp_path / "home")
    begin = time.perf_counter()
    publisher = run_campaign(home, eventful())
    assert time.perf_counter() - begin < 1.0
    publisher.close()


def test_a_store_that_never_comes_is_named_and_does_not_hold_up_the_end(tmp_path, monkeypatch):
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    publisher = run_campaign(Home(tmp_path / "home"), eventful())
    begin = time.perf_counter()
    assert publisher.close() == f"http://127.0.0.1:{port}: Connection refused"
    assert time.perf_counter() - begin < 20.0
    assert not any(thread.name == "seqtune-mlflow" for thread in threading.enumerate())


def test_another_publisher_of_the_same_campaign_is_waited_for(tmp_path):
    home = home_with_store(tmp_path / "home")
    write(home, interrupted_first())
    with publishing(home, "beats"):
        publisher = run_campaign(home, eventful()[len(interrupted_first()) :])
        reason = publisher.close()
    assert "another process" in reason


def test_a_finished_campaign_whose_publishing_was_cut_off_is_published_without_new_events(tmp_path):
    home = home_with_store(tmp_path / "home")
    entries = write(home, eventful())
    Publisher(Store(home.tracking_uri), home).publish(entries[:-3])
    assert statuses(home.tracking_uri)["beats"] == "RUNNING"
    with Tracking(home, "beats") as tracking:
        pass  # as a launch of a finished campaign, which returns at once
    assert tracking.behind is None
    assert statuses(home.tracking_uri) == FINISHED


def test_runs_of_a_launch_that_ends_with_an_error_are_ended_and_taken_up_by_the_next(tmp_path):
    home = home_with_store(tmp_path / "home")
    first = interrupted_first()[:-1]  # the error is not in the journal
    tracking = Tracking(home, "beats")

    def launch():
        with tracking, Journal(home.journal("beats")) as journal:
            for event in first:
                tracking(None, journal.append(event))
            raise StoreError("the journal cannot be written")

    with pytest.raises(StoreError):
        launch()
    assert tracking.behind is None
    assert statuses(home.tracking_uri) == {"beats": "KILLED", "t000": "FINISHED", "t001": "FAILED", "t002": "KILLED"}
    assert run_campaign(home, eventful()[len(first) + 1 :]).close() is None
    assert statuses(home.tracking_uri) == FINISHED


@pytest.mark.parametrize("error", [None, StoreError])
def test_a_launch_without_a_journal_publishes_nothing(tmp_path, error):
    home = Home(tmp_path / "home")
    with suppress(StoreError), Tracking(home, "beats") as tracking:
        if error:
            raise error("the disk is full")
    assert tracking.behind is None
    assert not home.path.exists()


def test_a_deleted_experiment_is_the_reason(tmp_path):
    home = home_with_store(tmp_path / "home")
    store = Store(home.tracking_uri)
    store.client.delete_experiment(store.client.create_experiment("beats"))
    assert "was deleted in MLflow" in run_campaign(home, eventful()).close()


def test_a_server_may_come_late_and_go_away_meanwhile(tmp_path, monkeypatch):
    store = home_with_store(tmp_path / "server")
    uri, port = store.tracking_uri, free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    place = {"artifacts": store.artifacts, "host": "127.0.0.1", "port": port, "log": tmp_path / "server.log"}
    home = Home(tmp_path / "home")
    home.campaign("beats").mkdir(parents=True)
    events = eventful()
    publisher = BackgroundPublisher(home, "beats")
    with Journal(home.journal("beats")) as journal:

        def play(count):
            for _ in range(count):
                publisher(None, journal.append(events.pop(0)))

        play(6)  # nobody listens
        with server(uri, **place):
            wait_for(lambda: statuses(uri).get("t000") == "RUNNING")
            play(10)
        play(10)  # gone again
        with server(uri, **place) as (url, _):
            play(len(events))
            assert publisher.close() is None
            assert statuses(url) == FINISHED


def wait_for(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("it never came")
        time.sleep(0.2)
