"""Regressions, many classes and classes that are words: what is refused, recorded, shown and published of them."""

import io
import json
from itertools import pairwise

import pytest
from factories import campaign, csv_table
from journals import result
from rich.console import Console
from simulated import data_record, on_random, simulate, story
from tracking_stores import contents, home_with_store

from tuning.analysis.export import export
from tuning.analysis.export_file import read, write
from tuning.analysis.leaderboard import leaderboard
from tuning.analysis.status import campaign as summary_of
from tuning.analysis.trials import trial_row
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import check_task, plan
from tuning.cli.event_text import line as event_line
from tuning.cli.live import ended_line, headline
from tuning.cli.status import _show_trials
from tuning.cli.top import show
from tuning.execution.launch import launch
from tuning.journal.home import Home
from tuning.journal.log import read as read_journal
from tuning.journal.text import score
from tuning.tracking.adopt import adopt
from tuning.tracking.artifacts import confusion_figure
from tuning.tracking.layout import dataset_input
from tuning.tracking.publisher import sync

CLASSES = ("N", "S")
FORECAST = on_random(campaign(objective__metric="rmse", data__balance="raw", data__window=[8, 16], search__trials=4))


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2"])
def test_a_metric_of_numbers_is_refused_for_classes(metric):
    with pytest.raises(
        CampaignError, match=rf'objective\.metric = "{metric}": .* 2 classes, .* one of accuracy, .*loss$'
    ):
        check_task(campaign(objective__metric=metric), CLASSES)


@pytest.mark.parametrize("metric", ["accuracy", "recall_macro", "f1_macro"])
def test_a_metric_of_classes_is_refused_for_numbers(metric):
    with pytest.raises(CampaignError, match=rf'"{metric}": .* a numeric target.* one of loss, mae, rmse, r2$'):
        check_task(campaign(objective__metric=metric), ())


def refusal(config, names):
    """The message with which a task refuses a configuration; None where it accepts it."""
    try:
        check_task(config, names)
    except CampaignError as error:
        return str(error)
    return None


def test_a_metric_of_the_other_task_is_no_response_of_a_comparison():
    config = campaign(comparison={"factor": "model.hidden", "response": "accuracy"}, objective__metric="rmse")
    with pytest.raises(
        CampaignError, match=r'comparison\.response = "accuracy": .* a numeric target.* one of loss, mae'
    ):
        check_task(config, ())


@pytest.mark.parametrize("names", [CLASSES, ()])
def test_the_loss_is_a_metric_of_both_tasks(names):
    assert refusal(campaign(objective__metric="loss"), names) is None
    assert refusal(campaign(objective__metric="rmse" if names else "accuracy"), names) is not None


def test_windows_of_what_is_no_series_are_refused():
    with pytest.raises(CampaignError, match=r"data\.window = \[8, 16\]: 'synthetic' is not a series"):
        check_task(campaign(data__window=[8, 16]), CLASSES)


@pytest.mark.parametrize("metric", ["rmse", "recall_macro"])
def test_a_launch_with_an_objective_of_the_other_kind_writes_no_journal(tmp_path, metric):
    home = Home(tmp_path / "home")
    table = csv_table(tmp_path / "table.csv", steps=3)
    data = {"dataset": str(table), "target": "t0", "window": 4} if metric == "recall_macro" else {"dataset": str(table)}
    data["split"] = "chronological" if metric == "recall_macro" else "stratified"
    config = campaign(data=data, objective__metric=metric)
    if metric == "recall_macro":
        csv = table.read_text().splitlines()
        table.write_text("\n".join(line.rpartition(",")[0] for line in csv) + "\n")
    with pytest.raises(CampaignError, match="for which this metric is not defined"):
        launch(plan(config), home=home, datasets=None, progress=lambda _: None)
    assert home.names() == []


def printed(shown, width=200):
    text = io.StringIO()
    shown(Console(file=text, width=width))
    return text.getvalue()


@pytest.fixture(scope="module")
def forecast(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("forecast"))
    return home, simulate(home, FORECAST)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    home = home_with_store(tmp_path_factory.mktemp("published"))
    record = simulate(home, FORECAST)
    sync(home, "tiny")
    return home, record


def test_the_smallest_error_stands_first_beside_the_other_errors(forecast):
    board = leaderboard(forecast[1], 10)
    errors = [row.objective for row in board.ranked]
    assert errors == sorted(errors)
    lines = printed(lambda target: show(board, target)).splitlines()
    assert lines[1] == "ranked by rmse (lowest first), validation split, best epoch of each trial"
    heads = next(line for line in lines if line.startswith("rank ")).split()
    assert heads[:5] == ["rank", "trial", "rmse", "mae", "r2"]
    assert {"accuracy", "macro"}.isdisjoint(heads)
    assert f"{errors[0]:.4g}" in next(line for line in lines if line.split()[:1] == ["1"])


def test_states_lines_and_events_tell_the_error_with_four_digits(forecast):
    home, record = forecast
    best = record.ranked()[0]
    figure = f"{best.result.objective:.4g}"
    entries = read_journal(home.journal("tiny"))
    summary, rows = summary_of(home, "tiny", entries), [trial_row(trial) for trial in record.trials.values()]
    assert f"best {figure} (t" in printed(lambda target: _show_trials(summary, rows, target))
    assert f"best rmse {figure}" in headline(record, list(record.trials.values()), 1.0)
    assert f"rmse {figure} (epoch" in ended_line(record, best)
    words = [event_line(entry, "rmse") for entry in entries]
    assert "data raw window=8 " in words[0]
    assert any(f"rmse {figure} in epoch" in line for line in words)


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_a_forecast_is_exported_and_read_back(forecast, tmp_path, suffix):
    exported = export(forecast[1], 3)
    write(exported, tmp_path / f"top{suffix}")
    assert read(tmp_path / f"top{suffix}") == exported.entries
    assert exported.entries[0].data.classes == ()
    assert set(exported.data_sha256) == {"raw window=8", "raw window=16"}


@pytest.mark.server
def test_a_forecast_s_runs_have_errors_and_no_confusion(published):
    runs = contents(published[0].tracking_uri, "tiny")
    trials = [run for run in runs if run["name"] != "tiny" and run["status"] == "FINISHED"]
    assert trials
    for run in trials:
        assert {key for key in run["metrics"] if key.startswith("best_")} == {
            "best_epoch",
            *(f"best_{name}" for name in ("loss", "mae", "rmse", "r2")),
        }
        assert sorted(set(run["artifacts"]) - {"weights.safetensors"}) == ["curves.csv", "trial.json"]
        ((_, _, profile, _),) = run["inputs"]
        assert json.loads(profile)["train"] == {"rows": 8}


@pytest.mark.server
def test_a_forecast_is_adopted_whole(published, tmp_path):
    home, record = published
    new = Home(tmp_path)
    adopt(new, "tiny", home.tracking_uri, lambda *_: None)
    assert story(new.record("tiny")) == story(record)


@pytest.mark.parametrize(
    ("changes", "features", "targets"),
    [
        ({}, "float32", "int64"),
        ({"tokens": 5002}, "int32", "int64"),
        ({"classes": ()}, "float32", "float32"),
    ],
)
def test_a_data_set_s_schema_tells_numbers_from_tokens_and_classes(changes, features, targets):
    dataset = dataset_input("mine.csv", "raw", data_record("raw").model_copy(update=changes))
    schema = json.loads(dataset.schema)["mlflow_tensorspec"]
    types = [json.loads(schema[part])[0]["tensor-spec"]["dtype"] for part in ("features", "targets")]
    assert types == [features, targets]


@pytest.mark.parametrize(
    ("classes", "turned"),
    [
        (("N", "S", "V", "F", "Q"), False),
        (tuple(map(str, range(1, 21))), False),
        (("business", "entertainment", "politics", "sport", "tech"), True),
    ],
    ids=["letters", "twenty", "words"],
)
def test_the_names_of_classes_do_not_overlap(classes, turned):
    counts = [[5 * (row == column) for column in classes] for row in classes]
    figure = confusion_figure(counts, classes)
    figure.canvas.draw()
    labels = figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == list(classes)
    assert [label.get_rotation() == 90 for label in labels] == [turned] * len(classes)
    boxes = [label.get_window_extent() for label in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("name", ["$10_$20", "a$b", "$\\frac$", "x_1^2"])
def test_class_names_are_drawn_as_they_are_and_not_as_mathematics(name):
    figure = confusion_figure([[3, 1], [0, 4]], (name, "other"))
    figure.canvas.draw()
    assert figure.axes[0].get_xticklabels()[0].get_text().replace("\\$", "$") == name


def test_the_figure_of_sixty_classes_stays_small():
    classes = [f"class {k}" for k in range(60)]
    figure = confusion_figure([[5 * (a == b) for a in classes] for b in classes], classes)
    assert max(figure.get_size_inches()) <= 16
    assert len(figure.axes[0].texts) == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8123, "0.8123"),
        (0.0, "0.0000"),
        (-0.25, "-0.2500"),
        (0.001, "0.0010"),
        (0.00012345, "0.0001234"),
        (1.5e-7, "1.5e-07"),
        (12345.678, "12345.6780"),
        (None, ""),
    ],
)
def test_a_metric_is_told_with_four_decimals_or_four_digits(value, text):
    assert score(value) == text


def mixed(record):
    """One trial lacks a dimension, another a metric: as where families of models differ."""
    first, second = record.ranked()[:2]
    first.assignment = {path: v for path, v in first.assignment.items() if path != "train.batch_size"}
    figures = {name: value for name, value in result(0.5).best_metrics.items() if name != "f1_macro"}
    second.result = second.result.model_copy(update={"best_metrics": figures})
    return record


def test_trials_of_different_dimensions_stand_in_one_table(tmp_path):
    record = mixed(simulate(Home(tmp_path), on_random(campaign(search__trials=6))))
    lines = printed(lambda target: show(leaderboard(record, 6), target)).splitlines()
    heads, best = (next(line for line in lines if line.split()[:1] == [word]) for word in ("rank", "1"))
    assert "size" in heads
    assert len(best.split()) < len(lines[lines.index(best) + 2].split())


def test_trials_of_different_dimensions_are_exported_as_one_table(tmp_path):
    record = mixed(simulate(Home(tmp_path), on_random(campaign(search__trials=6))))
    exported = export(record, 6)
    write(exported, tmp_path / "top.csv")
    header, first, second = (tmp_path / "top.csv").read_text().splitlines()[:3]
    names = header.split(",")
    assert first.split(",")[names.index("batch_size")] == ""
    assert second.split(",")[names.index("best_f1_macro")] == ""
