"""``seqtune report``: the file, the exit codes, and the copy in MLflow."""

import pytest
from report_journals import Trial, config, entries, interrupted, sampled, trials, write
from tracking_stores import contents, home_with_store
from typer.testing import CliRunner

from tuning.cli.app import app
from tuning.journal.home import Home
from tuning.tracking.publisher import sync


def seqtune(*words):
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Home(tmp_path / "home")


def test_the_page_is_written_where_asked_and_no_store_is_created(home, tmp_path):
    write(home, entries(trials(config())))
    out = tmp_path / "page.html"
    done = seqtune("report", "beats", "--out", out, "--home", home.path)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{out}: report of 30 trials, ")
    assert "not added to MLflow: the campaign is not published." in done.stdout
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not (home.path / "mlflow.db").exists()


def test_the_default_file_has_the_campaign_s_name(home, tmp_path, monkeypatch):
    write(home, entries(trials(config())))
    monkeypatch.chdir(tmp_path)
    assert seqtune("report", "beats", "--home", home.path).exit_code == 0
    assert (tmp_path / "beats.html").exists()


def test_a_campaign_without_an_ended_trial_has_no_page(home, tmp_path):
    write(home, entries([], config(), ending=interrupted()))
    out = tmp_path / "page.html"
    done = seqtune("report", "beats", "--out", out, "--home", home.path)
    assert done.exit_code == 1
    assert done.stderr == "seqtune: campaign 'beats': no trial has completed\n"
    assert not out.exists()


def test_failed_trials_alone_have_a_page_and_the_exit_code_of_top(home, tmp_path):
    failed = [Trial(settings=v, status="failed", epochs=0, reason="out of memory") for v in sampled(config(), 3)]
    write(home, entries(failed))
    out = tmp_path / "page.html"
    done = seqtune("report", "beats", "--out", out, "--home", home.path)
    assert done.exit_code == seqtune("top", "beats", "--home", home.path).exit_code == 1
    assert "no trial has completed" in done.stderr
    assert "out of memory" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("out", ["page.pdf", "missing/page.html"])
def test_a_file_that_cannot_be_written_is_a_user_s_error(home, tmp_path, out):
    write(home, entries(trials(config())[:3]))
    done = seqtune("report", "beats", "--out", tmp_path / out, "--home", home.path)
    assert done.exit_code == 2
    assert str(tmp_path / out) in done.stderr
    assert list(tmp_path.iterdir()) == [home.path]


@pytest.mark.server
def test_the_page_is_an_artifact_of_the_campaign_s_run_and_replaced_the_next_time(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = home_with_store(tmp_path / "home")
    write(home, entries(trials(config())[:12]))
    out = tmp_path / "page.html"
    assert "not published" in seqtune("report", "beats", "--out", out, "--home", home.path).stdout
    sync(home, "beats")
    before = contents(home.tracking_uri)
    for _ in range(2):
        done = seqtune("report", "beats", "--out", out, "--home", home.path)
        assert "added to the campaign's run in MLflow" in done.stdout
    after = contents(home.tracking_uri)
    (parent,) = (run for run in after if run["name"] == "beats")
    assert parent["artifacts"].pop("report.html").encode("latin-1") == out.read_bytes()
    assert after == before


@pytest.mark.server
def test_a_store_that_is_away_costs_the_copy_and_not_the_page(home, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    write(home, entries(trials(config())[:12]))
    out = tmp_path / "page.html"
    done = seqtune("report", "beats", "--out", out, "--home", home.path)
    assert done.exit_code == 0
    assert "not added to MLflow: http://127.0.0.1:9: the MLflow store cannot be used" in done.stderr
    assert out.exists()
