"""Code that a record names is run by no command, unless the user names the file."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from own_code_files import MODEL, load, write_campaign
from simulated import simulate
from tracking_stores import home_with_store
from typer.testing import CliRunner

from tuning.campaign import own_code
from tuning.cli.app import app
from tuning.journal.home import Home
from tuning.tracking.client import Store
from tuning.tracking.publisher import sync

MARK = "import pathlib\npathlib.Path({path!r}).touch()\n"


class Stranger(NamedTuple):
    """A home with a campaign by somebody else.  mark: the file that appears when its code runs."""

    home: Home
    code: Path
    mark: Path


def stranger(folder: Path, home: Home) -> Stranger:
    """Put a campaign into a home, whose journal names a file that leaves a mark; the file lies wherever it might."""
    mark = folder / "mark"
    path = write_campaign(folder, {"mine.py": MARK.format(path=str(mark)) + MODEL})
    plan = load(path)
    simulate(home, plan.config)
    (source,) = plan.sources
    for place in (home.campaign("own") / "mine.py", home.campaign("own") / "code" / f"{source.file.sha256}.py"):
        place.parent.mkdir(exist_ok=True)
        shutil.copy(folder / "mine.py", place)
    own_code.forget()
    del sys.modules[f"{own_code.PREFIX}{source.file.sha256}"]
    mark.unlink()
    return Stranger(home, folder / "mine.py", mark)


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    own_code.forget()


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return stranger(tmp_path, home_with_store(tmp_path / "home"))


def seqtune(found: Stranger, *words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, words), "--home", str(found.home.path)], catch_exceptions=False)
    return result.exit_code, result.output


@pytest.mark.server
def test_no_record_runs_code_that_the_user_did_not_name(found, tmp_path):
    export = tmp_path / "top.json"
    for words in (["status"], ["status", "own"], ["status", "own", "--events"], ["top", "own"], ["sync", "own"]):
        assert seqtune(found, *words)[0] == 0, words
    assert seqtune(found, "export", "own", "--out", export)[0] == 0
    store = Store(found.home.tracking_uri)
    run = next(store.runs(store.find_experiment("own"), {"seqtune.kind": "trial"})).id
    forms: list[list[object]] = [["own", "--trial", 0], [export, "--rank", 1], [run]]
    for form in forms:
        code, output = seqtune(found, "reproduce", *form)
        assert code == 2, output
        assert "was trained with code that is not run unless you name it" in output
        assert "--code PATH/mine.py" in output
    assert not found.mark.exists()


def test_a_copied_campaign_brings_no_code(found):
    assert not found.home.code.exists()
    code, output = seqtune(found, "reproduce", "own", "--trial", 0)
    assert (code, found.mark.exists()) == (2, False), output


def test_another_file_than_the_recorded_one_is_refused_and_not_run(found, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(found.code.read_text() + "# changed\n")
    code, output = seqtune(found, "reproduce", "own", "--trial", 0, "--code", other)
    assert (code, found.mark.exists()) == (2, False)
    assert "has sha256" in output
    assert "was trained with mine.py" in output


def test_a_file_with_the_recorded_hash_that_the_user_names_is_run(found):
    code, output = seqtune(found, "reproduce", "own", "--trial", 0, "--code", found.code)
    assert found.mark.exists()
    assert (code, "was trained on data with sha256" in output) == (2, True)  # its journal is of no real data


def test_code_for_a_trial_without_any_is_refused(found, tmp_path):
    path = write_campaign(tmp_path, {}, space="cnn2d")
    simulate(found.home, load(path, name="plain").config)
    code, output = seqtune(found, "reproduce", "plain", "--trial", 0, "--code", found.code)
    assert (code, found.mark.exists()) == (2, False)
    assert "was trained with no code. Leave --code out" in output


@pytest.mark.server
def test_artifacts_have_the_code_of_a_launch_and_none_of_a_copied_campaign(found, tmp_path):
    sync(found.home, "own")
    assert not list(found.home.artifacts.rglob("code/mine.py"))
    mine = home_with_store(tmp_path / "mine")
    plan = load(tmp_path / "own.toml")
    mine.keep_code(plan.sources)
    simulate(mine, plan.config)
    sync(mine, "own")
    copies = list(mine.artifacts.rglob("code/mine.py"))
    assert len(copies) == 4  # the campaign's run and three trials
    assert {path.read_bytes() for path in copies} == {found.code.read_bytes()}
