"""The example of docs/own-code.md as a user runs it: on Ray workers, killed, resumed, and reproduced elsewhere."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tuning.campaign import own_code
from tuning.execution import trainable
from tuning.journal.home import Home

pytestmark = pytest.mark.ray

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = ("--trials", "3", "--set", "data.max_rows=600", "--set", "train.epochs=3", "--json")


def seqtune(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SEQTUNE, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the example's campaign: killed in its first trials, resumed, then its files removed."""
    folder = tmp_path_factory.mktemp("launched")
    for name in ("inception.py", "inception.toml"):
        shutil.copy(EXAMPLES / name, folder)
    home = Home(tmp_path_factory.mktemp("home"))
    command = ["launch", "inception.toml", *SMALL, "--home", home.path]
    first = subprocess.Popen(
        [SEQTUNE, *map(str, command)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    journal = home.journal("inception")
    deadline = time.monotonic() + 120
    while not (journal.exists() and '"kind":"epoch"' in journal.read_text()):
        assert time.monotonic() < deadline
        assert first.poll() is None
        time.sleep(0.1)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    done = seqtune(*command, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["metric"] == "geometric_mean"
    assert "code: inception.py (sha256 " in done.stderr
    (folder / "inception.py").write_text("raise SystemExit('changed')\n")
    return home


def test_every_trial_is_of_the_user_s_family_and_has_its_metric(launched: Home):
    record = launched.record("inception")
    assert [trial.status for trial in record.trials.values()] == ["completed"] * 3
    assert len(record.launches) == 2
    for trial in record.trials.values():
        assert str(trial.config.model.family) == "inception"
        assert trial.result.objective == trial.result.best_metrics["geometric_mean"]


def test_a_changed_file_resumes_nothing(launched: Home):
    folder = Path(launched.record("inception").code_paths[0]).parent
    shutil.copy(EXAMPLES / "inception.py", folder)
    with (folder / "inception.py").open("a") as file:
        file.write("# changed\n")
    before = launched.journal("inception").read_bytes()
    done = seqtune("launch", "inception.toml", *SMALL, "--home", launched.path, cwd=folder)
    assert done.returncode == 2
    assert "campaign 'inception' was launched with other code:" in done.stderr
    assert launched.journal("inception").read_bytes() == before


def test_a_trial_is_reproduced_from_the_home_s_copy_in_another_folder(launched: Home, tmp_path: Path):
    done = seqtune("reproduce", "inception", "--trial", 1, "--json", "--home", launched.path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "exact"
    assert "has changed since: sha256" in done.stderr
    assert "The recorded copy is used" in done.stderr


def test_an_export_is_reproduced_where_the_user_names_the_file(launched: Home, tmp_path: Path):
    exported = seqtune("export", "inception", "--out", "top.json", "--home", launched.path, cwd=tmp_path)
    assert f"--code {launched.code}" in exported.stdout
    words = ("reproduce", "top.json", "--rank", 1, "--home", tmp_path / "another")
    refused = seqtune(*words, cwd=tmp_path)
    assert refused.returncode == 2
    assert "inception.py, sha256" in refused.stderr
    done = seqtune(*words, "--code", EXAMPLES / "inception.py", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["verdict"] == "exact"


def test_a_node_of_a_cluster_loads_what_it_was_sent(
    launched: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    trial = launched.record("inception").trials[0].config
    sha256 = trial.code[0].sha256
    config = {"trial": trial.model_dump_json(), "arrays": "/none", "folder": str(tmp_path), "code": "/none"}
    worker = trainable.TrialTrainable.__new__(trainable.TrialTrainable)
    try:
        content = (launched.code / f"{sha256}.py").read_bytes()
        worker.setup(config | {"wall_s": None, "test": False}, code={sha256: content})
        assert worker.problem is None
        assert type(worker.run.trial.model).__name__ == "InceptionConfig"
        own_code.forget()
        worker.setup(config | {"wall_s": None, "test": False}, code={sha256: b"raise SystemExit"})
        assert '"blocked":"code"' in worker.step()["progress"]
    finally:
        own_code.forget()
