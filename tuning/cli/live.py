"""What a launch shows while it runs: a live table on a terminal, one line for each ended trial elsewhere."""

import re
import time
from statistics import fmean
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tuning.analysis.data_notes import data_notes
from tuning.cli import tables
from tuning.cli.printing import printable
from tuning.cli.tables import BEST, Column, searched_columns
from tuning.journal.events import Ended, EpochEnded, Interrupted, Launched, Noted, Retried
from tuning.journal.lines import Entry
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import Cell, duration, score, settings, shown, trial_name
from tuning.search.halving import mean_epochs, without_rungs

AROUND = 7
"""Lines of the live table that are no trials: header, progress, column heads, and one for the cursor."""

ESTIMATED_FROM = 200
"""Ended trials, the latest, from which the time left is estimated: it is drawn again four times a second."""

COUNT = re.compile(r"\d+ of \d+")
"""How far a step is; what is left of its text says which step."""

STYLES = {"running": "cyan", "waiting": "dim", "failed": "red"}


class Display(Protocol):
    """An observer of a launch that also shows how the preparation of the data proceeds."""

    def __call__(self, record: CampaignRecord, entry: Entry) -> None:
        """Show one more event."""

    def progress(self, text: str) -> None:
        """Show what is being done before trials start."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def display(target: Console) -> Display:
    """Return what suits the place: a live table where it can be redrawn."""
    return LiveTable(target) if target.is_terminal and not target.is_dumb_terminal else Lines(target)


def _data_notes(record: CampaignRecord, target: Console) -> None:
    """Print what the preparation of the data notes, such as channels that nothing scales, above the trials."""
    for note in data_notes(record.data.values()):
        tables.line(target, f"Note: {note}", "yellow")


class Lines:
    """One line for each ended trial, and for what is out of the ordinary."""

    def __init__(self, target: Console) -> None:
        self.target = target
        self.step = ""
        self.estimated = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def progress(self, text: str) -> None:
        """Print the text; of one that counts (``suggestion 3 of 90``) only the first."""
        step = COUNT.sub("", text)
        if step != self.step:
            tables.line(self.target, text)
        self.step = step

    def __call__(self, record: CampaignRecord, entry: Entry) -> None:
        """Print what the event means for the campaign, if anything."""
        event = entry.event
        if isinstance(event, Launched):
            _data_notes(record, self.target)
        if isinstance(event, Launched) and record.ended_count:
            tables.line(self.target, f"resuming: {record.ended_count} of {record.target} trials have ended")
        elif isinstance(event, Retried):
            tables.line(self.target, f"{trial_name(event.trial)} is retried: {event.reason}")
        elif isinstance(event, Noted):
            whose = "" if event.trial is None else f"{trial_name(event.trial)} "
            tables.line(self.target, f"{whose}{event.text}")
        elif isinstance(event, Interrupted) and event.cause == "data":
            tables.line(self.target, event.reason)
        elif isinstance(event, Ended):
            tables.line(self.target, ended_line(record, record.trials[event.trial]))
        elif isinstance(event, EpochEnded) and not self.estimated:
            self.estimated = True
            trials = [trial for _, trial in sorted(record.trials.items())]
            tables.line(
                self.target, f"about {duration(seconds_left(record, trials))} left, estimated from the first epoch"
            )


class LiveTable:
    """A table of the running and the latest trials, redrawn in place; it vanishes when the launch ends."""

    def __init__(self, target: Console) -> None:
        self.target = target
        self.record: CampaignRecord | None = None
        self.began = time.monotonic()
        self.spinner = Spinner("dots", style="cyan")
        self.doing = "loading libraries"
        self.live = Live(self, console=target, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self.live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def progress(self, text: str) -> None:
        """Show the text beside a spinner, until trials start."""
        self.doing = text

    def __call__(self, record: CampaignRecord, entry: Entry) -> None:
        """Take the record; it is drawn when the next redrawing is due."""
        if isinstance(entry.event, Launched):
            _data_notes(record, self.live.console)
        elif isinstance(entry.event, Noted) and entry.event.trial is None:
            tables.line(self.live.console, entry.event.text, "yellow")
        self.record = record
        self.doing = (
            f"{record.config.name}: starting {record.launches[-1].concurrency if record.launches else 1} workers"
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw.  This runs in the redrawing thread, so it works on copies of what the launch changes meanwhile."""
        record = self.record
        trials = [] if record is None else [t for _, t in sorted(record.trials.copy().items())]
        if record is None or not any(t.attempts for t in trials):
            self.spinner.update(text=Text(printable(self.doing)))
            yield self.spinner
            return
        yield Text(printable(headline(record, trials, time.monotonic() - self.began)), style="bold")
        yield Text("")
        room = max(3, (options.max_height or console.height) - AROUND)
        yield _table(console, record, _latest(trials, room))


def headline(record: CampaignRecord, trials: list[TrialRecord], elapsed_s: float) -> str:
    """Return campaign, trials done, best so far, failures, time gone and time left."""
    ended = [t for t in trials if t.result is not None]
    ranked = record.ranked(1)
    parts = [f"{record.config.name}  {len(ended)}/{record.target} trials"]
    if ranked and ranked[0].result:
        best = ranked[0]
        figure = score(best.result.objective if best.result else None)
        parts.append(f"best {record.config.objective.metric} {figure} ({trial_name(best.config.index)})")
    if failed := sum(t.status == "failed" for t in ended):
        parts.append(f"{failed} failed")
    parts.append(duration(elapsed_s))
    if (left := seconds_left(record, trials)) is not None:
        parts.append(f"about {duration(left)} left")
    return "  ".join(parts)


def seconds_left(record: CampaignRecord, trials: list[TrialRecord]) -> float | None:
    """Estimate the time to the campaign's end from the epochs of the latest trials; None where there are none.

    An epoch's time is taken to grow with the steps of all its rows: a balanced one has several times as many rows, one
    of longer windows more steps.  Trials with rungs of successive halving are shorter than the first ones, without.
    """
    train = record.config.train
    confirming = any(launch.confirmation is not None for launch in record.launches)
    halving = train.early_stopping != "none" and not confirming
    whole = without_rungs(record.config)
    to_come = [halving and index >= whole for index in range(len(trials), record.target)]
    trials = [t for t in trials if t.result is not None][-ESTIMATED_FROM:] + [t for t in trials if t.result is None]
    steps = {
        variant: data.steps * (train.epoch_rows or sum(data.epoch.values())) for variant, data in record.data.items()
    }
    trained = [(sum(report.seconds for report in epochs), len(epochs), t) for t in trials if (epochs := list(t.epochs))]
    if not trained:
        return None
    step_s = sum(seconds for seconds, _, _ in trained) / sum(n * steps[record.variant(t.config)] for _, n, t in trained)
    own_s = {t.config.index: seconds / n for seconds, n, t in trained}
    expected = {False: float(train.epochs), True: mean_epochs(train, train.epochs)}
    for rungs in expected:
        trials_of = [t for t in trials if bool(t.config.rungs) == rungs]
        if lengths := [t.result.epochs for t in trials_of if t.result and t.result.status in {"completed", "stopped"}]:
            expected[rungs] = fmean(lengths)
    left = [
        max(1.0, expected[bool(t.config.rungs)] - len(t.epochs))
        * own_s.get(t.config.index, step_s * steps[record.variant(t.config)])
        for t in trials
        if t.result is None
    ]
    left += [expected[rungs] * step_s * fmean(steps.values()) for rungs in to_come]
    workers = record.launches[-1].concurrency if record.launches else 1
    return max(sum(left) / workers, max(left, default=0.0))


def ended_line(record: CampaignRecord, trial: TrialRecord) -> str:
    """Return ``t007 completed  recall_macro 0.8123 (epoch 6/8)  balance=smote ...  best 0.8300 t003  12/50``."""
    result = trial.result
    parts = [f"{trial_name(trial.config.index)} {trial.status}"]
    if result and result.objective is not None:
        figure = f"{record.config.objective.metric} {score(result.objective)}"
        parts.append(f"{figure} (epoch {result.best_epoch}/{result.epochs})")
    if result and result.reason:
        parts.append(result.reason)
    parts.append(settings(trial.assignment))
    ranked = record.ranked(1)
    if ranked and ranked[0].result:
        parts.append(f"best {score(ranked[0].result.objective)} {trial_name(ranked[0].config.index)}")
    parts.append(f"{record.ended_count}/{record.target}")
    return "  ".join(part for part in parts if part)


def _latest(trials: list[TrialRecord], room: int) -> list[TrialRecord]:
    """The trials that are under way and the last ones that ended, in order, as many as there is room for."""
    under_way = [t for t in trials if t.result is None]
    ended = [t for t in trials if t.result is not None]
    chosen = under_way[:room] + ended[max(0, len(ended) - max(0, room - len(under_way))) :]
    return sorted(chosen, key=lambda t: t.config.index)


def _table(console: Console, record: CampaignRecord, trials: list[TrialRecord]) -> Table:
    searched = searched_columns([t.assignment for t in trials])
    columns = [
        Column(head="trial"),
        Column(head="epoch", right=True),
        Column(head="now", right=True, spare=3),
        Column(head="best", right=True),
        *searched.values(),
        Column(head="seconds", right=True, spare=4),
        Column(head="status"),
    ]
    ranked = record.ranked(1)
    best = ranked[0].config.index if ranked else None
    cells: list[list[Cell]] = []
    for trial in trials:
        epochs = list(trial.epochs)
        result = trial.result
        now = epochs[-1].metrics.get(record.config.objective.metric) if epochs else None
        cells.append(
            [
                trial_name(trial.config.index),
                f"{len(epochs)}/{trial.config.train.epochs}",
                score(now),
                score(trial.best_so_far if trial.objective is None else trial.objective),
                *(shown(trial.assignment.get(path)) for path in searched),
                f"{result.seconds if result else sum(report.seconds for report in epochs):.0f}",
                trial.status,
            ]
        )
    styles = [BEST if t.config.index == best else STYLES.get(t.status, "") for t in trials]
    return tables.fitted(console, columns, cells, styles)[0]
