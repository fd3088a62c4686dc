"""Recover a campaign's events, with their times, from its MLflow store.

The store lacks suggestions that never started, configurations of trials whose files are gone, and checkpoints.  The
search is deterministic and repeats the missing suggestions; those trials are trained again from epoch 1.
"""

import math
import time
from collections.abc import Iterator

from tuning.campaign.errors import RecordError
from tuning.campaign.space import campaign_space
from tuning.campaign.trial import MOST
from tuning.journal.events import (
    CAUSES,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Interrupted,
    Launched,
    Noted,
    Opened,
    Started,
    Suggested,
)
from tuning.journal.record import CampaignRecord, TrialRecord, fold
from tuning.journal.text import trial_spans
from tuning.search.suggest import Configurations, ordered_search, outcome
from tuning.tracking.environment_tags import environment_from, packages_text
from tuning.tracking.layout import Tag, configuration, parameters
from tuning.tracking.read import validation_message
from tuning.tracking.stored import StoredCampaign, StoredTrial, whole_tag

Timed = tuple[float, Event]
"""Unix time, s, and event."""


def events(stored: StoredCampaign, source: str) -> list[Timed]:
    """Return the journal's events.  source: the store, for the note on the recovery.

    Raises:
        RecordError: a trial in the store differs from the search's suggestion.
    """
    suggested = _suggested(stored)
    begun = stored.opened.at
    head: list[Timed] = [(begun, stored.opened.event)]
    launched = _launched(stored)
    if launched is not None:
        head.append((begun, launched))
    times = _suggestion_times(stored, suggested)
    body = [
        (max(at, begun), event)
        for k, suggestion in sorted(suggested.items())
        for at, event in _in_order(_trial(suggestion, times[k], stored.trials.get(k)))
    ]
    body.sort(key=lambda row: row[0])  # stable: a trial's own events stay in order
    return [*head, *body, *_end(stored, max(at for at, _ in head + body), source)]


def _suggested(stored: StoredCampaign) -> dict[int, Suggested]:
    """Return every trial's suggestion: the search's if the results that it needs are known, else the store's."""
    record = _ended_trials(stored)
    config = record.config
    space = campaign_space(config)
    search = ordered_search(config, space, record.data, record.warm_start)
    for k, trial in record.trials.items():
        if trial.result is not None:
            search.record(k, outcome(trial.result))
    configurations = Configurations(record, space)
    suggested: dict[int, Suggested] = {}
    last = max([*stored.ended, *stored.lost], default=-1)
    while search.index <= last and search.ready():
        suggestion = search.suggest()
        again = Suggested(
            trial=configurations.complete(suggestion),
            assignment=suggestion.assignment,
            same_as=suggestion.same_as,
            reused=suggestion.reused,
            infeasible=suggestion.infeasible,
        )
        k = suggestion.index
        if k in stored.trials:
            _check_same(stored, k, again)
        if k in record.trials:
            record.trials[k].reused = again.reused
        suggested[k] = again
    for k, trial in record.trials.items():
        if k not in suggested:
            run = stored.trials[k].run
            same_as = whole_tag(run, Tag.SAME_AS, MOST) if Tag.SAME_AS in run.tags else None
            suggested[k] = Suggested(
                trial=trial.config,
                assignment=trial.assignment,
                same_as=same_as,
                reused=same_as is not None and config.search.on_duplicate == "reuse",
            )
    return suggested


def _ended_trials(stored: StoredCampaign) -> CampaignRecord:
    record = fold([stored.opened])
    for k, recorded in stored.ended.items():
        run, config = stored.trials[k].run, recorded.config
        if (config.campaign, config.index) != (record.config.name, k):
            raise RecordError(
                f"MLflow run {run.id} is of trial {k} of {record.config.name!r}, but its trial.json is of trial "
                f"{config.index} of {config.campaign!r}. Restore the original, or remove the file to train the "
                "trial again"
            )
        record.trials[k] = TrialRecord(
            config=config,
            assignment=recorded.assignment,
            suggested_at=run.start / 1000,
            epochs=list(recorded.epochs),
            result=recorded.result,
        )
    return record


def _check_same(stored: StoredCampaign, index: int, again: Suggested) -> None:
    trial = stored.trials[index]
    in_store = configuration(trial.recorded.config) if trial.recorded else trial.run.parameters
    suggested = configuration(again.trial)
    # A key that the store lacks had its default, or is none of the parameters of a run.
    not_default = parameters(again.trial, again.assignment)
    changed = [key for key in {**in_store, **not_default} if in_store.get(key) != suggested.get(key)]
    if in_store and changed:
        raise RecordError(
            f"MLflow run {trial.run.id}: trial {index} of {again.trial.campaign!r} differs from the search's "
            "suggestion (store -> suggestion):",
            *(f"  {key}: {in_store.get(key, 'absent')} -> {suggested.get(key, 'absent')}" for key in changed),
            "Suggestions depend on package versions. The campaign ran with "
            f"{packages_text(stored.run.tags)}: adopt it with these",
        )


def _launched(stored: StoredCampaign) -> Launched | None:
    try:
        environment = environment_from(stored.run.tags)
    except ValueError as error:
        raise RecordError(
            f"MLflow run {stored.run.id}: the tags seqtune.environment.* are not those of seqtune "
            f"({validation_message(error)}). Restore them"
        ) from None
    opened = stored.opened.event
    if environment is None or not isinstance(opened, Opened):
        return None  # publishing ended before the first launch was recorded
    return Launched(
        environment=environment,
        trials=stored.target or opened.config.search.trials or len(stored.trials),
        concurrency=opened.config.resources.concurrency,
        comparison=opened.config.comparison,
    )


def _suggestion_times(stored: StoredCampaign, suggested: dict[int, Suggested]) -> dict[int, float]:
    """Return a time per suggestion: in the trials' order, each no later than its trial's start."""
    times: dict[int, float] = {}
    latest = math.inf if stored.run.end is None else stored.run.end / 1000
    for k in sorted(suggested, reverse=True):
        if k in stored.trials:
            latest = min(latest, stored.trials[k].run.start / 1000)
        times[k] = latest
    return times


def _trial(suggestion: Suggested, at: float, trial: StoredTrial | None) -> Iterator[Timed]:
    index = suggestion.trial.index
    yield at, suggestion
    if trial is None:
        return
    if not suggestion.reused:
        yield trial.run.start / 1000, Started(trial=index, attempt=1)
    recorded, end = trial.recorded, trial.run.end
    if recorded is None or end is None:
        return
    for report in recorded.epochs:
        yield trial.reported_at.get(report.epoch, end / 1000), EpochEnded(trial=index, report=report)
    yield end / 1000, Ended(trial=index, result=recorded.result, environment=recorded.environment)


def _in_order(rows: Iterator[Timed]) -> Iterator[Timed]:
    latest = -math.inf
    for at, event in rows:
        latest = max(latest, at)
        yield latest, event


def _end(stored: StoredCampaign, last: float, source: str) -> Iterator[Timed]:
    """Yield the recovery's note and the campaign's end, at the time of its run's end."""
    run, ended = stored.run, len(stored.ended)
    at = last if run.end is None else max(last, run.end / 1000)
    lost = trial_spans(stored.lost)
    again = f"; to be trained again: {lost}" if lost else ""
    yield (
        at,
        Noted(text=f"recovered from MLflow on {time.strftime('%Y-%m-%d')} ({source}): {ended} trials ended{again}"),
    )
    for k, trial in sorted(stored.trials.items()):
        if trial.problem is not None:
            yield at, Noted(trial=k, text=f"its record is not adopted: {trial.problem}; it is trained again")
    if run.status == "FINISHED" and not lost:
        yield at, Finished(trials=ended)
        return
    if run.tags.get(Tag.CAMPAIGN_STATUS) == "interrupted":
        cause = next((known for known in CAUSES if known == run.tags.get(Tag.CAMPAIGN_CAUSE)), "user")
        yield at, Interrupted(cause=cause, reason=run.tags.get(Tag.CAMPAIGN_REASON, "no reason recorded"))
    elif run.status == "FINISHED":
        yield at, Interrupted(reason=f"recovered without the results of {lost}")
    else:
        yield at, Interrupted(reason="recovered; the end of the last launch was not recorded")
