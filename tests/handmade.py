"""Journals made by hand: campaigns that nobody trained, for what only reads them."""

from collections.abc import Sequence

import factories

from tuning.campaign.config import CampaignConfig
from tuning.campaign.variants import variants
from tuning.journal.events import (
    DataRecord,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Interrupted,
    Launched,
    Opened,
    Started,
    Suggested,
)
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.training.environment import Environment
from tuning.training.results import EpochReport, TrialResult

DIMENSIONS = {
    "train.batch_size": "16, 32, 48",
    "model.dropout": "0.1 to 0.4",
    "train.plateau_factor": "0.1 to 0.4",
    "data.balance": "raw, oversample",
}
ENVIRONMENT = Environment(
    python="3.11.7",
    packages={"seqtune": "0.1.0", "torch": "2.13.0"},
    platform="Linux x86_64",
    processor="a processor",
    isa="AVX2",
    threads=1,
    device="cpu",
)
EPOCHS = 2


def journal(
    home: Home,
    *,
    name: str = "tiny",
    scores: Sequence[float | None] = (0.5, 0.8, 0.65),
    reused: Sequence[int] = (),
    running: int = 0,
    ending: Event | None = None,
    config: CampaignConfig | None = None,
    notes: tuple[str, ...] = (),
) -> CampaignConfig:
    """Write a campaign whose trials have these objectives; None is a trial that failed.

    reused: trials that took over trial 0's result.  running: trials under way after those.  ending: the last event.
    """
    config = config or factories.campaign(name=name, search__trials=len(scores) + running, train__epochs=EPOCHS)
    path = home.journal(name)
    path.parent.mkdir(parents=True)
    with Journal(path) as log:
        data = {variant: data_record(variant, notes) for variant in variants(config)}
        log.append(Opened(config=config, dimensions=DIMENSIONS, data=data))
        log.append(Launched(environment=ENVIRONMENT, trials=len(scores) + running, concurrency=2))
        for index, score in enumerate(scores):
            for event in trial_events(name, index, score, reused=index in reused):
                log.append(event)
        for index in range(len(scores), len(scores) + running):
            for event in trial_events(name, index, 0.1)[:3]:
                log.append(event)
        log.append(
            ending or (Interrupted(reason="interrupted by the user") if running else Finished(trials=len(scores)))
        )
    return config


def trial_events(name: str, index: int, score: float | None, *, reused: bool = False) -> list[Event]:
    """Suggestion, start, epochs and end of one trial."""
    balance = ("raw", "oversample")[index % 2]
    assignment = {
        "train.batch_size": (16, 32, 48)[index % 3],
        "model.dropout": 0.1 + index % 3 / 7,
        "train.plateau_factor": 0.25,
        "data.balance": balance,
    }
    trial = factories.trial(
        campaign=name,
        index=index,
        seed=1000 + index,
        data__balance=balance,
        data_sha256=data_record(balance).sha256,
        train__epochs=EPOCHS,
        train__batch_size=assignment["train.batch_size"],
        model__dropout=assignment["model.dropout"],
    )
    suggested = Suggested(trial=trial, assignment=assignment, same_as=0 if reused else None, reused=reused)
    if score is None:
        failed = TrialResult(status="failed", reason="loss is nan in epoch 1", seconds=1.0)
        return [suggested, Started(trial=index, attempt=1), Ended(trial=index, result=failed, environment=ENVIRONMENT)]
    reports = [report(1, score / 2), report(2, score)]
    ended = Ended(trial=index, result=result(score), environment=ENVIRONMENT)
    if reused:
        return [suggested, ended]
    return [
        suggested,
        Started(trial=index, attempt=1),
        *(EpochEnded(trial=index, report=one) for one in reports),
        ended,
    ]


def report(epoch: int, score: float) -> EpochReport:
    """One epoch."""
    return EpochReport(
        epoch=epoch,
        train_loss=1 / 3 + epoch,
        train_objective=score + 0.1,
        metrics={"loss": 1 - score, "accuracy": score, "recall_macro": score, "f1_macro": score / 3},
        learning_rate=1e-3,
        weights_sha256=f"{epoch:064x}",
        seconds=1.5,
    )


def result(score: float) -> TrialResult:
    """A completed trial's end."""
    return TrialResult(
        status="completed",
        epochs=EPOCHS,
        best_epoch=2,
        objective=score,
        best_metrics=report(2, score).metrics,
        confusion=[[3, 1], [0, 4]],
        weights_sha256="2".rjust(64, "0"),
        parameters=99,
        seconds=3.0,
    )


def data_record(balance: str, notes: tuple[str, ...] = ()) -> DataRecord:
    """One balance's data."""
    counts = {"N": 4, "S": 4}
    return DataRecord(
        sha256=("a" if balance == "raw" else "b") * 64,
        classes=("N", "S"),
        steps=187,
        channels=1,
        train=counts,
        valid=counts,
        test=counts,
        epoch=counts,
        notes=notes,
    )
