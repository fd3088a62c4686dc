"""One contract for every kind of store: wherever publishing is cut, publishing again ends in the same content."""

from itertools import count

import pytest
from postgres_server import Postgres
from tracking_journals import eventful, interrupted_first, launched, opened, weights, whole_trial, write
from tracking_stores import contents, experiment_tags, free_port, home_with_store

from tuning.journal.events import Finished
from tuning.journal.home import Home
from tuning.tracking.client import Store
from tuning.tracking.publisher import Publisher
from tuning.tracking.ui import server
from tuning.tracking.view import PREFIX, view_tag

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    try:
        yield server.uri
    finally:
        server.remove()


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    """A real MLflow server."""
    home = home_with_store(tmp_path_factory.mktemp("server"))
    port, log = free_port(), home.path / "server.log"
    with server(home.tracking_uri, artifacts=home.artifacts, host="127.0.0.1", port=port, log=log) as (url, _):
        yield url


@pytest.fixture(params=["sqlite", "http", "postgres"])
def uri(request, tmp_path):
    if request.param == "sqlite":
        return home_with_store(tmp_path / "store").tracking_uri
    return request.getfixturevalue(request.param)


class FailingStore(Store):
    """A store whose ``allowed``-th write gets lost, or is done without an answer."""

    def __init__(self, uri, allowed, *, done):
        super().__init__(uri)
        self.left = allowed
        self.done = done

    def _pass(self, method, *args, **kwargs):
        self.left -= 1
        if self.left >= 0 or self.done:
            answer = getattr(super(), method)(*args, **kwargs)
        if self.left < 0:
            raise ConnectionError("the store went away")
        return answer

    def tag_experiment(self, *args):
        return self._pass("tag_experiment", *args)

    def create(self, *args):
        return self._pass("create", *args)

    def write(self, *args, **kwargs):
        return self._pass("write", *args, **kwargs)

    def log_inputs(self, *args):
        return self._pass("log_inputs", *args)

    def log_artifacts(self, *args):
        return self._pass("log_artifacts", *args)

    def log_artifact(self, *args):
        return self._pass("log_artifact", *args)

    def log_figure(self, *args):
        return self._pass("log_figure", *args)

    def set_status(self, *args):
        return self._pass("set_status", *args)


def journal(tmp_path, name):
    """A home with the eventful campaign's journal and weights."""
    home = Home(tmp_path / "home")
    weights(home, 0, name)
    weights(home, 2, name)
    return home, write(home, eventful(name), name)


@pytest.fixture
def whole(tmp_path):
    """Publish a journal in one go to a store of its own, and return the content, for comparison."""

    def publish(entries, home, name):
        reference = home_with_store(tmp_path / "reference")
        Publisher(Store(reference.tracking_uri), home).publish(entries)
        return contents(reference.tracking_uri, name)

    return publish


def test_a_crash_after_any_entry_ends_in_the_same_content(uri, tmp_path, whole):
    home, entries = journal(tmp_path, "after-entries")
    every = 1 if uri.startswith("sqlite") else 4  # the others are slower, and the publisher is the same
    for n in (*range(1, len(entries), every), len(entries)):
        Publisher(Store(uri), home).publish(entries[:n])
    assert contents(uri, "after-entries") == whole(entries, home, "after-entries")


@pytest.mark.parametrize("done", [False, True], ids=["lost", "unanswered"])
def test_a_store_that_fails_at_any_one_write_ends_with_the_same_content(tmp_path, whole, done):
    home = Home(tmp_path / "home")
    weights(home, 0)
    entries = write(home, [opened(), launched(), *whole_trial(0), Finished(trials=1)])
    expected = whole(entries, home, "beats")
    for allowed in count():
        uri = home_with_store(tmp_path / f"{allowed}").tracking_uri
        try:
            Publisher(FailingStore(uri, allowed, done=done), home).publish(entries)
        except ConnectionError:
            Publisher(Store(uri), home).publish(entries)
        else:
            break
        assert contents(uri) == expected
        assert [name for name in experiment_tags(uri) if name.startswith(PREFIX)] == [view_tag(entries[0].event.id)]
    assert allowed == 13


def test_entries_one_by_one_come_to_the_same_as_all_at_once(uri, tmp_path, whole):
    home, entries = journal(tmp_path, "one-by-one")
    publisher = Publisher(Store(uri), home)
    for entry in entries:
        publisher.publish([entry])
    assert contents(uri, "one-by-one") == whole(entries, home, "one-by-one")


def test_an_interrupted_campaign_leaves_nothing_running(uri, tmp_path):
    home = Home(tmp_path / "home")
    entries = write(home, interrupted_first("interrupted"), "interrupted")
    Publisher(Store(uri), home).publish(entries)
    assert [run["status"] for run in contents(uri, "interrupted")] == ["KILLED", "FINISHED", "FAILED", "KILLED"]
    Publisher(Store(uri), home).publish(write(home, [launched()], "interrupted"))
    assert [run["status"] for run in contents(uri, "interrupted")] == ["RUNNING", "FINISHED", "FAILED", "KILLED"]
