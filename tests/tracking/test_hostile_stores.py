"""Adoption from a store that others have written to."""

import json
import os
import sqlite3

import pytest
from factories import campaign
from simulated import on_random, simulate
from tracking_stores import home_with_store

from tuning.campaign.errors import RecordError
from tuning.journal.home import Home
from tuning.tracking.adopt import adopt
from tuning.tracking.publisher import sync

pytestmark = pytest.mark.server

CONFIG = on_random(campaign(search__trials=3))


@pytest.fixture
def store(tmp_path):
    home = home_with_store(tmp_path / "old")
    simulate(home, CONFIG)
    sync(home, "tiny")
    return home


def tag(store, key, value):
    database = sqlite3.connect(store.path / "mlflow.db")
    with database:
        database.execute("UPDATE tags SET value = ? WHERE key = ?", (value, f"seqtune.{key}"))
        assert database.execute("SELECT count(*) FROM tags WHERE key = ?", (f"seqtune.{key}",)).fetchone()[0]
    database.close()


def adopted(store, tmp_path):
    return adopt(Home(tmp_path / "new"), "tiny", store.tracking_uri, lambda _k, _of: None)


def artifact(store, name):
    """The file of the trial with the smallest index that has one."""
    files = {
        json.loads((path.parent / "trial.json").read_text())["config"]["index"]: path
        for path in store.path.glob(f"mlartifacts/**/{name}")
    }
    return min(files), files[min(files)]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("campaign.trials", "1000000000", 'campaign.trials is "1000000000", not a whole number from 0 to 1000000'),
        ("campaign.trials", "900000", "trials = 900000 of a finished campaign, which has runs of 3 trials"),
        ("campaign.trials", "many", 'campaign.trials is "many"'),
        ("campaign.opened_at", "nan", 'opened_at is "nan", not a Unix time'),
        ("campaign.opened_at", "once", 'opened_at is "once", not a Unix time'),
        ("trial.index", "-1", 'trial.index is "-1"'),
        ("trial.index", "1" + "0" * 18, 'trial.index is "1000000000000000000"'),
        ("environment.threads", "many", r"seqtune\.environment\.\* are not those of seqtune \(threads"),
        ("environment.packages", "[1]", r"seqtune\.environment\.\* are not those of seqtune \(packages"),
        ("environment.packages", "[" * 5_000, r"seqtune\.environment\.\* are not those of seqtune \("),
    ],
)
def test_a_tag_of_another_type_is_refused_and_nothing_is_written(store, tmp_path, key, value, problem):
    tag(store, key, value)
    with pytest.raises(RecordError, match=problem):
        adopted(store, tmp_path)
    assert not (tmp_path / "new").exists()


def test_a_campaign_without_its_data_is_refused(store, tmp_path):
    (path,) = store.path.glob("mlartifacts/**/campaign.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"data": {}}))
    with pytest.raises(RecordError, match=r"campaign\.json is damaged: the campaign has no data"):
        adopted(store, tmp_path)


def link(path):
    secret = path.parents[4] / "secret"
    secret.write_text("a file of the user")
    path.symlink_to(secret)


def large(path):
    with path.open("wb") as file:
        file.truncate(2**30)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (link, "is a symbolic link"),
        (os.mkfifo, "is no regular file"),
        (os.mkdir, "is no regular file"),
        (large, "has 1,073,741,824 bytes; at most"),
        (lambda path: path.write_bytes(b"\x08" + b"\0" * 99), "is damaged"),
    ],
)
def test_weights_that_are_not_the_records_are_left_out_with_a_note(store, tmp_path, make, problem):
    index, path = artifact(store, "weights.safetensors")
    whole = adopt(Home(tmp_path / "first"), "tiny", store.tracking_uri, lambda _k, _of: None)
    path.unlink()
    make(path)
    result = adopted(store, tmp_path)
    assert (set(whole.weights) - set(result.weights), result.ended) == ({index}, [0, 1, 2])
    (note,) = result.notes
    assert note.startswith(f"t{index:03d}: weights not used: weights.safetensors {problem}")
    assert not (Home(tmp_path / "new").trial("tiny", index) / "weights.safetensors").exists()


def test_weights_of_another_trial_are_left_out(store, tmp_path):
    files = sorted(store.path.glob("mlartifacts/**/weights.safetensors"))
    files[0].write_bytes(files[1].read_bytes())
    (note,) = adopted(store, tmp_path).notes
    assert "which is not that of the trial's record" in note


@pytest.mark.parametrize("make", [link, os.mkfifo, large, lambda path: path.write_bytes(b"\xff\xfe")])
def test_a_trial_whose_record_is_no_file_is_trained_again(store, tmp_path, make):
    index, path = artifact(store, "trial.json")
    path.unlink()
    make(path)
    result = adopted(store, tmp_path)
    assert result.to_train == [index]
    assert result.notes[0].startswith(f"t{index:03d}: trial.json ")
    assert any("its record is not adopted" in note for note in Home(tmp_path / "new").record("tiny").notes)


def test_a_dangling_link_among_the_artifacts_is_not_looked_at(store, tmp_path):
    (artifact(store, "trial.json")[1].parent / "a").symlink_to("/none")
    assert adopted(store, tmp_path).ended == [0, 1, 2]
