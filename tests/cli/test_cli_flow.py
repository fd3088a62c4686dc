"""The main job through the command line: launch, export, and reproduce in all four forms."""

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from factories import csv_table
from typer.testing import CliRunner

from tuning.analysis.configurations import configurations
from tuning.cli.app import app
from tuning.journal.home import Home

pytestmark = pytest.mark.ray

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
CAMPAIGN = """\
name = "flow"
seed = 3
[data]
dataset = "{table}"
balance = ["raw", "oversample"]
[space]
name = "cnn2d"
fix = {{ hidden = 62, layers = 2, blocks = 1 }}
[search]
trials = {trials}
window = 2
startup_trials = 2
[train]
epochs = 2
"""


class Launched(NamedTuple):
    home: Home
    file: Path
    code: int
    out: str
    err: str


def written(folder: Path, trials: int) -> Path:
    file = folder / "flow.toml"
    file.write_text(CAMPAIGN.format(table=csv_table(folder / "table.csv"), trials=trials))
    return file


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Launched:
    folder = tmp_path_factory.mktemp("flow")
    home, file = Home(folder / "my home"), written(folder, 3)
    done = subprocess.run(
        [SEQTUNE, "launch", file, "--home", home.path], capture_output=True, text=True, check=False, cwd=folder
    )
    return Launched(home, file, done.returncode, done.stdout, done.stderr)


def reproduced(home: Home, *words: object) -> tuple[int, list[str]]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["reproduce", *map(str, words), "--home", str(home.path)], catch_exceptions=False
    )
    return done.exit_code, done.output.splitlines()


def runs(home: Home, kind: str) -> Sequence[str]:
    """Ids of the runs of a kind, straight from MLflow's tables."""
    with sqlite3.connect(home.path / "mlflow.db") as store:
        found = store.execute("select run_uuid from tags where key = 'seqtune.kind' and value = ?", (kind,)).fetchall()
    store.close()
    return [run for (run,) in found]


def test_a_launch_prints_a_line_a_trial_then_the_leaderboard_and_what_to_do_next(launched: Launched) -> None:
    assert (launched.code, launched.err) == (0, "")
    lines = launched.out.splitlines()
    assert sorted(line[:4] for line in lines if " completed  recall_macro " in line) == ["t000", "t001", "t002"]
    assert "flow: finished, 3 of 3 trials completed" in lines
    assert any(line.startswith("  seqtune export flow -k 10 --out flow-top10.json --home ") for line in lines)
    assert "MLflow is behind" not in launched.out


def test_every_command_under_next_runs_as_pasted(launched: Launched) -> None:
    commands = [line.strip() for line in launched.out.partition("Next:")[2].splitlines() if line.strip()]
    assert [shlex.split(command)[1] for command in commands] == ["export", "reproduce", "ui"]
    path = f"{Path(SEQTUNE).parent}:{os.environ['PATH']}"
    for command in commands:
        if " ui " in command:  # serves until it is stopped: reading its help shows that the options are accepted
            command += " --help"  # noqa: PLW2901 - one more word
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=launched.file.parent,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_mlflow_has_every_trial_and_the_campaign(launched: Launched) -> None:
    assert (len(runs(launched.home, "campaign")), len(runs(launched.home, "trial"))) == (1, 3)


def test_a_second_launch_trains_nothing_and_shows_the_same_leaderboard(launched: Launched) -> None:
    before = launched.home.journal("flow").read_bytes()
    again = subprocess.run(
        [SEQTUNE, "launch", launched.file, "--home", launched.home.path], capture_output=True, text=True, check=False
    )
    assert again.returncode == 0
    assert " completed  recall_macro " not in again.stdout
    board = "flow: finished, 3 of 3"
    assert again.stdout.partition(board)[2].split("Next:")[0] == launched.out.partition(board)[2].split("Next:")[0]
    assert launched.home.journal("flow").read_bytes() == before


@pytest.mark.parametrize("form", ["trial", "seed", "run", "json", "toml"])
def test_a_trial_reproduces_exactly_in_every_form(launched: Launched, tmp_path: Path, form: str) -> None:
    home = launched.home
    if form == "trial":
        words: list[object] = ["flow", "--trial", 0]
    elif form == "seed":
        words = ["flow", "--seed", home.record("flow").trials[1].config.seed]
    elif form == "run":
        words = [runs(home, "trial")[0]]
    else:
        file = tmp_path / f"top.{form}"
        exported = CliRunner().invoke(app, ["export", "flow", "--out", str(file), "--home", str(home.path)])
        assert exported.exit_code == 0
        words = [file, "--rank", 2]
    before = len(runs(home, "reproduce"))
    code, lines = reproduced(home, *words)
    assert (code, lines.count("exact")) == (0, 1)
    assert "environment: same versions, processor, instruction set and threads" in lines
    assert len(runs(home, "reproduce")) == before + 1


def test_with_replicates_a_launch_names_the_first_trial_of_the_best_configuration_and_so_does_an_export(
    tmp_path: Path,
) -> None:
    home, file = Home(tmp_path / "home"), written(tmp_path, 4)
    words = [SEQTUNE, "launch", str(file), "--set", "search.replicates=2", "--home", str(home.path)]
    launched = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    best = configurations(home.record("flow"))[0]
    assert [trial.config.index for trial in best.completed] in ([0, 1], [2, 3])
    first = best.completed[0].config.index
    assert f"seqtune reproduce flow --trial {first} " in launched.stdout
    assert f"   1  t{first:03d}-t{first + 1:03d}  " in launched.stdout
    top = tmp_path / "top.json"
    CliRunner().invoke(app, ["export", "flow", "--out", str(top), "--home", str(home.path)])
    code, lines = reproduced(home, top, "--rank", 1)
    assert (code, lines.count("exact")) == (0, 1)
    assert lines[0].startswith(f"t{first:03d} of flow")


def test_an_export_trains_again_in_a_home_that_never_saw_the_campaign(launched: Launched, tmp_path: Path) -> None:
    file = tmp_path / "top.json"
    CliRunner().invoke(app, ["export", "flow", "--out", str(file), "--home", str(launched.home.path)])
    code, lines = reproduced(Home(tmp_path / "other"), file, "--rank", 1)
    assert (code, lines.count("exact")) == (0, 1)


def test_a_record_that_is_not_true_is_found_to_differ(launched: Launched, tmp_path: Path) -> None:
    file = tmp_path / "top.json"
    CliRunner().invoke(app, ["export", "flow", "--out", str(file), "--home", str(launched.home.path)])
    document = json.loads(file.read_text())
    document["entries"][0]["epochs"][1]["metrics"]["recall_macro"] += 0.25
    file.write_text(json.dumps(document))
    code, lines = reproduced(launched.home, file, "--rank", 1)
    assert (code, lines.count("differs at epoch 2")) == (1, 1)


def test_an_export_made_from_other_data_is_refused(launched: Launched, tmp_path: Path) -> None:
    file = tmp_path / "top.json"
    CliRunner().invoke(app, ["export", "flow", "--out", str(file), "--home", str(launched.home.path)])
    other = tmp_path / "other.csv"
    csv_table(other, rows=150)
    document = json.loads(file.read_text())
    for entry in document["entries"]:
        entry["config"]["data"]["dataset"] = str(other)
    file.write_text(json.dumps(document))
    code, lines = reproduced(launched.home, file, "--rank", 1)
    assert code == 2
    assert "was trained on data with sha256" in lines[-1]
