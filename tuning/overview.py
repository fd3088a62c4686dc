"""What campaigns there are in a home, how far each is, and one campaign's trials."""

import time
from dataclasses import dataclass
from typing import Any, Literal

from filelock import FileLock, Timeout
from rich.console import Console

from tuning import tables
from tuning.errors import JournalError
from tuning.events import Interrupted
from tuning.home import Home
from tuning.journal import Entry, read
from tuning.leaderboard import trial_name
from tuning.record import CampaignRecord, TrialRecord, fold
from tuning.results import EpochReport
from tuning.tables import Cell, Column, duration, score, searched_columns, shown

State = Literal["running", "finished", "interrupted", "broken off", "damaged", "empty"]
"""``interrupted``: ended by its user.  ``broken off``: its process is gone and left no word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One line of ``seqtune status``."""

    name: str
    state: State
    ended: int = 0
    target: int = 0
    failed: int = 0
    metric: str | None = None
    best: float | None = None
    best_trial: int | None = None
    dataset: str | None = None
    space: str | None = None
    last_event_at: float | None = None
    """Unix time, s."""
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One line of ``seqtune status NAME``.  objective: the best so far.  seconds: of training."""

    trial: int
    status: str
    epochs: int
    budget: int
    objective: float | None
    settings: dict[str, Any]
    seed: int
    seconds: float
    attempts: int
    remark: str | None


def campaigns(home: Home) -> list[Campaign]:
    """Return every campaign of a home; a damaged journal is a state, not an end."""
    return [_campaign(home, name) for name in home.names()]


def campaign(home: Home, name: str, entries: list[Entry]) -> Campaign:
    """Return how far one campaign is."""
    record = fold(entries)
    ranked = record.ranked()
    best = ranked[0] if ranked else None
    return Campaign(
        name=name,
        state=state(home, name, record, entries),
        ended=len(record.ended),
        target=record.target,
        failed=sum(t.status == "failed" for t in record.ended),
        metric=record.config.objective.metric,
        best=best.result.objective if best and best.result else None,
        best_trial=best.config.index if best else None,
        dataset=record.config.data.dataset,
        space=record.config.space.name,
        last_event_at=entries[-1].at,
    )


def state(home: Home, name: str, record: CampaignRecord, entries: list[Entry]) -> State:
    """Return whether a campaign runs, and if not, how it came to its end."""
    if _held(home, name):
        return "running"
    if record.finished_at is not None:
        return "finished"
    return "interrupted" if isinstance(entries[-1].event, Interrupted) else "broken off"


def trials(record: CampaignRecord) -> list[Trial]:
    """Return every trial suggested so far, in order."""
    return [_trial(record, trial) for _, trial in sorted(record.trials.items())]


def best_so_far(record: CampaignRecord, epochs: list[EpochReport]) -> float | None:
    """Return the best objective among some epochs."""
    best: float | None = None
    for report in epochs:
        value = report.metrics.get(record.config.objective.metric)
        if value is not None and record.config.objective.better(value, best):
            best = value
    return best


def show_campaigns(rows: list[Campaign], target: Console) -> None:
    """Print all campaigns."""
    columns = [
        Column(head="campaign"),
        Column(head="state"),
        Column(head="trials", right=True),
        Column(head="failed", right=True, spare=1),
        Column(head="best", right=True),
        Column(head="trial"),
        Column(head="objective", spare=2),
        Column(head="space", spare=3),
        Column(head="data", spare=4),
        Column(head="last event"),
    ]
    now = time.time()
    cells: list[list[Cell]] = [
        [
            row.name,
            row.state,
            f"{row.ended}/{row.target}" if row.target else "",
            row.failed or "",
            score(row.best),
            "" if row.best_trial is None else trial_name(row.best_trial),
            row.metric,
            row.space,
            row.dataset,
            "" if row.last_event_at is None else f"{duration(max(0.0, now - row.last_event_at))} ago",
        ]
        for row in rows
    ]
    tables.table(target, columns, cells)
    for row in rows:
        if row.problem:
            tables.line(target, row.problem, "red")


def show_trials(one: Campaign, rows: list[Trial], target: Console) -> None:
    """Print one campaign's trials."""
    best = (
        ""
        if one.best is None or one.best_trial is None
        else f", best {score(one.best)} by {trial_name(one.best_trial)}"
    )
    tables.line(target, f"{one.name}: {one.state}, {one.ended} of {one.target} trials ended{best}", "bold")
    tables.line(target, f'space "{one.space}" on {one.dataset}, objective {one.metric} on the validation split')
    if not rows:
        return
    searched = searched_columns([row.settings for row in rows])
    columns = [
        Column(head="trial"),
        Column(head="status"),
        Column(head="epochs", right=True),
        Column(head="best", right=True),
        *searched.values(),
        Column(head="seed", right=True, spare=3),
        Column(head="seconds", right=True, spare=2),
        Column(head="remark", spare=1),
    ]
    cells: list[list[Cell]] = [
        [
            trial_name(row.trial),
            row.status,
            f"{row.epochs}/{row.budget}",
            score(row.objective),
            *(shown(row.settings.get(path)) for path in searched),
            row.seed,
            f"{row.seconds:.0f}",
            row.remark,
        ]
        for row in rows
    ]
    target.print()
    hidden = tables.table(target, columns, cells)
    if "remark" in hidden:
        for row in rows:
            if row.remark:
                tables.line(target, f"{trial_name(row.trial)}: {row.remark}")


def _campaign(home: Home, name: str) -> Campaign:
    try:
        entries = read(home.journal(name))
        return campaign(home, name, entries) if entries else Campaign(name=name, state="empty")
    except (JournalError, OSError) as error:
        return Campaign(name=name, state="damaged", problem=str(error))


def _held(home: Home, name: str) -> bool:
    """Whether a process holds the campaign's lock; the lock is left as it was found."""
    lock = home.lock(name)
    if not lock.exists():
        return False
    probe = FileLock(lock)
    try:
        probe.acquire(blocking=False)
    except Timeout:
        return True
    except OSError:
        return False  # not ours to write: whoever could run it is not known
    probe.release()
    return False


def _trial(record: CampaignRecord, trial: TrialRecord) -> Trial:
    result = trial.result
    remarks = [
        *(
            [f"took over the result of {trial_name(trial.same_as)}"]
            if trial.reused and trial.same_as is not None
            else []
        ),
        *([f"same values as {trial_name(trial.same_as)}"] if not trial.reused and trial.same_as is not None else []),
        *trial.retries,
        *([result.reason] if result and result.reason else []),
    ]
    return Trial(
        trial=trial.config.index,
        status=trial.status,
        epochs=result.epochs if result else len(trial.epochs),
        budget=trial.config.train.epochs,
        objective=result.objective if result and result.objective is not None else best_so_far(record, trial.epochs),
        settings=dict(trial.assignment),
        seed=trial.config.seed,
        seconds=result.seconds if result else sum(report.seconds for report in trial.epochs),
        attempts=trial.attempts,
        remark="; ".join(remarks) or None,
    )
