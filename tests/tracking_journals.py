"""Small journals written with the real Journal: what the tests of tracking publish."""

from pathlib import Path

from data.config import DataConfig
from models.configs import CNN2DConfig
from tuning.campaign.config import (
    CampaignConfig,
    CampaignData,
    DeviceConfig,
    SearchOptions,
    SpaceOptions,
    TrainConfig,
    TrialConfig,
)
from tuning.journal.events import (
    DataRecord,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Interrupted,
    Launched,
    Opened,
    Retried,
    Started,
    Suggested,
)
from tuning.journal.home import Home
from tuning.journal.log import Entry, Journal
from tuning.training.environment import Environment
from tuning.training.results import EpochReport, TrialResult

CLASSES = ("N", "S+", "V/F")

ENVIRONMENT = Environment(
    python="3.11.7",
    packages={"torch": "2.13.0", "numpy": "2.3.5"},
    platform="Linux x86_64",
    processor="AMD EPYC",
    isa="AVX512 avx2 avx512_f",
    threads=1,
    device="cpu",
    commit="0123456789ab+",
)

DATA = DataRecord(
    sha256="d" * 64,
    classes=CLASSES,
    steps=187,
    channels=1,
    train={"N": 800, "S+": 120, "V/F": 80},
    valid={"N": 200, "S+": 30, "V/F": 20},
    test={"N": 100, "S+": 15, "V/F": 10},
    epoch={"N": 800, "S+": 800, "V/F": 800},
)


def campaign(name: str = "beats", trials: int = 5) -> CampaignConfig:
    return CampaignConfig(
        name=name,
        seed=7,
        data=CampaignData(dataset="synthetic", balance="oversample"),
        space=SpaceOptions(name="cnn2d", fix={"model.dropout": 0.3}),
        search=SearchOptions(trials=trials),
    )


def trial(index: int, name: str = "beats") -> TrialConfig:
    return TrialConfig(
        campaign=name,
        index=index,
        seed=1000 + index,
        space="cnn2d",
        model=CNN2DConfig(hidden=64 + index, blocks=2),
        train=TrainConfig(epochs=3, learning_rate=0.1 + 0.2),
        data=DataConfig(dataset="synthetic", balance="oversample", split_seed=1, balance_seed=2),
        data_sha256=DATA.sha256,
        objective=campaign().objective,
        device=DeviceConfig(),
    )


def opened(name: str = "beats", trials: int = 5) -> Opened:
    dimensions = {"model.hidden": "integers 62 to 256", "train.learning_rate": "reals 1e-4 to 1, log"}
    return Opened(config=campaign(name, trials), dimensions=dimensions, data={"oversample": DATA})


def launched(trials: int = 5) -> Launched:
    return Launched(environment=ENVIRONMENT, trials=trials, concurrency=2)


def suggested(index: int, name: str = "beats", *, same_as: int | None = None, reused: bool = False) -> Suggested:
    config = trial(index, name)
    assignment = {"model.hidden": 64 + index, "train.learning_rate": config.train.learning_rate}
    return Suggested(trial=config, assignment=assignment, same_as=same_as, reused=reused)


def report(index: int, epoch: int) -> EpochReport:
    recall = {name: 0.5 + 0.01 * index + 0.05 * epoch + 0.001 * k for k, name in enumerate(CLASSES)}
    macro = sum(recall.values()) / len(recall)
    figures = dict.fromkeys(("accuracy", "balanced_accuracy", "recall_macro", "precision_macro", "f1_macro"), macro)
    return EpochReport(
        epoch=epoch,
        train_loss=1.0 / epoch,
        train_objective=macro + 0.1,
        metrics={"loss": 1.1 / epoch, **figures, **{f"recall/{name}": value for name, value in recall.items()}},
        learning_rate=0.1 + 0.2,
        weights_sha256=f"{index:032x}{epoch:032x}",
        seconds=0.25 + epoch,
    )


def result(index: int, epochs: int, status: str = "completed", reason: str | None = None) -> TrialResult:
    if not epochs:
        return TrialResult(status="failed", reason=reason)
    last = report(index, epochs)
    return TrialResult(
        status=status,
        reason=reason,
        epochs=epochs,
        best_epoch=epochs,
        objective=last.metrics["recall_macro"],
        best_metrics=last.metrics,
        confusion=[[150, 30, 20], [5, 20, 5], [4, 4, 12]],
        weights_sha256=last.weights_sha256,
        parameters=12_345,
        seconds=3.0 * epochs,
    )


def epochs(index: int, first: int, last: int) -> list[Event]:
    return [EpochEnded(trial=index, report=report(index, epoch)) for epoch in range(first, last + 1)]


def ended(index: int, count: int, status: str = "completed", reason: str | None = None) -> Ended:
    outcome = result(index, count, status, reason)
    return Ended(trial=index, result=outcome, environment=ENVIRONMENT if count else None)


def whole_trial(index: int, count: int = 3, name: str = "beats") -> list[Event]:
    start = [suggested(index, name), Started(trial=index, attempt=1)]
    return [*start, *epochs(index, 1, count), ended(index, count)]


def interrupted_first(name: str = "beats") -> list[Event]:
    """A launch with a completed and a failed trial, cut in trial 2."""
    return [
        opened(name),
        launched(),
        *whole_trial(0, name=name),
        suggested(1, name),
        suggested(2, name),
        Started(trial=1, attempt=1),
        Started(trial=2, attempt=1),
        *epochs(2, 1, 1),
        *epochs(1, 1, 1),
        Retried(trial=1, reason="worker died"),
        Started(trial=1, attempt=2, from_epoch=1),
        ended(1, 0, "failed", "out of memory"),
        *epochs(2, 2, 2),
        Interrupted(reason="Ctrl-C"),
    ]


def eventful(name: str = "beats") -> list[Event]:
    """All that can happen: an interruption, a continuation, a failed, a stopped and a reused trial."""
    return [
        *interrupted_first(name),
        launched(5),
        Started(trial=2, attempt=2, from_epoch=2),
        *epochs(2, 3, 3),
        ended(2, 3),
        suggested(3, name, same_as=0, reused=True),
        ended(3, 3),
        suggested(4, name, same_as=2),
        Started(trial=4, attempt=1),
        *epochs(4, 1, 1),
        ended(4, 1, "stopped", "below the rung at epoch 1"),
        Finished(trials=5),
    ]


def write(home: Home, events: list[Event], name: str = "beats") -> list[Entry]:
    """Append events to a campaign's journal; return all its entries."""
    home.campaign(name).mkdir(parents=True, exist_ok=True)
    with Journal(home.journal(name)) as journal:
        for event in events:
            journal.append(event)
        return list(journal.entries)


def weights(home: Home, index: int, name: str = "beats") -> Path:
    """Leave something where a trial's weights lie."""
    path = home.trial(name, index) / "weights.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes([index]) * 64)
    return path
