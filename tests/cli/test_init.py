"""`seqtune init`: the file that it writes is read, explained and launched."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_factories import columns, write_csv, write_npz
from typer.testing import CliRunner

from tuning.campaign import draft as drafting
from tuning.campaign.file import load
from tuning.campaign.plan import Plan
from tuning.cli.app import app
from tuning.journal.home import Home

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))


def init(*words: object) -> tuple[int, str, str]:
    done = CliRunner(env={"SEQTUNE_DATASETS": "", "COLUMNS": "200"}).invoke(app, ["init", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def written(data: Path | str, folder: Path, *words: object) -> tuple[Plan, str]:
    """The campaign that was written, and its text."""
    path = folder / "c.toml"
    code, out, err = init(data, "--out", path, *words)
    assert (code, err) == (0, ""), err
    assert out.splitlines()[-1] == f"  seqtune launch {path}"
    return load(path), path.read_text()


def table(folder: Path, counts: tuple[int, ...] = (200, 200), **extra: list[Any]) -> Path:
    return write_csv(folder / "gait.csv", {**extra, **columns(counts, steps=12)})


def test_a_table_gives_a_campaign_with_its_reasons(tmp_path):
    plan, text = written(table(tmp_path), tmp_path)
    config = plan.config
    assert (config.name, config.seed, plan.trials) == ("gait", 1, 20)
    assert (config.data.label, config.space.name, config.objective.metric) == ("label", "cnn1d", "accuracy")
    assert config.resources.concurrency >= 1
    assert "# a usual name of labels (2: a, b)" in text
    assert len(text.splitlines()) < 32


@pytest.mark.parametrize("workers", [1, 8, 16])
def test_most_suggestions_of_a_written_campaign_know_results(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(drafting, "_workers", lambda: (workers, workers))
    plan, _ = written(table(tmp_path), tmp_path)
    assert plan.config.search.window >= 2 * workers
    assert plan.random_suggestions() <= 0.5 * plan.trials


def test_imbalanced_classes_give_methods_to_search(tmp_path):
    plan, _ = written(table(tmp_path, (600, 60)), tmp_path)
    assert plan.config.data.balance == ["raw", "oversample", "weighted"]
    assert plan.config.objective.metric == "recall_macro"


def test_a_suggested_group_is_a_comment_and_a_declared_one_a_key(tmp_path):
    path = table(tmp_path, patient=[f"p{row % 20}" for row in range(400)], id=list(range(400)))
    plan, text = written(path, tmp_path)
    assert (plan.config.data.group, plan.config.data.ignore) == (None, ("patient", "id"))
    assert '# group = "patient"' in text
    assert init(path, "--group", "patient", "--out", tmp_path / "d.toml")[0] == 0
    data = load(tmp_path / "d.toml").config.data
    assert (data.group, data.split, data.ignore) == ("patient", "grouped", ("id",))


def test_groups_of_an_npz_are_a_comment(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mc.npz", x=rng.normal(size=(400, 12)), y=np.arange(400) % 2, group=np.arange(400) // 20)
    plan, text = written(tmp_path / "mc.npz", tmp_path)
    assert plan.config.data.split == "stratified"
    assert re.search(r'^# split = "grouped" +# 20 groups: for scores of new groups$', text, re.MULTILINE)


def test_a_grouped_split_that_is_not_possible_is_not_written(tmp_path):
    path = table(tmp_path, site=["east" if row < 200 else "west" for row in range(400)])
    plan, text = written(path, tmp_path, "--group", "site")
    assert (plan.config.data.group, plan.config.data.split) == ("site", "stratified")
    assert "the default is not possible" in text


def test_values_in_raw_units_are_standardised(tmp_path):
    raw = {name: [value * 800 + 32_768 for value in values] if name != "label" else values
           for name, values in columns((200, 200), steps=12).items()}  # fmt: skip
    plan, _ = written(write_csv(tmp_path / "gait.csv", raw), tmp_path)
    assert plan.config.data.scale == "standard"
    (tmp_path / "c.toml").unlink()
    assert written(table(tmp_path), tmp_path)[0].config.data.scale is None


def test_tiny_data_is_compared_with_classical_models(tmp_path):
    plan, text = written(table(tmp_path, (40, 40)), tmp_path)
    assert plan.config.space.name == "baselines"
    assert "classical models are hard to beat" in text


def test_texts_and_series_have_their_own_spaces_and_metrics(tmp_path):
    said = write_csv(tmp_path / "r.csv", {"review": [f"it is {k} now" for k in range(400)], "stars": [1, 2] * 200})
    plan, _ = written(said, tmp_path)
    assert (plan.config.data.text, plan.config.space.name) == ("review", "news")
    (tmp_path / "c.toml").unlink()
    days = [f"2024-{day // 28 + 1:02d}-{day % 28 + 1:02d}" for day in range(300)]
    load_table = {"date": days, "load": np.random.default_rng(0).normal(size=300).tolist()}
    plan, text = written(write_csv(tmp_path / "s.csv", load_table), tmp_path)
    assert (plan.config.data.target, plan.config.data.split) == ("load", "chronological")
    assert (plan.config.space.name, plan.config.objective.metric) == ("laboratory", "rmse")
    assert "# window = [16, 32, 64]" in text


def test_a_short_series_has_a_short_window(tmp_path):
    path = write_csv(tmp_path / "s.csv", {"date": [f"2024-01-{day:02d}" for day in range(1, 25)], "load": [*range(24)]})
    assert written(path, tmp_path)[0].config.data.window == 8


@pytest.mark.parametrize(("data", "test"), [("gait.csv", "gait_test.csv"), ("train.csv", "test.csv")])
def test_a_second_file_is_suggested_as_the_official_test_part(tmp_path, data, test):
    for name in (data, test):
        write_csv(tmp_path / name, columns((200, 200), steps=12))
    _, text = written(tmp_path / data, tmp_path)
    assert f'# test = "{tmp_path / test}"' in text
    (tmp_path / "c.toml").unlink()
    plan, text = written(tmp_path / data, tmp_path, "--test", tmp_path / test)
    assert plan.config.data.test == str(tmp_path / test)
    assert "# test" not in text


def test_names_and_values_are_escaped(tmp_path):
    path = write_npz(tmp_path / 'odd " na\nme.npz', columns((200, 200), names=("[a]\x1b\n", 'b"')))  # type: ignore[arg-type]
    plan, text = written(path, tmp_path)
    assert (plan.config.name, plan.config.data.dataset) == ("odd-na-me", str(path))
    assert text.replace("\n", "").isprintable()


def test_an_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "c.toml").write_text("mine")
    code, out, err = init(table(tmp_path), "--out", tmp_path / "c.toml")
    assert (code, out) == (2, "")
    assert "exists, and is not overwritten" in err
    assert (tmp_path / "c.toml").read_text() == "mine"


def test_a_dash_prints_the_file_and_writes_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = init(table(tmp_path), "--out", "-")
    assert code == 0
    assert out.startswith("# A first campaign")
    assert [path.name for path in tmp_path.iterdir()] == ["gait.csv"]


def test_the_default_is_a_file_in_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path)
    assert init("gait.csv", "--name", "walk")[1].splitlines() == [
        "walk.toml: written. Read its comments, then start it:",
        "  seqtune launch walk.toml",
    ]
    assert load(tmp_path / "walk.toml").config.name == "walk"


@pytest.mark.parametrize(
    ("extra", "words", "message"),
    [
        ({}, ["--label", "nope"], "data.label = 'nope': no such column"),
        ({}, ["--name", "a/b"], 'name = "a/b": letters, digits'),
        ({}, ["--text", "t0", "--target", "t1"], "holds texts or a series, not both"),
        ({"class": ["x", "y"] * 200}, [], "2 columns may be the label"),
    ],
)
def test_what_is_wrong_or_ambiguous_writes_nothing(tmp_path, extra, words, message):
    code, out, err = init(table(tmp_path, **extra), "--out", tmp_path / "c.toml", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["gait.csv"]


def test_a_class_of_two_rows_or_one_class_writes_nothing(tmp_path):
    for counts, message in (((60, 60, 2), "class c has 2 rows"), ((60,), "At least two classes")):
        code, _, err = init(table(tmp_path, counts), "--out", tmp_path / "c.toml")
        assert code == 2
        assert message in err
        assert not (tmp_path / "c.toml").exists()


def test_a_folder_that_is_not_there_is_the_users_error(tmp_path):
    code, _, err = init(table(tmp_path), "--out", tmp_path / "no" / "c.toml")
    assert code == 2
    assert "cannot be written" in err


@pytest.mark.datasets
@pytest.mark.parametrize("data", ["gestures", "heartbeats", "bbc", "airline", "mackey-glass", "synthetic"])
def test_known_data_sets_give_campaigns(data, datasets, tmp_path):
    path = tmp_path / "c.toml"
    assert init(data, "--datasets", datasets, "--out", path)[0] == 0
    assert load(path).config.data.dataset == data


@pytest.mark.ray
def test_the_file_is_launched_as_it_is(tmp_path):
    table(tmp_path, patient=[f"p{row % 20}" for row in range(400)])
    environment = {key: value for key, value in os.environ.items() if key != "SEQTUNE_DATASETS"}
    for words in (
        ["init", "gait.csv"],
        ["launch", "gait.toml", "--set", "search.trials=2", "--set", "train.epochs=1"],
    ):
        done = subprocess.run(
            [SEQTUNE, *words], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
    record = Home(tmp_path / "var").record("gait")
    assert [trial.status for trial in record.ended] == ["completed", "completed"]


def test_a_table_of_recordings_gives_windows_split_by_recording(tmp_path):
    rng = np.random.default_rng(0)
    steps = 12 * 100
    path = write_csv(
        tmp_path / "wrist.csv",
        {
            "recording": np.repeat(np.arange(12), 100).tolist(),
            "time": np.tile(np.arange(100), 12).tolist(),
            "ax": rng.normal(size=steps).tolist(),
            "label": np.tile(np.repeat(["rest", "walk"], 50), 12).tolist(),
        },
    )
    plan, text = written(path, tmp_path)
    data = plan.config.data
    assert (data.sequence, data.time, data.split) == ("recording", "time", "grouped")
    assert data.segment is not None
    assert data.segment.length == 10
    assert "# labels change within recordings" in text
