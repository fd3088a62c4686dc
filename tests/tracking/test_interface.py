"""Names in MLflow that users' own queries and dashboards rely on: update them knowingly."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name
from tracking_journals import eventful, result, trial, weights, write
from tracking_stores import contents, experiment_tags, home_with_store

from models.configs import CNNGRUConfig
from tuning.journal.log import read
from tuning.tracking.campaign_files import add_to_campaign
from tuning.tracking.layout import (
    KEY_LENGTH,
    Tag,
    configuration,
    flatten,
    metric_key,
    parameters,
    result_rows,
    single_key,
)
from tuning.tracking.publisher import sync

METRICS = (
    "train/loss",
    "train/<metric>",
    "train/learning_rate",
    "valid/<metric>",
    "seconds",
    "best_<metric>",
    "best_epoch",
    "test_<metric>",
    "model_parameters",
    "model_weight_bytes",
    "model_latency_ms",
    "model_latency_batch_ms",
    "total_seconds",
    "search/objective",
    "search/best",
)
ARTIFACTS = (
    "campaign.json",
    "leaderboard.json",
    "leaderboard.csv",
    "trial.json",
    "confusion.json",
    "confusion.png",
    "curves.csv",
    "weights.safetensors",
    "confirmation.json",
    "confirmation.csv",
    "report.html",
)


def test_tags_are_frozen():
    assert [*Tag] == [
        "seqtune.kind",
        "seqtune.campaign",
        "seqtune.campaign.id",
        "seqtune.campaign.opened_at",
        "seqtune.campaign.status",
        "seqtune.campaign.cause",
        "seqtune.campaign.reason",
        "seqtune.campaign.trials",
        "seqtune.campaign.best_trial",
        "seqtune.campaign.test_opened",
        "seqtune.layout",
        "seqtune.confirms.trial",
        "seqtune.confirms.seed",
        "seqtune.confirms.split",
        "seqtune.trial.index",
        "seqtune.trial.seed",
        "seqtune.trial.status",
        "seqtune.trial.reason",
        "seqtune.trial.same_as",
        "seqtune.data.sha256",
        "seqtune.weights.sha256",
        "seqtune.commit",
        "seqtune.environment.python",
        "seqtune.environment.packages",
        "seqtune.environment.platform",
        "seqtune.environment.processor",
        "seqtune.environment.isa",
        "seqtune.environment.threads",
        "seqtune.environment.device",
        "seqtune.reproduces",
        "seqtune.reproduction.verdict",
        "seqtune.reproduction.differs_at_epoch",
        "seqtune.reproduction.environment_differences",
        "mlflow.parentRunId",
        "mlflow.source.name",
        "mlflow.source.type",
        "mlflow.source.git.commit",
        "mlflow.note.content",
    ]


def test_a_trial_s_parameters_are_what_is_searched_and_what_differs_from_the_defaults():
    config = trial(3).model_copy(update={"model": CNNGRUConfig(dropout=0.25)})
    shown = parameters(config, ["train.learning_rate", "model.gru_layers"])
    assert {name: value for name, value in shown.items() if name.startswith("model.")} == {
        "model.family": "cnn-gru",
        "model.dropout": "0.25",
        "model.gru_layers": str(CNNGRUConfig().gru_layers),
    }
    whole = configuration(config)
    changed = flatten(config.model_dump(mode="json", exclude_defaults=True))
    assert shown.items() <= whole.items()
    assert {*changed} - {*shown} == {"campaign", "index", "seed", "data_sha256"}
    assert len(shown) < 20 < len(whole)


@pytest.mark.server
def test_nothing_else_is_published(tmp_path):
    home = home_with_store(tmp_path / "home")
    weights(home, 2)
    write(home, eventful())
    sync(home, "beats")
    assert add_to_campaign(home, read(home.journal("beats"))[0], {"report.html": "<!DOCTYPE html>"})
    runs = contents(home.tracking_uri)
    assert {tag for run in runs for tag in run["tags"]} - {*Tag} == {"mlflow.runName"}
    campaign_id = read(home.journal("beats"))[0].event.id
    assert {*experiment_tags(home.tracking_uri)} == {
        "mlflow.experimentKind",
        "seqtune.campaign",
        f"mlflow.sharedViewState.{campaign_id}",
    }
    of_confirmations = {"confirmation.json", "confirmation.csv"}  # see tests/execution/test_confirm.py
    assert {name for run in runs for name in run["artifacts"]} == {*ARTIFACTS} - of_confirmations
    families = {name.partition("<")[0] for name in METRICS if "<" in name}
    assert {key for run in runs for key in run["metrics"] if not key.startswith(tuple(families))} == {
        name for name in METRICS if not name.startswith(tuple(families))
    }
    assert {key for run in runs for key in run["metrics"] if key.startswith("train/")} == {
        "train/loss",
        "train/recall_macro",
        "train/learning_rate",
    }


@given(st.text(min_size=1, max_size=300))
def test_any_metric_s_name_becomes_one_that_mlflow_takes(name):
    key = metric_key(f"valid/recall/{name}")
    _validate_metric_name(key)
    assert len(key) <= KEY_LENGTH
    assert posixpath.normpath(key) == key
    assert key.startswith("valid/")


@given(st.lists(st.sampled_from(["N+", "N-", "N*", "N", "a/b", "a//b", "..", "é", "N" * 300, "N" * 301]), unique=True))
def test_classes_of_different_names_have_metrics_of_different_names(names):
    assert len({metric_key(f"valid/recall/{name}") for name in names}) == len(names)


def test_single_figures_have_no_slash_so_that_mlflow_plots_them_below_the_curves():
    rows = {row.key: row.value for row in result_rows(result(1, 3), 0)}
    assert {"total_seconds", "best_epoch", "best_recall_macro", "best_recall.N"} < {*rows}
    assert not [key for key in rows if "/" in key]
    assert single_key("best", "recall/a/b") == "best_recall.a_2fb"
    before = {row.key for row in result_rows(result(1, 3), 0, layout=1)}
    assert {"best/epoch", "best/recall_macro", "best/recall/N", "model/parameters"} < before
    assert len(before) == len(rows)


def test_usual_metric_names_stay_as_they_are():
    usual = ["valid/recall_macro", "valid/recall/N", "valid/precision/Walking upstairs", "best_f1_macro"]
    assert [metric_key(name) for name in usual] == usual
