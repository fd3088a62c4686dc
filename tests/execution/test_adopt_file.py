"""``seqtune adopt FILE``: a campaign from a file of its journal, as another machine or a repository keeps it."""

import gzip
import json
import runpy
import sys
from pathlib import Path

import pytest
from comparison_journals import cells
from factories import campaign
from journals import events, write
from simulated import crash, on_random, simulate, story
from typer.testing import CliRunner

from tuning.analysis.leaderboard import leaderboard
from tuning.campaign.errors import CampaignError, JournalError
from tuning.campaign.file import load
from tuning.campaign.plan import plan
from tuning.cli.app import app
from tuning.execution.adoption import adopt_file
from tuning.journal.events import OpenedTest
from tuning.journal.home import Home
from tuning.journal.log import MOST_UNCOMPRESSED, Journal, create

ROOT = Path(__file__).parent.parent.parent
SMALL = on_random(campaign(search__trials=6, train__epochs=3))


def copied(home: Home, name: str, path: Path) -> Path:
    path.write_bytes(home.journal(name).read_bytes())
    return path


def test_an_adopted_campaign_has_the_journal_and_a_file_that_resumes_it(tmp_path):
    there, here = Home(tmp_path / "there"), Home(tmp_path / "here")
    record = simulate(there, SMALL)
    adopted = adopt_file(here, copied(there, "tiny", tmp_path / "kept.jsonl"))
    assert here.journal("tiny").read_bytes() == there.journal("tiny").read_bytes()
    assert (adopted.campaign, adopted.ended, adopted.to_train) == ("tiny", list(range(6)), [])
    assert leaderboard(here.record("tiny"), 3).ranked == leaderboard(record, 3).ranked
    assert plan(load(adopted.file).config).complete == plan(SMALL).complete


def test_an_unfinished_campaign_resumes_where_it_is_adopted(tmp_path):
    there, here, whole = (Home(tmp_path / name) for name in ("there", "here", "whole"))
    crash(there, SMALL, after=5)
    adopted = adopt_file(here, copied(there, "tiny", tmp_path / "kept.jsonl"))
    assert adopted.to_train
    assert story(simulate(here, SMALL)) == story(simulate(whole, SMALL))


def test_a_confirmation_beside_the_journal_is_adopted_with_it(tmp_path):
    there, here = Home(tmp_path / "there"), Home(tmp_path / "here")
    simulate(there, SMALL)
    path = copied(there, "tiny", tmp_path / "tiny.jsonl")
    with Journal(there.confirmations.journal("tiny")) as journal:
        journal.append(there.entries("tiny")[0].event)
    (tmp_path / "tiny.confirmation.jsonl").write_bytes(there.confirmations.journal("tiny").read_bytes())
    adopt_file(here, path)
    assert here.confirmations.entries("tiny") == there.confirmations.entries("tiny")


def test_compressed_journals_are_adopted_as_the_plain_ones(tmp_path):
    there, here = Home(tmp_path / "there"), Home(tmp_path / "here")
    simulate(there, SMALL)
    plain = there.journal("tiny").read_bytes()
    create(tmp_path / "tiny.jsonl.gz", ((entry.at, entry.event) for entry in there.entries("tiny")))
    assert gzip.decompress((tmp_path / "tiny.jsonl.gz").read_bytes()) == plain
    first = plain[: plain.index(b"\n") + 1]
    (tmp_path / "tiny.confirmation.jsonl.gz").write_bytes(gzip.compress(first))
    adopt_file(here, tmp_path / "tiny.jsonl.gz")
    assert here.journal("tiny").read_bytes() == plain
    assert here.confirmations.journal("tiny").read_bytes() == first


@pytest.mark.parametrize("lost", [1, 200])
def test_a_compressed_journal_that_is_cut_short_is_refused(tmp_path, lost):
    home = Home(tmp_path / "there")
    write(home.journal("tiny"), cells())
    path = tmp_path / "tiny.jsonl.gz"
    path.write_bytes(gzip.compress(home.journal("tiny").read_bytes())[:-lost])
    with pytest.raises(JournalError, match=r"tiny\.jsonl\.gz: is damaged or not compressed with gzip"):
        adopt_file(Home(tmp_path / "home"), path)
    assert not (tmp_path / "home").exists()


def test_of_a_compressed_journal_no_more_than_the_limit_is_read(tmp_path):
    path = tmp_path / "tiny.jsonl.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(MOST_UNCOMPRESSED // 2**20 + 1):
            file.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(JournalError, match="the most that is read of a compressed journal"):
        adopt_file(Home(tmp_path / "home"), path)


def test_a_campaign_is_not_adopted_over_another(tmp_path):
    home = Home(tmp_path / "home")
    write(home.journal("tiny"), cells())
    before = home.journal("tiny").read_bytes()
    with pytest.raises(CampaignError, match="has a campaign 'tiny' already"):
        adopt_file(home, copied(home, "tiny", tmp_path / "kept.jsonl"))
    assert home.journal("tiny").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "no complete line"),
        (b'{"a": 1}\n', "line 1: damaged"),
        ("headless", "line 1: "),
    ],
)
def test_what_is_not_a_sound_journal_leaves_nothing(tmp_path, content, message):
    path = tmp_path / "kept.jsonl"
    if content == "headless":
        with Journal(path) as journal:
            journal.append(OpenedTest(confirmation={"trials": (0,), "seeds": 1, "splits": 0, "ended": 1}))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalError, match=message):
        adopt_file(Home(tmp_path / "home"), path)
    assert not (tmp_path / "home").exists()


def test_the_command_adopts_a_kept_campaign(tmp_path, monkeypatch):
    home = Home(tmp_path / "there")
    write(home.journal("tiny"), cells())
    monkeypatch.setattr(sys, "argv", ["keep_campaign.py", "tiny", f"--home={home.path}", f"--out={tmp_path / 'out'}"])
    runpy.run_path(str(ROOT / "benchmarks" / "keep_campaign.py"), run_name="__main__")
    kept = tmp_path / "out" / "tiny.jsonl.gz"
    options = ["--home", str(tmp_path / "here"), "--json"]
    adopted = CliRunner().invoke(app, ["adopt", str(kept), *options])
    assert adopted.exit_code == 0, adopted.output
    assert json.loads(adopted.stdout)["ended"] == list(range(12))
    one, other = (
        json.loads(CliRunner().invoke(app, ["compare", "tiny", "--home", str(place), "--json"]).stdout)
        for place in (home.path, tmp_path / "here")
    )
    assert one == other
    refused = CliRunner().invoke(app, ["adopt", str(kept), "--tracking-uri", "sqlite:///x.db", *options])
    assert "does not go with a file" in refused.output


def test_a_kept_journal_has_no_folders_of_the_machine(tmp_path, monkeypatch):
    home = Home(tmp_path / "there")
    runs = cells()
    campaign_file = write(home.journal("tiny"), runs)
    first = next(event for event in events(runs, campaign_file) if event.kind == "launch")
    with Journal(home.journal("tiny")) as journal:
        journal.append(first.model_copy(update={"datasets": "/private/folder", "code": ("/private/code.py",)}))
    monkeypatch.setattr(sys, "argv", ["keep_campaign.py", "tiny", f"--home={home.path}", f"--out={tmp_path / 'out'}"])
    runpy.run_path(str(ROOT / "benchmarks" / "keep_campaign.py"), run_name="__main__")
    assert b"private" not in gzip.decompress((tmp_path / "out" / "tiny.jsonl.gz").read_bytes())
