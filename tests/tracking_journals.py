"""The campaign that the tests of tracking publish: all that can happen to trials, with a class name to be escaped."""

from pathlib import Path

import factories
import torch
from journals import ENVIRONMENT, append, data_record
from journals import report as epoch_report
from journals import result as completed
from safetensors.torch import save_file

from tuning.campaign.config import CampaignConfig
from tuning.campaign.trial import TrialConfig
from tuning.journal.events import (
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
from tuning.journal.lines import Entry
from tuning.training.loop import weights_sha256
from tuning.training.results import EpochReport, TrialResult

CLASSES = ("N", "S+", "V/F")
DATA = data_record(
    "oversample", CLASSES, train={"N": 800, "S+": 120, "V/F": 80}, epoch={"N": 800, "S+": 800, "V/F": 800}
)


def campaign(name: str = "beats", trials: int = 5) -> CampaignConfig:
    return factories.campaign(
        name=name,
        seed=7,
        data={"dataset": "synthetic", "balance": "oversample"},
        space={"name": "cnn2d", "fix": {"model.dropout": 0.3}},
        search={"trials": trials, "startup_trials": 2},
    )


def trial(index: int, name: str = "beats") -> TrialConfig:
    return factories.trial(
        campaign=name,
        index=index,
        seed=1000 + index,
        model={"family": "cnn2d", "hidden": 64 + index, "blocks": 2},
        train={"epochs": 3, "learning_rate": 0.1 + 0.2},
        data__balance="oversample",
        data_sha256=DATA.sha256,
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
    means = dict.fromkeys(("accuracy", "balanced_accuracy", "recall_macro", "precision_macro", "f1_macro"), macro)
    return epoch_report(
        epoch,
        macro,
        train_loss=1.0 / epoch,
        metrics={"loss": 1.1 / epoch, **means, **{f"recall/{name}": value for name, value in recall.items()}},
        learning_rate=0.1 + 0.2,
        weights_sha256=weights_sha256(_weights(index, epoch)),
        seconds=0.25 + epoch,
    )


def result(index: int, epochs: int, status: str = "completed", reason: str | None = None) -> TrialResult:
    if not epochs:
        return TrialResult(status="failed", reason=reason)
    last = report(index, epochs)
    return completed(
        last.metrics["recall_macro"],
        status=status,
        reason=reason,
        epochs=epochs,
        best_epoch=epochs,
        best_metrics=last.metrics,
        confusion=[[150, 30, 20], [5, 20, 5], [4, 4, 12]],
        weights_sha256=last.weights_sha256,
        seconds=3.0 * epochs,
    )


def epochs(index: int, first: int, last: int) -> list[Event]:
    return [EpochEnded(trial=index, report=report(index, epoch)) for epoch in range(first, last + 1)]


def ended(index: int, count: int, status: str = "completed", reason: str | None = None) -> Ended:
    outcome = result(index, count, status, reason)
    return Ended(trial=index, result=outcome, environment=ENVIRONMENT if count else None)


def whole_trial(index: int, count: int = 3, name: str = "beats") -> list[Event]:
    start: list[Event] = [suggested(index, name), Started(trial=index, attempt=1)]
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
    return append(home.journal(name), events)


def weights(home: Home, index: int, name: str = "beats") -> Path:
    """Leave the weights of a trial's third epoch where they lie."""
    path = home.trial(name, index) / "weights.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(_weights(index, 3), path)
    return path


def _weights(index: int, epoch: int) -> dict[str, torch.Tensor]:
    return {"head.weight": torch.tensor([float(index), float(epoch)])}
