"""What a campaign will cost, told before it is launched."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import csv_table
from typer.testing import CliRunner

from tuning.campaign.file import load
from tuning.cli.app import app
from tuning.planning import duration
from tuning.planning import estimate as estimating
from tuning.planning.duration import Range, halved_epochs, wall_range

FILE = """
name = "mine"
seed = 1
[data]
dataset = "{table}"
[space]
name = "cnn1d"
[search]
trials = 20
[train]
epochs = 10
early_stopping_patience = 3
{more}
"""


@pytest.fixture
def campaign(tmp_path: Path) -> Any:
    def write(more: str = "", rows: int = 120) -> Path:
        table = csv_table(tmp_path / "t.csv", rows=rows)
        path = tmp_path / "mine.toml"
        path.write_text(FILE.format(table=table, more=more), encoding="utf-8")
        return path

    return write


def run(tmp_path: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["plan", *arguments, "--home", str(tmp_path / "var")])


def test_epochs_of_some_rows_are_named_below_the_rows(tmp_path: Path, campaign: Any) -> None:
    done = run(tmp_path, str(campaign("epoch_rows = 50")), "--quick")
    assert done.exit_code == 0, done.stderr
    assert "epochs take 50 of the rows under epoch in turn" in done.stdout
    assert "in turn" not in run(tmp_path, str(campaign()), "--quick").stdout


def test_quick_times_nothing_and_shows_data_space_and_parameters(tmp_path: Path, campaign: Any) -> None:
    found = json.loads(run(tmp_path, str(campaign()), "--quick", "--json").stdout)
    assert found["wall_s"] is None
    assert found["search"]["random"] + found["search"]["model_based"] == 20
    assert sum(found["data"]["raw"]["train"].values()) > sum(found["data"]["raw"]["valid"].values()) > 0
    assert [one["which"] for one in (found["timed"][0], found["timed"][-1])] == ["smallest", "largest"]
    assert found["timed"][0]["parameters"] < found["timed"][-1]["parameters"]
    assert {tuple(one["epochs"]) for one in found["timed"]} == {(4, 10)}
    assert not (tmp_path / "var" / "campaigns").exists()


def test_suggestions_before_the_first_result_are_random(tmp_path: Path, campaign: Any) -> None:
    path = campaign()
    path.write_text(path.read_text().replace("trials = 20", "trials = 20\nwindow = 20"))
    found = json.loads(run(tmp_path, str(path), "--quick", "--json").stdout)
    assert (found["search"]["random"], found["search"]["model_based"]) == (20, 0)
    assert any("with search.window = 20 none is made after a result is known" in text for text in found["findings"])


def test_given_configurations_are_counted_apart_from_random_ones(tmp_path: Path, campaign: Any) -> None:
    given = "search.first=[{ layers = 2 }, { layers = 3 }]"
    plain, found = (
        json.loads(run(tmp_path, str(campaign()), "--quick", "--json", *more).stdout)["search"]
        for more in ((), ("--set", given))
    )
    assert (plain["given"], found["given"]) == (0, 2)
    assert (found["random"], found["model_based"]) == (plain["random"] - 2, plain["model_based"])


@pytest.mark.parametrize(
    ("more", "total", "below"),
    [
        ("splits = 3", r"all +72 +24 +24 +72", "each of the 3 splits"),
        (
            "folds = 7",
            r"all +82 to 83 +13 to 14 +24 +82 to 83",
            "each of the 7 folds",
        ),
        ('balance = ["raw", "smote"]\nsplits = 3', r"all +72 +24 +24 +72", "each of the 3 splits"),
    ],
)
def test_folds_and_splits_are_one_table(tmp_path: Path, campaign: Any, more: str, total: str, below: str) -> None:
    path = campaign()
    path.write_text(path.read_text().replace("[space]", f"{more}\n[space]").replace("trials = 20", "trials = 21"))
    text = CliRunner().invoke(app, ["plan", str(path), "--quick", "--home", str(tmp_path / "home")]).output
    assert len(re.findall(total, text)) == 1, text
    assert f"rows of {below}, fewest to most where they differ\n" in text


def test_timed_plans_predict_a_range_for_both_precisions(
    tmp_path: Path, campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "LIMIT_S", 4.0)
    shown = run(tmp_path, str(campaign()))
    assert shown.exit_code == 0, shown.output
    assert "duration, float32   about " in shown.output
    assert "duration, bfloat16  about " in shown.output
    assert "20 trials, 2 at a time" in shown.output


def test_a_small_space_whose_random_draws_repeat_is_within_its_limits(tmp_path: Path, campaign: Any) -> None:
    path = campaign()
    small = 'model = "cnn1d"\ndimensions = { hidden = [8, 16] }'
    path.write_text(path.read_text(encoding="utf-8").replace('name = "cnn1d"', small), encoding="utf-8")
    assert json.loads(run(tmp_path, str(path), "--quick", "--json").stdout)["search"]["feasible"] == 1


def test_limits_are_said_with_the_share_that_meets_them(tmp_path: Path, campaign: Any) -> None:
    path = str(campaign("[limits]\nparameters = 20000\n"))
    found = json.loads(run(tmp_path, path, "--quick", "--json").stdout)
    assert 0 < found["search"]["feasible"] < 1
    assert any("more than limits.parameters = 20,000" in text for text in found["findings"])
    drawn = [one for one in found["timed"] if one["which"] == "random"]
    assert all(one["parameters"] <= 20_000 for one in drawn)
    path = str(campaign("[limits]\nparameters = 1\n"))
    found = json.loads(run(tmp_path, path, "--quick", "--json").stdout)
    assert any("no configuration met the limits" in text for text in found["findings"])


def test_few_validation_rows_of_a_class_are_said(tmp_path: Path, campaign: Any) -> None:
    assert "class A has 2 validation rows" in run(tmp_path, str(campaign(rows=20)), "--quick").output


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[limits]\nparameters = -5\n", "limits.parameters"),
        ("[limits]\nmemory_mb = 0\n", "limits.memory_mb"),
        ("[limits]\nlatency_ms = 3\n", "limits.latency_ms"),
    ],
)
def test_wrong_limits_are_one_message(tmp_path: Path, campaign: Any, more: str, message: str) -> None:
    wrong = run(tmp_path, str(campaign(more)), "--quick")
    assert wrong.exit_code == 2
    assert message in wrong.output
    assert not (tmp_path / "var").exists()


def test_bounds_contain_what_is_expected_and_grow_with_the_trials(campaign: Any) -> None:
    planned = load(campaign())
    rows: list[tuple[tuple[int, int], float | None]] = [((4, 10), 1.0), ((4, 10), 3.0), ((4, 10), None)]
    found = wall_range(planned, rows)
    assert isinstance(found, Range)
    assert found.low < found.expected < found.high
    more = wall_range(load(campaign(), trials=40), rows)
    assert more is not None
    assert more.expected > 1.8 * found.expected - 15
    assert wall_range(planned, [((4, 10), None)]) is None


def test_usable_cores_decide_the_duration_here_and_workers_that_on_a_cluster(
    campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    rows: list[tuple[tuple[int, int], float | None]] = [((10, 10), 1.0)]
    expected = []
    for cores, address in ((1, ""), (2, ""), (1, 'address = "auto"')):
        monkeypatch.setattr(duration, "cores", lambda cores=cores: cores)
        found = wall_range(load(campaign(f"[resources]\nconcurrency = 2\n{address}\n")), rows)
        assert found is not None
        expected.append(found.expected)
    one, two, cluster = expected
    assert one > 1.8 * two
    assert cluster == two


def test_successive_halving_is_expected_to_stop_most_trials(campaign: Any) -> None:
    halving = load(campaign())
    assert halved_epochs(halving, 4, 10) == 7
    train = halving.config.train.model_copy(
        update={"early_stopping": "successive-halving", "grace_epochs": 1, "early_stopping_patience": 10}
    )
    search = halving.config.search.model_copy(update={"window": 4})
    halving = replace(halving, config=halving.config.model_copy(update={"train": train, "search": search}))
    stopped = 1 + 2 / 3 + 6 / 9 + 1 / 27  # rungs at epochs 1, 3 and 9, of 10 epochs
    assert halved_epochs(halving, 1, 10) == pytest.approx((6 * 10 + 14 * stopped) / 20)
