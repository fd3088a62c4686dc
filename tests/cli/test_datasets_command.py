"""What `seqtune datasets fetch` prints, and what it leaves behind when it is stopped."""

import codecs
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from file_server import Site, serving

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "SEQTUNE_DATASETS"} | {"NO_PROXY": "127.0.0.1"}


def archive(rows: int = 20) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for which in ("TRAIN", "TEST"):
            opened.writestr(f"Tiny_{which}.ts", np.random.default_rng(0).bytes(rows * 1000))
    return packed.getvalue()


def fetch(site: Site, *words: object) -> subprocess.CompletedProcess[str]:
    command = [SEQTUNE, "datasets", "fetch", "ucr/Tiny", "--from", site.url, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def test_a_download_says_what_came_and_how_it_was_checked(tmp_path: Path) -> None:
    with serving(Site(files={"Tiny.zip": archive()})) as site:
        done = fetch(site, "--datasets", tmp_path)
        again = fetch(site, "--datasets", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"ucr/Tiny: 2 files downloaded, 0 already there: {tmp_path}/ucr/Tiny" in done.stdout
    assert "none is published for comparison" in done.stdout
    assert "0 files downloaded, 2 already there" in again.stdout


def test_json_names_each_file(tmp_path: Path) -> None:
    with serving(Site(files={"Tiny.zip": archive()})) as site:
        row = json.loads(fetch(site, "--datasets", tmp_path, "--json").stdout)
    assert row["name"] == "ucr/Tiny"
    assert [file["file"] for file in row["files"]] == ["Tiny_TRAIN.ts", "Tiny_TEST.ts"]


def test_the_folder_may_be_named_before_the_verb(tmp_path: Path) -> None:
    with serving(Site(files={"Tiny.zip": archive()})) as site:
        command = [SEQTUNE, "datasets", "--datasets", str(tmp_path), "fetch", "ucr/Tiny", "--from", site.url]
        subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    assert (tmp_path / "ucr" / "Tiny" / "Tiny_TEST.ts").is_file()


def test_a_user_s_error_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with serving(Site(files={})) as site:
        done = fetch(site, "--datasets", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"seqtune: {site.url}Tiny.zip: the server answers 404")
    assert done.stderr.count("\n") == 1


def test_a_file_larger_than_allowed_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    packed = archive()
    with serving(Site(files={"Tiny.zip": packed})) as site:
        done = fetch(site, "--datasets", tmp_path, "--max-bytes", 1000)
        allowed = fetch(site, "--datasets", tmp_path, "--max-bytes", len(packed))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"Tiny.zip: has {len(packed):,} bytes; --max-bytes allows 1,000." in done.stderr
    assert allowed.returncode == 0


def test_ctrl_c_keeps_what_came_and_the_same_command_resumes(tmp_path: Path) -> None:
    part = tmp_path / "ucr" / "Tiny.zip.part"
    with serving(Site(files={"Tiny.zip": archive(rows=1000)}, pause_s=0.5)) as site:
        command = [SEQTUNE, "datasets", "fetch", "ucr/Tiny", "--from", site.url, "--datasets", str(tmp_path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
            deadline = time.monotonic() + 120
            while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=120)
        there = part.stat().st_size
        site.pause_s = 0.0
        done = fetch(site, "--datasets", tmp_path)
    assert process.returncode == 130
    assert said == "seqtune: interrupted; the same command resumes the download\n"
    assert site.seen[-1] == ("Tiny.zip", f"bytes={there}-")
    assert done.returncode == 0


def read_all(terminal: int) -> Iterator[str]:
    """What comes through a terminal, whose buffer is small, until its other end is closed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with suppress(OSError):  # Linux's end of file on a terminal
        while part := os.read(terminal, 65536):
            yield decoder.decode(part)


def test_a_terminal_sees_the_file_come(tmp_path: Path) -> None:
    with serving(Site(files={"Tiny.zip": archive(rows=100)}, pause_s=0.01)) as site:
        ours, theirs = pty.openpty()
        command = [SEQTUNE, "datasets", "fetch", "ucr/Tiny", "--from", site.url, "--datasets", str(tmp_path)]
        environment = ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "100"}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as process:
            os.close(theirs)
            shown = "".join(read_all(ours))
        os.close(ours)
    assert process.returncode == 0
    assert "Tiny.zip" in shown
    assert "kB" in shown
