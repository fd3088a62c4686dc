"""``seqtune diff``: what one word names, the exit codes, and the tables."""

import json

import pytest
from factories import campaign
from journals import journal
from tracking_stores import home_with_store
from typer.testing import CliRunner

from tuning.cli.app import app
from tuning.journal.home import Home
from tuning.tracking.client import Store
from tuning.tracking.publisher import sync


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    place = Home(tmp_path / "var")
    journal(place, name="a", scores=(0.5, 0.8, None, 0.65))
    journal(place, name="b", scores=(0.5, 0.9, None, 0.65))
    return place


def seqtune(*words):
    return CliRunner(env={"COLUMNS": "150"}).invoke(app, [*map(str, words)], catch_exceptions=False)


@pytest.mark.usefixtures("home")
def test_a_campaign_is_the_same_as_itself():
    done = seqtune("diff", "a", "a")
    assert (done.exit_code, done.stdout) == (0, "a and a are the same\n")


@pytest.mark.usefixtures("home")
def test_what_differs_first_is_the_first_line():
    done = seqtune("diff", "a:1", "b:t001")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "a:1 and b:t001 are different; first difference: epoch 1"
    assert "curves: epoch 1 is the first that differs" in lines
    assert [line.split() for line in lines if line.strip().startswith(("1 ", "2 "))] == [
        ["1", "0.4000", "0.4500", "+5.0e-02"],
        ["2", "0.8000", "0.9000", "+1.0e-01"],
    ]
    assert ["objective", "0.8", "0.9"] in [line.split() for line in lines]


def test_long_values_are_cut_where_their_difference_remains(home):
    widths = {"c": [*range(100, 130)], "d": [*range(100, 129), 64]}
    for name, choices in widths.items():
        config = campaign(name=name, space={"model": "cnn1d", "dimensions": {"model.hidden": choices}})
        journal(home, name=name, config=config)
    row = next(line for line in seqtune("diff", "c", "d").stdout.splitlines() if line.startswith("space"))
    assert row.split("  ")[-2:] == ["..., 127, 128, 129]", "..., 127, 128, 64]"]


@pytest.mark.usefixtures("home")
def test_two_campaigns_are_listed_by_trial():
    done = seqtune("diff", "a", "b")
    assert done.exit_code == 1
    assert "a and b are different; first difference: t001: epoch 1" in done.stdout
    assert "trials: 3 of 4 are bit-identical" in done.stdout
    assert json.loads(seqtune("diff", "a", "b", "--json").stdout)["trials"] == [
        {"trial": "t001", "first": "epoch 1", "a": 0.8, "b": 0.9}
    ]


@pytest.mark.usefixtures("home")
def test_exports_and_their_ranks_are_named_by_file():
    for name in "ab":
        assert seqtune("export", name, "--out", f"{name}.json").exit_code == 0
    assert "first difference: rank 1: epoch 1" in seqtune("diff", "a.json", "b.json").stdout
    assert seqtune("diff", "a.json:2", "b:3").exit_code == 0
    mixed = seqtune("diff", "a.json", "b")
    assert mixed.exit_code == 2
    assert mixed.stderr.startswith("seqtune: a.json is an export, b is a campaign: only two of one kind are compared.")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("a:9", "campaign 'a': no trial 9. It has t000 to t003"),
        ("c:1", "no campaign 'c'. Known: a, b"),
        ("none.json:1", "none.json: no such export"),
        ("x.csv", "x.csv: a .csv export is a table to read"),
        ("f" * 32, "there is no store"),
    ],
)
def test_what_is_not_there_is_a_user_s_error(word, message):
    done = seqtune("diff", "a:1", word)
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.server
def test_a_run_is_compared_with_its_trial(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = home_with_store(tmp_path / "home")
    journal(home, scores=(0.5, 0.8))
    sync(home, "tiny")
    store = Store(home.tracking_uri)
    runs = store.runs(store.find_experiment("tiny"), {"seqtune.kind": "trial"})
    ids = {run.tags["seqtune.trial.index"]: run.id for run in runs}
    assert seqtune("diff", ids["1"], "tiny:1", "--home", home.path).exit_code == 0
    assert seqtune("diff", ids["1"], ids["0"], "--home", home.path).exit_code == 1
