"""Campaigns of the real driver and search whose workers only pretend to train: what they report is a formula."""

from dataclasses import replace
from functools import partial

import journals
import torch
from journals import ENVIRONMENT, failure
from safetensors.torch import save

from tuning.campaign.config import CampaignConfig
from tuning.campaign.objective import REGRESSION_METRICS
from tuning.campaign.plan import plan
from tuning.campaign.resume import resumed
from tuning.campaign.trial import TrialConfig
from tuning.campaign.variants import variants
from tuning.execution.driver import Driver
from tuning.execution.search_trials import SearchTrials
from tuning.execution.warm_start import earlier_results
from tuning.journal.events import DataRecord, Launched, Opened
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.journal.record import CampaignRecord, TrialRecord, fold
from tuning.search.suggest import ordered_search
from tuning.training.files import WEIGHTS
from tuning.training.loop import weights_sha256
from tuning.training.results import EpochReport


class CrashError(Exception):
    """The driver's process dies here."""


def simulate(
    home: Home, config: CampaignConfig, *, trials: int | None = None, crash_after: int = -1, workers: int = 2
) -> CampaignRecord:
    """Launch or resume; after ``crash_after`` reported epochs the process dies with ``workers`` running trials.

    Paths of a warm start are relative to the home.
    """
    path = home.journal(config.name)
    planned = replace(plan(config), folder=home.path)
    with Journal(path) as journal:
        if journal.entries:
            planned = resumed(planned, fold(journal.entries).config, trials=0)
        else:
            data = {variant: data_record(variant, config.objective.metric) for variant in variants(config)}
            warm_start = earlier_results(planned, home, data)
            dimensions = planned.space.described()
            journal.append(Opened(config=planned.complete, dimensions=dimensions, data=data, warm_start=warm_start))
        launched = Launched(environment=ENVIRONMENT, trials=trials or planned.trials, concurrency=2)
        opened = fold(journal.entries[:1])
        new_search = partial(ordered_search, planned.complete, planned.space, opened.data, opened.warm_start)
        driver = Driver(journal, SearchTrials(planned.space, new_search), launched=launched)
        flying: list[tuple[TrialConfig, int]] = []
        while True:
            while len(flying) < workers and (trial := driver.next_trial()) is not None:
                driver.started(trial.index)
                flying.append((trial, 0))
            if not flying:
                return driver.record
            if crash_after == 0:
                raise CrashError
            crash_after -= 1
            trial, epoch = flying.pop(0)
            if _epoch(driver, trial, epoch + 1):
                home.trial(config.name, trial.index).mkdir(parents=True, exist_ok=True)
                content = save(_weights(trial, len(driver.record.trials[trial.index].epochs)))
                (home.trial(config.name, trial.index) / WEIGHTS).write_bytes(content)
            else:
                flying.append((trial, epoch + 1))


def crash(home: Home, config: CampaignConfig, after: int) -> None:
    try:
        simulate(home, config, crash_after=after)
    except CrashError:
        return
    raise AssertionError("the campaign ended before it could crash")


def story(record: CampaignRecord) -> list[tuple[object, ...]]:
    """What must be equal wherever and in however many launches a campaign ran."""
    return [
        (t.config, t.assignment, t.same_as, t.reused, t.epochs, t.result, t.environment)
        for _, t in sorted(record.trials.items())
    ]


def when(trial: TrialRecord) -> tuple[int | None, ...]:
    """Start and end in milliseconds."""
    return tuple(None if at is None else round(at * 1000) for at in (trial.started_at, trial.ended_at))


def on_random(config: CampaignConfig) -> CampaignConfig:
    return config.model_copy(update={"search": config.search.model_copy(update={"algorithm": "random"})})


def data_record(variant: str, metric: str = "recall_macro") -> DataRecord:
    """One variant's data, of classes or of numbers as the metric asks."""
    return journals.data_record(variant, () if metric in REGRESSION_METRICS else ("N", "S+"))


def _epoch(driver: Driver, trial: TrialConfig, epoch: int) -> bool:
    """Report one epoch; whether it was the last."""
    if trial.train.batch_size == 48 and trial.index % 2:
        driver.ended(trial.index, failure("out of memory", epochs=epoch - 1), ENVIRONMENT)
        return True
    report = _report(trial, epoch)
    driver.reported(trial.index, [report])
    objective = report.metrics[trial.objective.metric]
    missed = [rung for rung in trial.rungs if rung.epoch == epoch and trial.objective.better(rung.threshold, objective)]
    if epoch < trial.train.epochs and not missed:
        return False
    end = journals.result(
        objective,
        status="stopped" if missed else "completed",
        reason="below the rung" if missed else None,
        epochs=epoch,
        best_epoch=epoch,
        best_metrics=report.metrics,
        confusion=[] if trial.objective.metric in REGRESSION_METRICS else [[3, 1], [0, 4]],
        weights_sha256=report.weights_sha256,
        seconds=1.5 * epoch,
    )
    driver.ended(trial.index, end, ENVIRONMENT)
    return True


def _weights(trial: TrialConfig, epoch: int) -> dict[str, torch.Tensor]:
    return {"weight": torch.tensor([trial.index, epoch, trial.model.dropout])}


def _report(trial: TrialConfig, epoch: int) -> EpochReport:
    score = 0.2 + trial.train.plateau_factor + trial.model.dropout / 7 + epoch / 90 + trial.train.batch_size / 990
    of_numbers = {"loss": 1 - score, "mae": 1e-4 * (1 - score), "rmse": 2e-4 * (1 - score), "r2": score}
    of_classes = {
        "loss": 1 - score,
        "accuracy": score,
        "recall_macro": score,
        "f1_macro": score / 3,
        "recall/S+": score,
    }
    return journals.report(
        epoch,
        train_loss=1 / 3 + 1 / epoch,
        train_objective=None,
        metrics=of_numbers if trial.objective.metric in REGRESSION_METRICS else of_classes,
        learning_rate=0.1 + 0.2,
        weights_sha256=weights_sha256(_weights(trial, epoch)),
    )
