"""A journal that was put together by hand: sound lines, and no campaign."""

import json
import math
import os
import zlib

import pytest
from journals import journal, report, result

from tuning.campaign.errors import CampaignError, JournalError, RecordError
from tuning.journal.events import Ended, EpochEnded
from tuning.journal.home import Home
from tuning.journal.log import Journal

OUTSIDE = "../../.."


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "deep" / "er" / "home")
    journal(place)
    return place


def rewrite(home, change, kind="suggestion"):
    """Change the first event of a kind; every line has its checksum."""
    path = home.journal("tiny")
    events = [json.loads(line) for line in path.read_text().splitlines()]
    change(next(event for event in events if event["kind"] == kind))
    bodies = [json.dumps({k: v for k, v in event.items() if k != "crc"})[:-1] for event in events]
    path.write_text("".join(f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}\n' for body in bodies))


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("suggestion", lambda e: e["trial"].update(campaign=OUTSIDE), "line 3: .*letters, digits"),
        ("suggestion", lambda e: e["trial"].update(campaign="other"), "line 3: the trial is of campaign 'other'"),
        ("campaign", lambda e: e["config"].update(name=OUTSIDE), "line 1: .*letters, digits"),
        ("campaign", lambda e: e["config"].update(name="other"), "line 1: the campaign is called 'other', not 'tiny'"),
        ("campaign", lambda e: e.update(data={}), "line 1: the campaign has no data 'oversample'"),
        ("campaign", lambda e: e.update(at=math.nan), "line 1: at = NaN is no time"),
        ("campaign", lambda e: e.update(at=1e300), "line 1: at = .* is no time"),
        ("campaign", lambda e: e.update(journal="two"), "line 1: journal = .* is no version"),
        ("suggestion", lambda e: e["trial"].update(index=-1), "line 3: .*greater than or equal to 0"),
        ("suggestion", lambda e: e["trial"].update(index=10**18), "line 3: .*less than 1000000"),
        ("suggestion", lambda e: e["trial"].update(index=2), "line 4: trial 0 was never suggested"),
        ("suggestion", lambda e: e["trial"]["device"].update(threads=100_000), "line 3: .*less than or equal to 1024"),
        ("suggestion", lambda e: e["trial"]["data"].update(balance="smote"), "line 3: .*data 'smote'"),
        ("suggestion", lambda e: e.update(same_as=9), "line 3: .*trial 9, which was never suggested"),
        ("launch", lambda e: e.update(trials=10**12), "line 2: .*less than or equal to 1000000"),
        ("epoch", lambda e: e.update(trial=77), "line 5: trial 77 was never suggested"),
        ("epoch", lambda e: e["report"].update(epoch=2), "line 5: epoch 2 of trial 0, where epoch 1 .* was expected"),
        ("end", lambda e: e["result"].update(objective=None), "line 7: trial 0 ended as completed, without"),
        ("end", lambda e: e["result"].update(objective=math.inf), "line 7: trial 0 ended as completed, without"),
    ],
)
def test_a_journal_that_tells_of_no_campaign_is_refused_with_its_line(home, kind, change, problem):
    rewrite(home, change, kind)
    with pytest.raises(JournalError, match=problem):
        home.record("tiny")


@pytest.mark.parametrize("event", [Ended(trial=0, result=result(0.1)), EpochEnded(trial=0, report=report(3))])
def test_a_trial_that_has_ended_goes_no_further(home, event):
    with Journal(home.journal("tiny")) as opened:
        opened.append(event)
    with pytest.raises(JournalError, match="trial 0"):
        home.record("tiny")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_no_journal(home, make):
    path = home.journal("tiny")
    path.unlink()
    make(path)
    with pytest.raises(JournalError, match=r"journal\.jsonl: (the journal cannot be read|is not a regular file)"):
        home.record("tiny")


@pytest.mark.parametrize("inner", ['"x":' + "[" * 200_000 + "]" * 200_000, '"x":' + "9" * 5_000])
def test_a_line_that_python_cannot_parse_is_damaged(home, inner):
    body = '{"n":0,' + inner
    home.journal("tiny").write_text(f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}\n')
    with pytest.raises(JournalError, match="line 1: damaged"):
        home.record("tiny")


@pytest.mark.parametrize("name", [OUTSIDE, "a/b", "", ".", "..", "x" * 101, "a\0b"])
def test_no_name_leads_out_of_the_home(home, name):
    with pytest.raises(RecordError, match="is not the name of a campaign"):
        home.campaign(name)
    with pytest.raises((RecordError, CampaignError)):
        home.record(name)
