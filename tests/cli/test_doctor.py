"""Doctor: each check says what was found and what to do."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data import machine
from tuning.cli import doctor
from tuning.cli.app import app
from tuning.cli.doctor import TESTED, Check, examine
from tuning.journal.home import Home


def check(name: str, home: Path, datasets: Path | None = None) -> Check:
    return next(one for one in examine(Home(home), datasets) if one.name == name)


def test_what_counts_as_tested_is_what_the_constraints_pin() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==([\w.]+)", Path("constraints.txt").read_text(), re.MULTILINE))
    assert {name: pinned[name] for name in TESTED} == TESTED
    assert {"optuna", "scipy", "hyperopt"} <= set(TESTED)  # suggestions


def test_a_sound_installation_is_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = CliRunner(env={"SEQTUNE_DATASETS": "", "MLFLOW_TRACKING_URI": ""}).invoke(
        app, ["doctor", "--home", str(tmp_path / "home"), "--json"]
    )
    states = {row["name"]: row["state"] for row in json.loads(done.stdout)}
    assert done.exit_code == 0
    assert states["torch"] == states["home"] == states["MLflow store"] == states["data: synthetic"] == "ok"
    assert states["data: heartbeats"] == "warn"
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["doctor", "--home", str(tmp_path / "home")])
    assert done.exit_code == 1
    assert f"{tmp_path / 'home'} cannot be written: Not a directory; choose another --home" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Not ready: home")


def test_a_folder_of_data_sets_that_is_not_there_fails(tmp_path: Path) -> None:
    found = check("data sets", tmp_path, tmp_path / "nowhere")
    assert (found.state, found.found) == ("fail", f"{tmp_path / 'nowhere'}: no such folder; set --datasets")


def test_a_store_that_does_not_answer_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    found = check("MLflow store", tmp_path)
    assert found.state == "fail"
    assert "http://127.0.0.1:9" in found.found


def test_an_absent_package_fails_and_another_version_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TESTED", {"no-such-package": "1.0", "torch": "0.1"})
    absent, other = check("no-such-package", tmp_path), check("torch", tmp_path)
    assert (absent.state, absent.found) == ("fail", "absent; pip install no-such-package==1.0")
    assert other.state == "warn"
    assert "tested with 0.1" in other.found


def test_memory_is_that_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine_bytes", lambda: 600 * 2**20)
    found = check("memory", tmp_path)
    assert (found.state, found.found) == ("warn", "0.6 GiB; a driver and a worker need about 1000 MiB")
