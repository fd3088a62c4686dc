"""Names, paths and reasons of others command no terminal and forge no line, in a pipe and on a terminal."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import factories
import pytest
from file_server import Site, serving
from journals import ENVIRONMENT, append, data_record, journal, report, result
from rich.console import Console
from tracking_stores import home_with_store

from tuning.analysis.export import export
from tuning.analysis.export_file import write
from tuning.cli.live import Lines, LiveTable
from tuning.cli.printing import printable
from tuning.journal.events import (
    Ended,
    EpochEnded,
    Event,
    Interrupted,
    Launched,
    Noted,
    Opened,
    Retried,
    Started,
    Suggested,
)
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.tracking.client import Store
from tuning.training.results import TrialResult

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
HOSTILE = "x\x1b]0;owned\x07\x1b[2J\x9b2J\x85\x08\x7f\u202e\u2066\u2028\r\nFORGED"
ESCAPED = r"x\x1b]0;owned\x07\x1b[2J\x9b2J\x85\x08\x7f\u202e\u2066\u2028\r\nFORGED"
STYLE = re.compile(r"\x1b\[(?:[\d;]*m|\?25[lh]|2K|1A)")
"""What rich itself sends: styles, and for a spinner the cursor and the line."""


def hostile_campaign(home: Home) -> None:
    """A campaign with a hostile string wherever its journal has a string that is no name of ours."""
    config = factories.campaign(name="tiny", data__dataset=HOSTILE, data__balance="raw", search__trials=3)
    data = data_record(classes=("N", HOSTILE), notes=(HOSTILE,))
    events: list[Event] = [
        Opened(config=config, dimensions={f"model.{HOSTILE}": HOSTILE}, data={"raw": data, HOSTILE: data}),
        Launched(environment=ENVIRONMENT.model_copy(update={"processor": HOSTILE}), trials=3, datasets=HOSTILE),
        Noted(text=HOSTILE),
    ]
    for index in range(3):
        assignment = {f"model.{HOSTILE}": HOSTILE, "train.batch_size": 16}
        trial = factories.trial(campaign="tiny", index=index, seed=index)
        ended = TrialResult(status="failed", reason=HOSTILE) if index == 1 else result(0.5)
        events += [
            Suggested(trial=trial, assignment=assignment),
            Started(trial=index, attempt=1),
            Retried(trial=index, reason=HOSTILE),
            EpochEnded(trial=index, report=report(1)),
            EpochEnded(trial=index, report=report(2)),
            Noted(trial=index, text=HOSTILE),
            Ended(trial=index, result=ended, environment=ENVIRONMENT),
        ]
    append(home.journal("tiny"), [*events, Interrupted(reason=HOSTILE)])


def check(printed: bytes, *, terminal: bool = False) -> None:
    """Nothing is printed but lines of printable characters, on a terminal with styles, and none is forged."""
    text = printed.decode()
    text = STYLE.sub("", text).replace("\r\n", "\n").replace("\r", "") if terminal else text
    assert re.sub(r"[^\S\n]", " ", text).replace("\n", "").isprintable(), text
    assert not [line for line in text.splitlines() if line.startswith("FORGED")]


def run(*words: object, home: Path) -> subprocess.CompletedProcess[bytes]:
    changes = {"SEQTUNE_HOME": str(home), "SEQTUNE_DATASETS": "", "NO_PROXY": "127.0.0.1", "COLUMNS": "400"}
    environment = {**os.environ, **changes}
    return subprocess.run([SEQTUNE, *map(str, words)], capture_output=True, check=False, env=environment)


def on_terminal(*words: object, home: Path, columns: int) -> bytes:
    ours, theirs = pty.openpty()
    changes = {"SEQTUNE_HOME": str(home), "SEQTUNE_DATASETS": "", "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen(
        [SEQTUNE, *map(str, words)], stdout=theirs, stderr=theirs, stdin=theirs, env={**os.environ, **changes}
    ):
        os.close(theirs)
        printed = b"".join(_parts(ours))
    os.close(ours)
    return printed


def _parts(terminal: int) -> Iterator[bytes]:
    with suppress(OSError):  # Linux's end of file on a terminal
        while part := os.read(terminal, 65536):
            yield part


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("home")
    hostile_campaign(Home(path))
    return path


COMMANDS = (
    ("status",),
    ("status", "tiny"),
    ("status", "tiny", "--events"),
    ("top", "tiny"),
    ("compare", "tiny", "--factor", f"model.{HOSTILE}"),
    ("compare", "tiny", "--factor", HOSTILE + "y"),
    ("top", HOSTILE),
    ("spaces", HOSTILE),
    ("repair", "tiny"),
    ("export", "tiny", "--out", f"/nothing/{HOSTILE}.json"),
    ("launch", f"{HOSTILE}.toml"),
    ("reproduce", HOSTILE, "--rank", "1"),
    ("datasets", "fetch", HOSTILE),
    ("datasets", "--datasets", HOSTILE),
    (HOSTILE,),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: ascii(" ".join(words))[:30])
def test_a_pipe_gets_printable_lines(home, words):
    done = run(*words, home=home)
    assert done.returncode in {0, 1, 2}
    assert b"Traceback" not in done.stderr
    check(done.stdout)
    check(done.stderr)
    assert b"owned" in done.stdout + done.stderr or words == ("repair", "tiny")


@pytest.mark.parametrize("words", COMMANDS[:8], ids=lambda words: ascii(" ".join(words))[:30])
@pytest.mark.parametrize("columns", [80, 400])
def test_a_terminal_gets_printable_lines(home, words, columns):
    check(on_terminal(*words, home=home, columns=columns), terminal=True)


@pytest.mark.parametrize("words", [("status", "tiny", "--events"), ("top", "tiny"), ("status", "tiny"), ("status",)])
def test_json_is_printable_and_means_the_same(home, words):
    done = run(*words, "--json", home=home)
    check(done.stdout)
    assert any(HOSTILE in text for text in _strings(json.loads(done.stdout)))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def test_a_home_and_an_export_with_hostile_paths(tmp_path):
    journal(Home(tmp_path / HOSTILE))
    out = tmp_path / f"{HOSTILE}.json"
    for words in (["status"], ["export", "tiny", "--out", out], ["status", "nothing"], ["delete", "tiny", "--yes"]):
        done = run(*words, home=tmp_path / HOSTILE)
        check(done.stdout)
        check(done.stderr)
        assert ESCAPED.encode() in done.stdout + done.stderr or words == ["status"]


def test_an_export_with_hostile_keys_and_values(tmp_path, home):
    file = tmp_path / "top.json"
    write(export(Home(home).record("tiny"), 2), file)
    document = json.loads(file.read_text())
    document["entries"][0] |= {HOSTILE: 1, "rank": HOSTILE}
    file.write_text(json.dumps(document))
    done = run("reproduce", file, "--rank", 1, home=home)
    assert done.returncode == 2
    assert b"owned" in done.stderr
    assert done.stderr.count(b"\n") == 2  # one line for each problem
    check(done.stderr)


def test_data_with_hostile_names(tmp_path):
    name = HOSTILE.replace("\r\n", "")
    rows = f"{name},1,2\n" + "".join(f"other,1,{i}\n" for i in range(9))
    (tmp_path / "table.csv").write_text(f"label,{name},b\n{rows}", encoding="utf-8", newline="")
    for label in ("nothing", "label"):
        campaign = tmp_path / "campaign.toml"
        dataset = json.dumps(str(tmp_path / "table.csv"))
        campaign.write_text(
            f'name = "a"\nseed = 1\n[data]\ndataset = {dataset}\nlabel = "{label}"\n[space]\nname = "cnn2d"\n'
        )
        done = run("launch", campaign, home=tmp_path / "home")
        assert done.returncode == 2
        assert ESCAPED[:8].encode() in done.stderr
        check(done.stdout)
        check(done.stderr)


def test_a_server_s_hostile_reason(tmp_path):
    with serving(Site(files={}, statuses=[410], reason="Gone\x1b]0;owned\x07\x9b2J\x08\x85\rFORGED")) as site:
        done = run("datasets", "fetch", "ucr/Tiny", "--from", site.url, "--datasets", tmp_path, home=tmp_path)
    assert done.returncode == 2
    assert rb"answers 410 Gone\x1b]0;owned\x07\x9b2J\x08\x85\rFORGED. Check" in done.stderr
    check(done.stderr)


@pytest.mark.server
def test_a_store_s_hostile_experiments(tmp_path):
    home = home_with_store(tmp_path / "home")
    name = HOSTILE.replace("\x85", "")
    Store(home.tracking_uri).experiment(name, home.artifacts, {"seqtune.campaign": "x"})
    done = run("adopt", "another", home=home.path)
    assert done.returncode == 2
    assert b"Known: x\\x1b]0;owned" in done.stderr
    check(done.stderr)


def test_a_launch_s_lines_and_its_live_table(home):
    record = fold(read(Home(home).journal("tiny")))
    for target in (Console(file=io.StringIO(), width=300), Console(file=io.StringIO(), width=300, force_terminal=True)):
        lines, live = Lines(target), LiveTable(target)
        for display in (lines, live):
            display.progress(f"{HOSTILE}: hashing")
        target.print(live)
        for entry in read(Home(home).journal("tiny")):
            lines(record, entry)
            live(record, entry)
        target.print(live)
        assert isinstance(target.file, io.StringIO)
        check(target.file.getvalue().encode(), terminal=target.is_terminal)
        assert "owned" in target.file.getvalue()


def test_what_is_printable_stays():
    assert printable("Größe 5 µm 日本語 😀 \\n") == "Größe 5 µm 日本語 😀 \\n"


def test_what_is_no_text_is_shown_too(tmp_path):
    done = run("launch", os.fsdecode(b"caf\xe9.toml"), home=tmp_path)
    assert done.stderr.startswith(rb"seqtune: caf\udce9.toml: no such campaign file")
