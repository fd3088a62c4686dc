"""The layout of a campaign in MLflow: names, tags, parameters, metrics and artifacts, as plain values."""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Literal, NamedTuple

from tuning.campaign.config import CampaignConfig
from tuning.campaign.trial import TrialConfig
from tuning.journal.events import DataRecord
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.training.results import EpochReport, TrialResult

MODEL = "model"
"""The folder of artifacts with the MLflow model of a kept trial."""

CODE = "code"
"""The folder of artifacts with the user's code, where a campaign has some."""

LAYOUT = 2
"""Version of the names of single figures; in version 1 they had a slash, as ``best/accuracy``.

What precedes a slash is a section of MLflow's plots, in alphabetical order; names without one are below all sections.
"""

IDENTITY = {"version", "campaign", "name", "index", "seed", "data_sha256", "code"}
"""Fields of configurations that are tags or artifacts, and no parameters."""

FINAL = 0
"""The step of single values: MLflow plots a metric with step 0 only as a bar, others as a curve."""

EXPERIMENT_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""The experiment's tag that selects MLflow's pages for model training."""

KEY_LENGTH = 250
"""Longest metric name that MLflow's stores accept."""

RunStatus = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
"""A run's status in MLflow; KILLED is an interrupted campaign or trial."""


class Tag(StrEnum):
    """Every tag that a run may carry."""

    RUN_KIND = "seqtune.kind"
    CAMPAIGN = "seqtune.campaign"
    CAMPAIGN_ID = "seqtune.campaign.id"
    CAMPAIGN_OPENED_AT = "seqtune.campaign.opened_at"
    CAMPAIGN_STATUS = "seqtune.campaign.status"
    CAMPAIGN_CAUSE = "seqtune.campaign.cause"
    CAMPAIGN_REASON = "seqtune.campaign.reason"
    CAMPAIGN_TRIALS = "seqtune.campaign.trials"
    BEST_TRIAL = "seqtune.campaign.best_trial"
    TEST_OPENED = "seqtune.campaign.test_opened"
    LAYOUT = "seqtune.layout"
    CONFIRMS = "seqtune.confirms.trial"
    CONFIRMS_SEED = "seqtune.confirms.seed"
    CONFIRMS_SPLIT = "seqtune.confirms.split"
    INDEX = "seqtune.trial.index"
    SEED = "seqtune.trial.seed"
    STATUS = "seqtune.trial.status"
    REASON = "seqtune.trial.reason"
    SAME_AS = "seqtune.trial.same_as"
    DATA = "seqtune.data.sha256"
    WEIGHTS = "seqtune.weights.sha256"
    COMMIT = "seqtune.commit"
    PYTHON = "seqtune.environment.python"
    PACKAGES = "seqtune.environment.packages"
    PLATFORM = "seqtune.environment.platform"
    PROCESSOR = "seqtune.environment.processor"
    ISA = "seqtune.environment.isa"
    THREADS = "seqtune.environment.threads"
    DEVICE = "seqtune.environment.device"
    REPRODUCES = "seqtune.reproduces"
    VERDICT = "seqtune.reproduction.verdict"
    DIFFERS_AT = "seqtune.reproduction.differs_at_epoch"
    ENVIRONMENT_DIFFERENCES = "seqtune.reproduction.environment_differences"
    PARENT = "mlflow.parentRunId"
    SOURCE_NAME = "mlflow.source.name"
    SOURCE_TYPE = "mlflow.source.type"
    GIT_COMMIT = "mlflow.source.git.commit"
    NOTE = "mlflow.note.content"


class Row(NamedTuple):
    """One metric value.  at: Unix time, ms;  step: epoch, number of ended trials, or FINAL."""

    key: str
    value: float
    at: int
    step: int


class DatasetInput(NamedTuple):
    """A data set in MLflow.  digest: at most 36 characters;  source, schema, profile: JSON."""

    name: str
    digest: str
    source: str
    schema: str
    profile: str


def milliseconds(at: float) -> int:
    """Convert a journal's time, in seconds, to MLflow's."""
    return round(at * 1000)


def flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return dotted path -> text: strings unchanged, all else as JSON, which keeps floats exactly."""
    flat: dict[str, str] = {}
    for key, item in value.items():
        path = f"{prefix}{key}"
        if isinstance(item, Mapping):
            flat |= flatten(item, f"{path}.")
        else:
            flat[path] = item if isinstance(item, str) else json.dumps(item)
    return flat


def configuration(config: TrialConfig | CampaignConfig) -> dict[str, str]:
    """Return a whole configuration as dotted path -> text."""
    return flatten(config.model_dump(mode="json"))


def parameters(config: TrialConfig | CampaignConfig, searched: Iterable[str] = ()) -> dict[str, str]:
    """Return what a run has as parameters: the searched values, the family, and what differs from the defaults.

    The whole configuration is an artifact, ``trial.json`` or ``campaign.json``.
    """
    shown = {*flatten(config.model_dump(mode="json", exclude_defaults=True)), "model.family", *searched}
    return {
        path: value
        for path, value in configuration(config).items()
        if path in shown and path.partition(".")[0] not in IDENTITY
    }


def metric_key(name: str) -> str:
    """Return a metric's name as MLflow accepts it; different names stay different.

    MLflow accepts letters, digits, ``_ - . /`` and blanks, and only normalised paths.  Other characters become ``_``
    and their code point: ``recall/N+`` -> ``recall/N_2b``.
    """
    key = re.sub(r"[^/\w.\- ]", _escaped, name)
    if posixpath.normpath(key) != key or key.startswith(("/", "..")):
        first, _, rest = key.partition("/")  # the rest may contain a class's name
        key = f"{first}/{re.sub(r'[/.]', _escaped, rest)}" if rest else re.sub(r"[/.]", _escaped, key)
    if len(key) > KEY_LENGTH:
        digest = hashlib.sha256(name.encode()).hexdigest()[:12]
        key = f"{key[: KEY_LENGTH - len(digest) - 1].rstrip('/. ')}-{digest}"
    return key


def _escaped(match: re.Match[str]) -> str:
    return f"_{ord(match[0]):02x}"


def epoch_rows(report: EpochReport, metric: str, at: int) -> list[Row]:
    """Return one epoch's metrics.  metric: the objective's."""
    objective = report.train_objective
    return [
        Row("train/loss", report.train_loss, at, report.epoch),
        *([] if objective is None else [Row(metric_key(f"train/{metric}"), objective, at, report.epoch)]),
        Row("train/learning_rate", report.learning_rate, at, report.epoch),
        *(Row(metric_key(f"valid/{name}"), value, at, report.epoch) for name, value in report.metrics.items()),
        Row("seconds", report.seconds, at, report.epoch),
    ]


def single_key(group: str, name: str, layout: int = LAYOUT) -> str:
    """Return the metric's name of a single figure: ``best`` and ``recall/N`` -> ``best_recall.N``."""
    return metric_key(f"{group}/{name}" if layout == 1 else f"{group}_{name}".replace("/", ".", 1).replace("/", "_2f"))


def result_rows(result: TrialResult, at: int, layout: int = LAYOUT) -> Iterator[Row]:
    """Return a trial's final metrics."""
    yield Row("total_seconds", result.seconds, at, FINAL)
    costs = {name: getattr(result, name) for name in ("parameters", "weight_bytes", "latency_ms", "latency_batch_ms")}
    groups: dict[str, Mapping[str, float | None]] = {"model": costs}
    if result.best_epoch is not None:
        groups["best"] = {"epoch": result.best_epoch, **result.best_metrics}
    if result.test is not None:
        groups["test"] = result.test.metrics
    for group, figures in groups.items():
        for name, value in figures.items():
            if value is not None:
                yield Row(single_key(group, name, layout), value, at, FINAL)


def experiment_tags(campaign: str) -> dict[str, str]:
    """Return the tags of a campaign's experiment."""
    return EXPERIMENT_KIND | {Tag.CAMPAIGN: campaign}


def common_tags(kind: str, campaign: str, campaign_id: str | None) -> dict[str, str]:
    """Return the tags of every run.  campaign_id: None where the campaign's journal is not known."""
    tags: dict[str, str] = {
        Tag.RUN_KIND: kind,
        Tag.CAMPAIGN: campaign,
        Tag.SOURCE_NAME: "seqtune",
        Tag.SOURCE_TYPE: "LOCAL",
    }
    return tags if campaign_id is None else tags | {Tag.CAMPAIGN_ID: campaign_id}


def trial_tags(trial: TrialConfig) -> dict[str, str]:
    """Return the tags of a trial, known before it trains."""
    return {Tag.INDEX: str(trial.index), Tag.SEED: str(trial.seed), Tag.DATA: trial.data_sha256}


def result_tags(result: TrialResult) -> dict[str, str]:
    """Return the tags of an ended trial's result."""
    tags: dict[str, str] = {Tag.STATUS: result.status}
    if result.reason is not None:
        tags[Tag.REASON] = result.reason
    if result.weights_sha256 is not None:
        tags[Tag.WEIGHTS] = result.weights_sha256
    return tags


def trial_note(trial: TrialRecord, record: CampaignRecord, home: Home) -> str:
    """Return a trial's description, Markdown."""
    rows = "\n".join(f"| {path} | {value} |" for path, value in trial.assignment.items())
    words = ("reproduce", record.config.name, "--trial", trial.index)
    command = home.command(*words, datasets=record.datasets, absolute=True)
    return f"Train it again and compare: `{command}`\n\n| searched | value |\n| --- | --- |\n{rows}"


def campaign_note(record: CampaignRecord, home: Home) -> str:
    """Return a campaign's description, Markdown.  It names the best trial, or trial 0 before one has completed."""
    name = record.config.name
    rows = "\n".join(f"| {path} | {described} |" for path, described in record.dimensions.items())
    best = next(iter(record.ranked(1)), None)
    what = "Train a trial again and compare" if best is None else f"Train the best, {best.name}, again and compare"
    words = ("reproduce", name, "--trial", 0 if best is None else best.index)
    return (
        f"{what}: `{home.command(*words, datasets=record.datasets, absolute=True)}`\n\n"
        f"Leaderboard: `{home.command('top', name, absolute=True)}`; "
        f"report, also added to this run: `{home.command('report', name, absolute=True)}`\n\n"
        f"Export the best 10: `{home.command('export', name, '-k', 10, '--out', 'top10.json', absolute=True)}`\n\n"
        f"| searched | values |\n| --- | --- |\n{rows}"
    )


def opened_tests(record: CampaignRecord) -> str:
    """Return when and for what a campaign's test part was opened."""
    return "; ".join(
        f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC, best {len(asked.trials)}, {asked.seeds} seeds, "
        f"{asked.splits} fresh splits, after {asked.ended} trials"
        for at, asked in record.tests
    )


def dataset_input(dataset: str, variant: str, data: DataRecord) -> DatasetInput:
    """Return one prepared variant of a data set; the digest is the start of the arrays' SHA-256."""
    features = _tensor("float32" if data.tokens is None else "int32", data.steps, data.channels)
    targets = _tensor("int64" if data.classes else "float32")
    schema = {"mlflow_tensorspec": {"features": features, "targets": targets}}
    profile = {
        "num_rows": sum(data.train.values()) + sum(data.valid.values()) + sum(data.test.values()),
        "variant": variant,
        **data.model_dump(mode="json", exclude={"notes"}),
    }
    return DatasetInput(
        name=f"{PurePath(dataset).name}, {variant}",
        digest=data.sha256[:36],
        source=json.dumps({"uri": dataset}),
        schema=json.dumps(schema),
        profile=json.dumps(profile),
    )


def _tensor(dtype: str, *shape: int) -> str:
    """Return MLflow's description of an array with any number of rows."""
    return json.dumps([{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, *shape]}}])
