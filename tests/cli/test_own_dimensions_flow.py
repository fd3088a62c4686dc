"""The documents' own example of a learning-rate search, run on fewer rows: launch, top, export, reproduce, MLflow."""

import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from tuning.cli.app import app
from tuning.journal.home import Home

pytestmark = pytest.mark.ray

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
PAGE = Path("docs/models-and-spaces.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
(EXAMPLE,) = (text for text in EXAMPLES if text.startswith('name = "learning-rate"'))


class Launched(NamedTuple):
    home: Home
    file: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Launched:
    folder = tmp_path_factory.mktemp("own")
    home, file = Home(folder / "home"), folder / "learning-rate.toml"
    file.write_text(EXAMPLE)
    command: list[str | Path] = [SEQTUNE, "launch", file, "--set", "data.max_rows=600", "--home", home.path]
    return Launched(home, file, subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder))


def seqtune(*words: object) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_example_has_ten_lines_and_is_the_campaign_file() -> None:
    assert len(EXAMPLE.splitlines()) == 10
    assert tomllib.loads(EXAMPLE) == tomllib.loads(Path("campaigns/learning-rate.toml").read_text(encoding="utf-8"))


def test_the_search_stays_within_the_files_bounds_and_on_its_steps(launched: Launched) -> None:
    assert launched.done.returncode == 0, launched.done.stderr
    rows = json.loads(seqtune("status", "learning-rate", "--json", "--home", launched.home.path))["trials"]
    assert len(rows) == 12
    for row in rows:
        assert set(row["settings"]) == {"model.hidden", "train.learning_rate"}
        assert 1e-4 <= row["settings"]["train.learning_rate"] <= 1e-1
        assert row["settings"]["model.hidden"] in range(8, 65, 8)
    assert len({row["settings"]["train.learning_rate"] for row in rows}) == 12


def test_the_leaderboard_has_the_dimensions_as_columns(launched: Launched) -> None:
    head = seqtune("top", "learning-rate", "--home", launched.home.path)
    assert "hidden" in head
    assert "learning" in head


def test_mlflow_has_the_searched_values_and_the_declared_bounds(launched: Launched) -> None:
    with sqlite3.connect(launched.home.path / "mlflow.db") as store:
        params = store.execute("select key, value from params").fetchall()
    store.close()
    assert ("space.dimensions.train.learning_rate.high", "0.1") in params
    assert ("space.model", "cnn1d") in params
    assert sum(key == "train.learning_rate" for key, _ in params) >= 12


def test_an_exported_trial_reproduces_exactly(launched: Launched, tmp_path: Path) -> None:
    out = tmp_path / "top.json"
    seqtune("export", "learning-rate", "-k", 1, "--out", out, "--home", launched.home.path)
    assert "exact" in seqtune("reproduce", out, "--rank", 1, "--home", launched.home.path)


def test_other_bounds_are_refused_when_resuming(launched: Launched) -> None:
    changed = launched.file.with_name("changed.toml")
    changed.write_text(EXAMPLE.replace("high = 1e-1", "high = 1e-2"))
    result = CliRunner().invoke(app, ["launch", str(changed), "--home", str(launched.home.path)])
    assert result.exit_code == 2
    assert "space.dimensions.train.learning_rate.high: 0.1 -> 0.01" in result.output
