"""Names in MLflow that users' own queries and dashboards rely on: update them knowingly."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name
from tracking_journals import eventful, trial, weights, write
from tracking_stores import contents, experiment_tags, home_with_store

from models.configs import CNNGRUConfig
from tuning.journal.log import read
from tuning.tracking.campaign_files import add_to_campaign
from tuning.tracking.layout import ARTIFACTS, KEY_LENGTH, KINDS, METRICS, Tag, metric_key, parameters
from tuning.tracking.publisher import sync


def test_kinds_are_frozen():
    assert KINDS == ("campaign", "trial", "reproduce", "confirmation", "confirm")


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


def test_metrics_are_frozen():
    assert METRICS == (
        "train/loss",
        "train/<metric>",
        "train/learning_rate",
        "valid/<metric>",
        "seconds",
        "best/<metric>",
        "best/epoch",
        "test/<metric>",
        "model/parameters",
        "model/weight_bytes",
        "model/latency_ms",
        "model/latency_batch_ms",
        "total_seconds",
        "search/objective",
        "search/best",
    )


def test_artifacts_are_frozen():
    assert ARTIFACTS == (
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


COMMON = """version campaign index seed space data_sha256 rungs objective.metric device.threads device.device
train.epochs train.batch_size train.optimizer train.learning_rate train.weight_decay train.scheduler
train.plateau_factor train.plateau_patience train.early_stopping_patience train.precision train.batching
data.dataset data.label data.columns data.ignore data.group data.text data.target data.test data.split
data.valid_fraction data.test_fraction
data.max_rows data.duplicates data.vocabulary data.max_length data.window data.horizon data.smote_neighbors
data.majority_kept data.balance data.split_seed data.balance_seed
data.sequence data.time data.channels data.segment data.scale"""


@pytest.mark.parametrize(
    ("model", "own"),
    [
        (trial(0).model, "family embedding hidden layers blocks dropout residual squeeze_excite dilation pooling"),
        (
            CNNGRUConfig(),
            """family embedding cnn_hidden gru_hidden gru_layers blocks dropout residual squeeze_excite dilation
            layer_norm attention_heads""",
        ),
    ],
)
def test_a_trial_s_parameters_are_frozen(model, own):
    named = parameters(trial(0).model_copy(update={"model": model}))
    assert sorted(named) == sorted([*COMMON.split(), *(f"model.{name}" for name in own.split())])


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


def test_usual_metric_names_stay_as_they_are():
    usual = ["valid/recall_macro", "valid/recall/N", "valid/precision/Walking upstairs", "best/f1_macro"]
    assert [metric_key(name) for name in usual] == usual
