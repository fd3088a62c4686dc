"""Homes: wrong ones are refused, nothing is created by looking, and campaigns are deleted whole."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from factories import campaign
from journals import journal
from typer.testing import CliRunner

from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import plan
from tuning.cli.app import app
from tuning.execution.launch import launch
from tuning.journal.home import Home
from tuning.training.environment import UNKNOWN, _commit


def run(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    done = CliRunner(env={"SEQTUNE_HOME": "", "COLUMNS": "200", "MLFLOW_TRACKING_URI": ""}).invoke(
        app, [*map(str, words)]
    )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("words", [["ui"], ["top", "tiny"], ["sync", "tiny"], ["delete", "tiny"], ["status", "tiny"]])
def test_a_home_that_does_not_exist_is_refused_and_not_created(tmp_path: Path, words: list[str]) -> None:
    code, _, err = run(*words, "--home", tmp_path / "nohome")
    assert code == 2
    assert f"--home {tmp_path / 'nohome'}: no such folder" in err
    assert not (tmp_path / "nohome").exists()


@pytest.mark.parametrize("words", [["status"], ["ui"], ["top", "tiny"], ["launch", "campaigns/demo.toml"]])
def test_a_file_as_home_is_refused(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, out, err = run(*words, "--home", tmp_path / "file")
    assert (code, out) == (2, "")
    assert f"--home {tmp_path / 'file'}: is a file. Name a folder" in err


def test_a_mistyped_campaign_suggests_the_near_name(tmp_path: Path) -> None:
    journal(Home(tmp_path), name="heartbeat-cnn2d")
    _, _, err = run("top", "heartbeat-cn2d", "--home", tmp_path)
    assert 'Did you mean "heartbeat-cnn2d"?' in err


def test_deleting_removes_journal_trials_and_lock_and_nothing_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("kept", "gone"):
        journal(home, name=name)
    home.trial("gone", 0).mkdir(parents=True)
    code, out, _ = run("delete", "gone", "--yes", "--home", tmp_path)
    assert (code, "3 of 3 trials ended" in out) == (0, True)
    assert home.names() == ["kept"]
    assert not home.campaign("gone").exists()
    assert not home.lock("gone").exists()


def test_deleting_asks_and_no_deletes_nothing(tmp_path: Path) -> None:
    journal(Home(tmp_path))
    done = CliRunner().invoke(app, ["delete", "tiny", "--home", str(tmp_path)], input="n\n")
    assert done.exit_code == 1
    assert "Delete campaign tiny (3 of 3 trials ended)" in done.stdout
    assert Home(tmp_path).names() == ["tiny"]


def test_a_campaign_with_a_damaged_journal_can_be_deleted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    journal(home)
    home.journal("tiny").write_bytes(b"damaged\n")
    assert run("delete", "tiny", "--yes", "--home", tmp_path)[0] == 0
    assert home.names() == []


def test_a_running_campaign_is_not_deleted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    journal(home, running=1)
    with home.locked("tiny"):
        code, _, err = run("delete", "tiny", "--yes", "--home", tmp_path)
    assert (code, "is being run by another process" in err) == (2, True)
    assert home.names() == ["tiny"]


def test_a_launch_that_fails_early_leaves_no_home_no_lock_and_no_campaign(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    config = campaign(data__dataset="heartbeats")
    with pytest.raises(Exception, match="SEQTUNE_DATASETS"):
        launch(plan(config), home=home, datasets=None, progress=lambda _: None)
    assert not home.path.exists()


def test_a_gpu_that_is_missing_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    home = Home(tmp_path / "home")
    with pytest.raises(CampaignError, match=r'resources\.device = "cuda": .* Set resources\.device = "cpu"'):
        launch(plan(campaign(resources__device="cuda")), home=home, datasets=None, progress=lambda _: None)
    assert not home.path.exists()


def test_a_run_that_the_store_lacks_is_refused_without_importing_mlflow(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mlflow.db") as store:
        store.execute("create table runs (run_uuid text)")
    store.close()
    script = (
        "import sys; from tuning.cli.app import main; sys.argv = ['seqtune', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 2, end.code\n"
        "assert not {'mlflow', 'torch', 'ray'} & set(sys.modules)"
    )
    words = ["reproduce", "0" * 32, "--home", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no such run" in done.stderr


def test_a_commit_that_git_does_not_tell_is_recorded_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: str, **__: Path) -> str:
        raise subprocess.TimeoutExpired("git", 10)

    monkeypatch.setattr("tuning.training.environment._git", fails)
    monkeypatch.delenv("SEQTUNE_COMMIT", raising=False)
    assert _commit.__wrapped__() == UNKNOWN


def test_the_default_home_is_never_the_system_s_var() -> None:
    seqtune = str(Path(sys.executable).with_name("seqtune"))
    plain = {name: value for name, value in os.environ.items() if name != "SEQTUNE_HOME"}
    done = subprocess.run([seqtune, "status"], cwd="/", capture_output=True, text=True, check=False, env=plain)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the default home ./var would be the system's /var here. Name a folder with --home" in done.stderr
