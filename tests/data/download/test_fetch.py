"""A data set is downloaded as its publisher has it, and only into its folder."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from file_server import Site, serving
from filelock import FileLock

from data.datasets.patients import RECORDS
from data.download import http
from data.download.fetch import SUMS, FetchedDataSet, fetch
from data.errors import DataError

NAMES = ["RECORDS", *(f"{record}.{suffix}" for record in RECORDS for suffix in ("hea", "atr", "dat"))]


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def fetched(name: str, folder: Path | None, site: Site) -> FetchedDataSet:
    return fetch(name, folder, source=site.url, progress=lambda *_: None)


def records(**changes: bytes) -> dict[str, bytes]:
    """PhysioNet's folder, tiny."""
    files = {name: f"the bytes of {name}".encode() for name in NAMES}
    sums = [f"{hashlib.sha256(body).hexdigest()} {name}" for name, body in files.items()]
    return {**files, SUMS: "\n".join([*sums, "0" * 64 + " mitdbdir/foreword.htm"]).encode(), **changes}


def archive(names: tuple[str, ...] = ("Tiny_TRAIN.ts", "Tiny_TEST.ts", "Tiny.txt")) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in names:
            opened.writestr(name, f"the content of {name}\n" * 20)
    return packed.getvalue()


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_records_arrive_with_their_published_sums(tmp_path):
    with serving(Site(files=records())) as site:
        outcome = fetched("heartbeats-physionet", tmp_path, site)
    assert below(tmp_path / "mitdb") == sorted([*NAMES, SUMS])
    assert len(outcome.files) == 145
    assert all(file.new and file.checked for file in outcome.files)


def test_of_existing_records_only_a_damaged_one_is_downloaded_again(tmp_path):
    with serving(Site(files=records())) as site:
        fetched("heartbeats-physionet", tmp_path, site)
        (tmp_path / "mitdb" / "203.dat").write_bytes(b"damaged")
        site.seen.clear()
        outcome = fetched("heartbeats-physionet", tmp_path, site)
    assert [name for name, _ in site.seen] == [SUMS, "203.dat"]
    assert [file.path.name for file in outcome.files if file.new] == ["203.dat"]


def test_a_record_other_than_published_is_refused(tmp_path):
    with (
        serving(Site(files=records(**{"100.hea": b"another"}))) as site,
        pytest.raises(DataError, match=r"100\.hea: sha256 is \w+, published is"),
    ):
        fetched("heartbeats-physionet", tmp_path, site)
    assert not (tmp_path / "mitdb" / "100.hea").exists()


def test_a_folder_of_something_else_is_no_mirror(tmp_path):
    with (
        serving(Site(files={SUMS: b"<html>Sign in to this network</html>"})) as site,
        pytest.raises(DataError, match=r"SHA256SUMS\.txt: has no checksum of RECORDS.*Check --from"),
    ):
        fetched("heartbeats-physionet", tmp_path, site)


def test_an_archive_arrives_unpacked_with_its_sum_kept(tmp_path):
    packed = archive()
    with serving(Site(files={"Tiny.zip": packed})) as site:
        outcome = fetched("ucr/Tiny", tmp_path, site)
    assert below(tmp_path / "ucr") == ["Tiny/SOURCE.json", "Tiny/Tiny_TEST.ts", "Tiny/Tiny_TRAIN.ts"]
    origin = json.loads((tmp_path / "ucr" / "Tiny" / "SOURCE.json").read_text())
    assert origin == {
        "url": f"{site.url}Tiny.zip",
        "bytes": len(packed),
        "sha256": hashlib.sha256(packed).hexdigest(),
    }
    assert "none is published" in outcome.notes[0]
    assert not any(file.checked for file in outcome.files)


def test_an_existing_archive_is_not_downloaded_again(tmp_path):
    with serving(Site(files={"Tiny.zip": archive()})) as site:
        fetched("ucr/Tiny", tmp_path, site)
        site.seen.clear()
        outcome = fetched("ucr/Tiny", tmp_path, site)
    assert site.seen == []
    assert [file.new for file in outcome.files] == [False, False]


def test_an_interrupted_download_of_an_archive_resumes(tmp_path):
    packed = archive(tuple(f"Tiny_{which}.ts" for which in ("TRAIN", "TEST")))
    (tmp_path / "ucr").mkdir()
    (tmp_path / "ucr" / "Tiny.zip.part").write_bytes(packed[:100])
    with serving(Site(files={"Tiny.zip": packed})) as site:
        fetched("ucr/Tiny", tmp_path, site)
    assert site.seen == [("Tiny.zip", "bytes=100-")]
    assert below(tmp_path / "ucr") == ["Tiny/SOURCE.json", "Tiny/Tiny_TEST.ts", "Tiny/Tiny_TRAIN.ts"]


@pytest.mark.parametrize("name", ["../Tiny_TRAIN.ts", "/Tiny_TRAIN.ts", "a/../../Tiny_TRAIN.ts", "C:\\Tiny_TRAIN.ts"])
def test_an_archive_with_a_member_outside_its_folder_is_not_unpacked(tmp_path, name):
    with (
        serving(Site(files={"Tiny.zip": archive((name, "Tiny_TEST.ts"))})) as site,
        pytest.raises(DataError, match=r"Tiny\.zip: not unpacked: its member .* is outside the archive's folder"),
    ):
        fetched("ucr/Tiny", tmp_path / "here", site)
    assert below(tmp_path) == ["here/.fetch.lock"]


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"<html>not found</html>", r"no zip file, or damaged"),
        (archive()[:-30], r"no zip file, or damaged"),
        (archive(("Tiny_TEST.ts",)), r"has no Tiny_TRAIN\.ts\. Files: Tiny_TEST\.ts"),
    ],
    ids=["a page", "cut off", "no training file"],
)
def test_an_unusable_archive_is_refused_and_not_kept(tmp_path, packed, message):
    with serving(Site(files={"Tiny.zip": packed})) as site, pytest.raises(DataError, match=message):
        fetched("ucr/Tiny", tmp_path, site)
    assert below(tmp_path) == [".fetch.lock"]


def test_an_archive_with_a_damaged_member_leaves_no_file_that_looks_whole(tmp_path):
    packed = bytearray(archive())
    packed[60] ^= 0xFF  # within the first member's compressed bytes
    with serving(Site(files={"Tiny.zip": bytes(packed)})) as site, pytest.raises(DataError, match=r"damaged"):
        fetched("ucr/Tiny", tmp_path, site)
    assert not (tmp_path / "ucr" / "Tiny" / "Tiny_TRAIN.ts").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("heartbeats", r"'heartbeats' cannot be downloaded\. Known: .* Did you mean \"heartbeats-physionet\"\?"),
        ("ucr/../../etc", r"not an archive"),
        ("ucr/", r"not an archive"),
    ],
)
def test_an_unknown_name_is_refused_before_any_request(tmp_path, name, message):
    with serving(Site(files={})) as site, pytest.raises(DataError, match=message):
        fetched(name, tmp_path, site)
    assert site.seen == []


def test_without_a_folder_the_message_says_how_to_name_one():
    with pytest.raises(DataError, match=r"no folder to download to.*SEQTUNE_DATASETS"):
        fetched("heartbeats-physionet", None, Site(files={}))


def test_a_mirror_is_a_url(tmp_path):
    with pytest.raises(DataError, match=r"--from /media/usb: needs the URL of a folder"):
        fetch("ucr/Tiny", tmp_path, source="/media/usb", progress=lambda *_: None)


def test_two_downloads_into_one_folder_do_not_mix(tmp_path):
    with (
        FileLock(tmp_path / ".fetch.lock"),
        serving(Site(files={"Tiny.zip": archive()})) as site,
        pytest.raises(DataError, match=r"another `seqtune datasets fetch` is running on this folder"),
    ):
        fetched("ucr/Tiny", tmp_path, site)


SECRETS = ("se/cret", "s3cr3t", "t0ken")


def test_a_mirror_s_secrets_are_used_and_not_recorded(tmp_path):
    with serving(Site(files={"Tiny.zip": archive()})) as site:
        mirror = site.url.replace("//", "//me:s3cr3t@") + "?token=t0ken"
        fetch("ucr/Tiny", tmp_path, source=mirror, progress=lambda *_: None)
    assert site.authorizations == ["Basic " + base64.b64encode(b"me:s3cr3t").decode()]
    assert site.seen == [("Tiny.zip?token=t0ken", None)]
    recorded = (tmp_path / "ucr" / "Tiny" / "SOURCE.json").read_text()
    assert not any(secret in recorded for secret in SECRETS)
    assert json.loads(recorded)["url"] == f"{site.url.replace('//', '//***@')}Tiny.zip?token=***"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("ucr/Tiny", {}),  # 404
        ("heartbeats-physionet", {SUMS: b"<html>Sign in</html>"}),
        ("heartbeats-physionet", records(**{"100.hea": b"another"})),
    ],
    ids=["no such file", "no checksums", "another file"],
)
def test_an_error_of_a_mirror_is_told_without_its_secrets(tmp_path, name, files):
    with serving(Site(files=files)) as site:
        mirror = site.url.replace("//", "//me:s3cr3t@") + "?token=t0ken"
        with pytest.raises(DataError) as raised:
            fetch(name, tmp_path, source=mirror, progress=lambda *_: None)
    assert "***@127.0.0.1" in str(raised.value)
    assert not any(secret in str(raised.value) for secret in SECRETS)


@pytest.mark.parametrize("mirror", ["ftp://me:s3cr3t@host/?token=t0ken", "http://me:s3cr3t@[host", "me:s3cr3t@//host"])
def test_an_address_that_is_none_is_told_without_its_secrets(tmp_path, mirror):
    with pytest.raises(DataError, match="needs the URL of a folder") as raised:
        fetch("ucr/Tiny", tmp_path, source=mirror, progress=lambda *_: None)
    assert not any(secret in str(raised.value) for secret in SECRETS)


def test_a_mirror_that_cannot_be_reached_is_told_without_its_secrets(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "RETRIES", 0)
    for mirror in ("http://me:s3cr3t@127.0.0.1:1/?token=t0ken", "http://me:se/cret@127.0.0.1:1"):
        with pytest.raises(DataError, match="no connection") as raised:
            fetch("ucr/Tiny", tmp_path, source=mirror, progress=lambda *_: None)
        assert not any(secret in str(raised.value) for secret in SECRETS)
