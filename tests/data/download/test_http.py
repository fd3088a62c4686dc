"""A downloaded file is complete and verified, or absent."""

import gzip
import hashlib
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from file_server import Site, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.download import http, reading
from data.download.http import MAX_BYTES, TEXT_BYTES, Fetched, download, open_session, read_text
from data.errors import DataError

CONTENT = np.random.default_rng(0).bytes(100_000)
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def ignore(_file: str, _there: int, _total: int | None) -> None:
    pass


def got(
    site: Site, folder: Path, *, sha256: str | None = SUM, max_bytes: int = MAX_BYTES, progress: Callable = ignore
) -> Fetched:
    with open_session() as session:
        url, target = f"{site.url}beats.dat", folder / "beats.dat"
        return download(session, url, target, sha256=sha256, max_bytes=max_bytes, progress=progress)


def whole(folder: Path) -> bool:
    """The file is there as it should be, and nothing beside it."""
    return [path.name for path in folder.iterdir()] == ["beats.dat"] and (folder / "beats.dat").read_bytes() == CONTENT


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Return the most bytes that were allocated at a time."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_a_file_arrives_with_its_checksum(tmp_path):
    with serving(Site(files={"beats.dat": CONTENT})) as site:
        fetched = got(site, tmp_path)
    assert whole(tmp_path)
    assert (fetched.sha256, fetched.bytes, fetched.new, fetched.checked) == (SUM, 100_000, True, True)


def test_a_download_resumes_after_a_broken_connection(tmp_path):
    with serving(Site(files={"beats.dat": CONTENT}, cuts=[40_000])) as site:
        got(site, tmp_path)
    assert site.seen == [("beats.dat", None), ("beats.dat", "bytes=40000-")]
    assert whole(tmp_path)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 60_000), max_size=4))
def test_wherever_it_breaks_the_file_is_the_same(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("download")
    with serving(Site(files={"beats.dat": CONTENT}, cuts=cuts)) as site:
        got(site, folder)
    assert whole(folder)


def test_the_next_call_resumes_a_download_that_gave_up(tmp_path):
    with serving(Site(files={"beats.dat": CONTENT}, cuts=[16_383] * 5)) as site:
        with pytest.raises(
            DataError, match=r"broke 5 times, the last time after 81,915 bytes.*An interrupted download resumes"
        ):
            got(site, tmp_path)
        assert not (tmp_path / "beats.dat").exists()
        got(site, tmp_path)
    assert site.seen[-1] == ("beats.dat", "bytes=81915-")
    assert whole(tmp_path)


def test_the_next_call_resumes_an_interrupted_download(tmp_path):
    def interrupt(_file: str, there: int, _total: int | None) -> None:
        if there:
            raise KeyboardInterrupt

    with serving(Site(files={"beats.dat": CONTENT * 10})) as site:
        with pytest.raises(KeyboardInterrupt):
            got(site, tmp_path, sha256=None, progress=interrupt)
        assert not (tmp_path / "beats.dat").exists()
        there = (tmp_path / "beats.dat.part").stat().st_size
        got(site, tmp_path, sha256=None)
    assert 0 < there < 1_000_000
    assert site.seen[-1] == ("beats.dat", f"bytes={there}-")
    assert (tmp_path / "beats.dat").read_bytes() == CONTENT * 10


def test_a_whole_file_is_not_asked_for_again(tmp_path):
    (tmp_path / "beats.dat").write_bytes(CONTENT)
    with serving(Site(files={})) as site:
        assert not got(site, tmp_path).new
    assert site.seen == []


def test_a_file_that_is_there_but_another_is_replaced(tmp_path):
    (tmp_path / "beats.dat").write_bytes(CONTENT[:-1] + b"x")
    with serving(Site(files={"beats.dat": CONTENT})) as site:
        assert got(site, tmp_path).new
    assert whole(tmp_path)


@pytest.mark.parametrize("part", [b"x" * 500, b"x" * 200_000], ids=["wrong", "too long"])
def test_a_part_of_another_file_is_thrown_away(tmp_path, part):
    (tmp_path / "beats.dat.part").write_bytes(part)
    with serving(Site(files={"beats.dat": CONTENT})) as site:
        got(site, tmp_path)
    assert whole(tmp_path)


def test_a_part_that_was_whole_already_takes_its_place(tmp_path):
    (tmp_path / "beats.dat.part").write_bytes(CONTENT)
    with serving(Site(files={"beats.dat": CONTENT})) as site:
        got(site, tmp_path)
    assert len(site.seen) == 1
    assert whole(tmp_path)


def test_a_server_without_ranges_sends_it_all_again(tmp_path):
    (tmp_path / "beats.dat.part").write_bytes(CONTENT[:500])
    with serving(Site(files={"beats.dat": CONTENT}, ranges=False)) as site:
        got(site, tmp_path)
    assert whole(tmp_path)


def test_another_file_than_published_is_refused_and_not_kept(tmp_path):
    with (
        serving(Site(files={"beats.dat": CONTENT + b"x"})) as site,
        pytest.raises(DataError, match=rf"sha256 is \w+, published is {SUM}"),
    ):
        got(site, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_progress_says_what_is_there_and_what_will_be(tmp_path):
    steps = []
    with serving(Site(files={"beats.dat": CONTENT}, cuts=[40_000])) as site:
        got(site, tmp_path, progress=lambda *step: steps.append(step))
    assert {step[0] for step in steps} == {"beats.dat"}
    assert {step[2] for step in steps} == {100_000}
    assert steps[0][1] == 0
    assert steps[-1][1] == 100_000


def test_a_busy_server_is_asked_again(tmp_path):
    with serving(Site(files={"beats.dat": CONTENT}, statuses=[503])) as site:
        got(site, tmp_path)
    assert whole(tmp_path)


def test_a_file_that_the_server_does_not_have_is_one_message(tmp_path):
    with serving(Site(files={})) as site, pytest.raises(DataError, match=r"beats\.dat: the server answers 404.*--from"):
        got(site, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "RETRIES", 0)
    with serving(Site(files={})) as site:
        pass  # nobody listens there any more
    with pytest.raises(DataError, match=r"no connection \(.*Connection refused\)\. Is there a network\?"):
        got(site, tmp_path)


def test_an_address_that_is_none_is_one_message(tmp_path):
    with pytest.raises(DataError, match=r"http://:/beats\.dat: no connection"):
        got(Site(files={}, url="http://:/"), tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_message(tmp_path):
    (tmp_path / "beats.dat.part").symlink_to("/dev/full")
    with (
        serving(Site(files={"beats.dat": CONTENT})) as site,
        pytest.raises(DataError, match=r"beats\.dat: cannot be written: No space left on device\. Free some space"),
    ):
        got(site, tmp_path)
    assert not (tmp_path / "beats.dat").exists()


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        serving(Site(files={"beats.dat": CONTENT})) as site,
        pytest.raises(DataError, match=r"cannot be written: (Not a directory|File exists)"),
    ):
        got(site, tmp_path / "file")


# A download ends, and is no larger than it may be.


@pytest.mark.parametrize("chunks", [False, True], ids=["announced", "not announced"])
def test_a_file_larger_than_allowed_is_not_kept(tmp_path, chunks):
    with (
        serving(Site(files={"beats.dat": CONTENT}, chunks=chunks)) as site,
        pytest.raises(DataError, match=r"has (100,000|more than 50,000) bytes; --max-bytes allows 50,000\."),
    ):
        got(site, tmp_path, sha256=None, max_bytes=50_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("chunks", [False, True], ids=["announced", "not announced"])
def test_a_file_as_large_as_allowed_arrives(tmp_path, chunks):
    with serving(Site(files={"beats.dat": CONTENT}, chunks=chunks)) as site:
        got(site, tmp_path, max_bytes=100_000)
    assert whole(tmp_path)


def test_a_compressed_body_is_bounded_by_its_decoded_bytes(tmp_path, request):
    packed = gzip.compress(bytes(10**8))
    peak = request.getfixturevalue("peak")
    with (
        serving(Site(files={"beats.dat": packed}, encoding="gzip")) as site,
        pytest.raises(DataError, match=r"has more than 1,000,000 bytes; --max-bytes allows 1,000,000"),
    ):
        got(site, tmp_path, sha256=None, max_bytes=1_000_000)
    assert peak() < 20_000_000
    assert list(tmp_path.iterdir()) == []


def test_a_compressed_body_that_breaks_is_downloaded_from_the_start(tmp_path):
    packed = gzip.compress(CONTENT)
    with serving(Site(files={"beats.dat": packed}, encoding="gzip", cuts=[60_000])) as site:
        got(site, tmp_path)
    assert site.seen == [("beats.dat", None)] * 2
    assert whole(tmp_path)


def test_a_list_of_checksums_is_small():
    packed = gzip.compress(bytes(10 * TEXT_BYTES))
    with (
        serving(Site(files={"sums": packed}, encoding="gzip")) as site,
        open_session() as session,
        pytest.raises(DataError, match=r"sums: has more than 1,048,576 bytes: not a list of checksums"),
    ):
        read_text(session, f"{site.url}sums")


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(reading, "WINDOW_S", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "changes",
    [
        {"pieces": 1, "pause_s": 0.05},
        {"pieces": 1, "pause_s": 0.05, "chunks": True},
        {"pieces": 1, "pause_s": 0.05, "encoding": "gzip"},
        {"header_pause_s": 0.1},
    ],
    ids=["bytes", "chunks", "compressed", "header"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_given_up(tmp_path, changes):
    content = gzip.compress(CONTENT) if "encoding" in changes else CONTENT
    before = time.monotonic()
    with (
        serving(Site(files={"beats.dat": content}, **changes)) as site,
        pytest.raises(DataError, match=r"beats\.dat: fewer than 10,000 bytes in .* resumes"),
    ):
        got(site, tmp_path)
    assert time.monotonic() - before < 60  # and not minutes
    assert not (tmp_path / "beats.dat").exists()


@pytest.mark.usefixtures("impatient")
def test_a_list_of_checksums_that_comes_a_byte_at_a_time_is_given_up():
    with (
        serving(Site(files={"sums": CONTENT}, pieces=1, pause_s=0.05)) as site,
        open_session() as session,
        pytest.raises(DataError, match=r"sums: fewer than 10,000 bytes"),
    ):
        read_text(session, f"{site.url}sums")


@pytest.mark.usefixtures("impatient")
def test_a_slow_download_resumes_where_it_was_given_up(tmp_path):
    with serving(Site(files={"beats.dat": CONTENT}, pieces=500, pause_s=0.05)) as site:
        with pytest.raises(DataError, match="fewer than"):
            got(site, tmp_path)
        there = (tmp_path / "beats.dat.part").stat().st_size
        site.pause_s, site.pieces = 0, 4096
        got(site, tmp_path)
    assert there > 0
    assert site.seen[-1] == ("beats.dat", f"bytes={there}-")
    assert whole(tmp_path)


def test_a_slow_disk_is_not_taken_for_a_slow_server(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "WINDOW_S", 0.3)
    monkeypatch.setattr(reading, "LEAST_BYTES", 90_000)

    def slow(_file: str, there: int, _total: int | None) -> None:
        time.sleep(0.1 if there else 0.0)

    with serving(Site(files={"beats.dat": CONTENT})) as site:
        got(site, tmp_path, progress=slow)
    assert whole(tmp_path)


def test_a_part_that_was_not_requested_is_refused(tmp_path):
    with (
        serving(Site(files={}, statuses=[206])) as site,
        pytest.raises(DataError, match=r"beats\.dat: the server answers 206"),
    ):
        got(site, tmp_path)


# What is on the way to a file.


def test_a_redirect_to_another_server_carries_no_credentials(tmp_path):
    with serving(Site(files={"there": CONTENT})) as other, serving(Site(files={})) as site:
        site.redirects = {"beats.dat": f"{other.url}there", "near": "/beats.dat"}
        with open_session() as session:
            url = site.url.replace("//", "//me:s3cr3t@") + "near"
            target = tmp_path / "beats.dat"
            download(session, url, target, sha256=SUM, max_bytes=MAX_BYTES, progress=ignore)
    assert len(site.authorizations) == 2
    assert [name for name, _ in other.seen] == ["there"]
    assert other.authorizations == []
    assert whole(tmp_path)


@pytest.mark.parametrize("place", ["redirect", "busy"])
def test_the_body_of_an_answer_without_the_file_is_not_read(tmp_path, place, request):
    body = bytes(30_000_000)
    peak = request.getfixturevalue("peak")  # of the client: the server's bytes are there already
    with serving(Site(files={"beats.dat": CONTENT}, error_body=body)) as site:
        if place == "redirect":
            site.files["there"], site.redirects = CONTENT, {"beats.dat": "/there"}
        else:
            site.statuses = [503]
        got(site, tmp_path)
    assert peak() < 20_000_000
    assert whole(tmp_path)
