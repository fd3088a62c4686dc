"""A campaign as Optuna's storage."""

import resource

import optuna
import pytest
from optuna.trial import TrialState
from report_journals import config, entries, interrupted, trials, write
from typer.testing import CliRunner

from tuning.campaign.errors import StoreError
from tuning.cli.app import app
from tuning.journal.home import Home
from tuning.journal.record import fold
from tuning.report.storage import write_storage


def test_optuna_reads_every_ended_trial_back(tmp_path):
    record = fold(entries(trials(config())))
    file = tmp_path / "beats.db"
    file.write_text("an older file")
    assert write_storage(record, file) == 30
    assert list(tmp_path.iterdir()) == [file]
    study = optuna.load_study(study_name="beats", storage=f"sqlite:///{file}")
    assert study.metric_names == ["recall_macro"]
    assert len(study.trials) == 30
    assert study.best_trial.user_attrs["index"] == record.ranked()[0].index
    assert study.best_value == record.ranked()[0].objective
    states = [trial.state for trial in study.trials]
    assert {state: states.count(state) for state in set(states)} == {
        TrialState.COMPLETE: sum(trial.status == "completed" for trial in record.ended),
        TrialState.PRUNED: sum(trial.status == "stopped" for trial in record.ended),
        TrialState.FAIL: sum(trial.status == "failed" for trial in record.ended),
    }
    for frozen, trial in zip(study.trials, record.ended, strict=True):
        assert frozen.intermediate_values == {r.epoch: r.metrics["recall_macro"] for r in trial.epochs}
        assert frozen.params["dropout"] == trial.assignment["model.dropout"]
        assert frozen.user_attrs["seed"] == trial.config.seed


@pytest.mark.parametrize("room", [0, 100_000, 150_000])
def test_a_file_that_cannot_grow_is_one_error_and_leaves_nothing(tmp_path, room):
    """As on a full disk.  room: bytes that a file may have, of 160,000."""
    record = fold(entries(trials(config())))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(StoreError) as caught:
            write_storage(record, tmp_path / "beats.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value).startswith(f"{tmp_path / 'beats.db'}: cannot be written: ")
    assert str(caught.value).endswith(". Choose another --out")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def seqtune(*words):
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)


def test_the_command_writes_it(tmp_path):
    home = Home(tmp_path / "home")
    write(home, entries(trials(config())))
    out = tmp_path / "beats.db"
    done = seqtune("export", "beats", "--format", "optuna", "--out", out, "--home", home.path)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{out}: Optuna study 'beats' of 30 trials",
        f"look at it: optuna-dashboard sqlite:///{out}",
    ]
    assert out.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "optuna", "--out", "x.json"), "unknown suffix. Allowed with --format optuna: .db, .sqlite3"),
        (("--out", "x.db"), "unknown suffix. Allowed: .json, .toml, .csv"),
        (("--format", "optuna", "--out", "missing/x.db"), "cannot be written: No such file"),
        (("--format", "pickle", "--out", "x.db"), "optuna"),
    ],
)
def test_what_cannot_be_written_is_a_user_s_error(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    home = Home(tmp_path / "home")
    write(home, entries(trials(config())[:3]))
    done = seqtune("export", "beats", *words, "--home", home.path)
    assert done.exit_code == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == [home.path]


def test_nothing_ended_is_no_study(tmp_path):
    home = Home(tmp_path / "home")
    write(home, entries([], config(), ending=interrupted()))
    done = seqtune("export", "beats", "--format", "optuna", "--out", tmp_path / "x.db", "--home", home.path)
    assert done.exit_code == 1
    assert not (tmp_path / "x.db").exists()
