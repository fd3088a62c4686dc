"""A journal's events as text."""

import time

from tuning.journal.events import (
    ConfirmationRequest,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Interrupted,
    Launched,
    Noted,
    Opened,
    OpenedTest,
    Retried,
    Started,
    Suggested,
)
from tuning.journal.lines import Entry
from tuning.journal.text import duration, score, settings, trial_name, warm_start_text


def asked_for(request: ConfirmationRequest) -> str:
    """Return what a confirmation was asked for."""
    splits = f", {request.splits} fresh splits" if request.splits else ""
    return f"confirmation of the best {len(request.trials)}, {request.seeds} seeds{splits}"


def line(entry: Entry, metric: str) -> str:
    """Return number, local time and what happened.  metric: the campaign's objective."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.at))
    return f"{entry.n:>5}  {at}  {words(entry.event, metric)}"


def words(event: Event, metric: str) -> str:
    """Return what happened."""
    match event:
        case Opened():
            data = ", ".join(f"{variant} {record.sha256[:12]}" for variant, record in event.data.items())
            warm = f", warm start with {warm_start_text(event.warm_start)}" if event.warm_start else ""
            return f'opened: space "{event.config.space.title}", seed {event.config.seed}, data {data}{warm}'
        case Launched():
            there = event.environment
            versions = ", ".join(f"{name} {version}" for name, version in there.packages.items())
            return (
                f"launched for {event.trials} trials: python {there.python}, {versions}; {there.processor}, {there.isa}"
            )
        case Suggested() if event.confirms is not None:
            which = event.confirms
            split = f", split {which.split}" if which.split else ""
            return f"{trial_name(event.trial.index)}: {trial_name(which.trial)} again with seed {which.seed + 1}{split}"
        case Suggested():
            same = "" if event.same_as is None else f" (same values as {trial_name(event.same_as)})"
            return f"{trial_name(event.trial.index)} suggested: {settings(event.assignment)}{same}"
        case Started():
            after = f", from epoch {event.from_epoch + 1}" if event.from_epoch else ""
            attempt = f" (attempt {event.attempt}{after})" if event.attempt > 1 else ""
            return f"{trial_name(event.trial)} started{attempt}"
        case EpochEnded():
            report = event.report
            figure = score(report.metrics.get(metric))
            return f"{trial_name(event.trial)} epoch {report.epoch}: {metric} {figure}, {duration(report.seconds)}"
        case Ended():
            result = event.result
            figure = (
                "" if result.objective is None else f", {metric} {score(result.objective)} in epoch {result.best_epoch}"
            )
            reason = f": {result.reason}" if result.reason else ""
            return f"{trial_name(event.trial)} {result.status}{figure}{reason}"
        case Retried():
            return f"{trial_name(event.trial)} is retried: {event.reason}"
        case Noted():
            whose = "" if event.trial is None else f"{trial_name(event.trial)} "
            return f"{whose}note: {event.text}"
        case Interrupted():
            return f"interrupted: {event.reason}"
        case OpenedTest():
            asked = event.confirmation
            return f"test part opened: {asked_for(asked)}, after {asked.ended} trials"
        case Finished():
            return f"finished with {event.trials} trials"
