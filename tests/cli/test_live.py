"""What a launch shows: lines where nothing can be redrawn, a table where it can."""

import io
from pathlib import Path

import factories
import pytest
from journals import journal, report, trial_events
from rich.console import Console

from tuning.cli import tables
from tuning.cli.live import Lines, LiveTable, display, headline, seconds_left
from tuning.journal.events import ConfirmationRequest, Ended, Noted, Retried
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.log import read
from tuning.journal.record import CampaignRecord, fold
from tuning.training.results import TrialResult


def record(folder: Path, **campaign: object) -> CampaignRecord:
    home = Home(folder)
    config = journal(home, **campaign)  # type: ignore[arg-type]
    return fold(read(home.journal(config.name)))


def console(*, terminal: bool, width: int = 120, height: int = 20) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        color_system=None,
        width=width,
        height=height,
        _environ={"TERM": "xterm"},
    )


def text(of: Console) -> str:
    written = of.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def drawn(table: LiveTable, target: Console) -> str:
    with target.capture() as capture:
        target.print(table)
    return capture.get()


def test_a_terminal_gets_the_table_and_a_pipe_gets_lines() -> None:
    assert isinstance(display(console(terminal=True)), LiveTable)
    assert isinstance(display(console(terminal=False)), Lines)


def test_lines_print_a_count_once_and_the_table_every_time() -> None:
    target, terminal = console(terminal=False), console(terminal=True)
    lines, table = Lines(target), LiveTable(terminal)
    for show in (lines.progress, table.progress):
        show("synthetic: reading built-in rows")
        for done in (40, 300, 580):
            show(f"replaying suggestion {done} of 600")
    assert text(target) == "synthetic: reading built-in rows\nreplaying suggestion 40 of 600\n"
    assert "replaying suggestion 580 of 600" in drawn(table, terminal)


def test_an_ended_trial_is_one_line(tmp_path: Path) -> None:
    campaign, target = record(tmp_path, scores=(0.5, 0.8, 0.65)), console(terminal=False, width=tables.UNBOUNDED)
    result = campaign.trials[2].result
    assert result is not None
    Lines(target)(campaign, Entry(9, 0.0, Ended(trial=2, result=result)))
    assert text(target) == (
        "t002 completed  recall_macro 0.6500 (epoch 2/2)  "
        "batch_size=48 dropout=0.3857 plateau_factor=0.25 balance=raw  best 0.8000 t001  3/3\n"
    )


def test_a_failed_trial_tells_its_reason_and_no_number(tmp_path: Path) -> None:
    campaign, target = record(tmp_path, scores=(None,)), console(terminal=False, width=tables.UNBOUNDED)
    failed = TrialResult(status="failed", reason="loss is nan in epoch 1")
    Lines(target)(campaign, Entry(9, 0.0, Ended(trial=0, result=failed)))
    assert text(target).startswith("t000 failed  loss is nan in epoch 1  batch_size=16")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Retried(trial=1, reason="worker died"), "t001 is retried: worker died\n"),
        (Noted(text="the clock was set back"), "the clock was set back\n"),
    ],
)
def test_what_is_out_of_the_ordinary_is_a_line(tmp_path: Path, event: Retried | Noted, line: str) -> None:
    target = console(terminal=False)
    Lines(target)(record(tmp_path), Entry(9, 0.0, event))
    assert text(target) == line


def test_a_note_of_the_launch_stands_above_the_table(tmp_path: Path) -> None:
    target = console(terminal=True)
    LiveTable(target)(record(tmp_path), Entry(9, 0.0, Noted(text="no trial has run for 12 s")))
    assert text(target) == "no trial has run for 12 s\n"


def test_a_launch_that_resumes_says_from_where(tmp_path: Path) -> None:
    campaign, target = record(tmp_path, scores=(0.5,), running=2), console(terminal=False)
    Lines(target)(campaign, Entry(9, 0.0, campaign.launches[-1]))
    assert text(target) == "resuming: 1 of 3 trials have ended\n"


def test_a_launch_says_what_the_preparation_of_the_data_noted(tmp_path: Path) -> None:
    noted = ("the values have mean 3.277e+04", "10 of 125 rows equal an earlier one")
    config = journal(Home(tmp_path), notes=noted)
    campaign = fold(read(Home(tmp_path).journal(config.name)))
    for terminal, shows in ((False, Lines), (True, LiveTable)):
        target = console(terminal=terminal)
        shows(target)(campaign, Entry(9, 0.0, campaign.launches[-1]))
        assert [text(target).count(f"Note: {note}") for note in noted] == [1, 1]  # not once for each balance


def test_the_first_epoch_prints_an_estimate_and_other_events_nothing(tmp_path: Path) -> None:
    campaign, target = record(tmp_path), console(terminal=False)
    lines = Lines(target)
    suggested, started, epoch = trial_events("tiny", 0, 0.5)[:3]
    for event in (suggested, started):
        lines(campaign, Entry(9, 0.0, event))
    assert text(target) == ""
    for _ in range(2):
        lines(campaign, Entry(9, 0.0, epoch))
    assert text(target).count("estimated from the first epoch") == 1


def test_the_table_shows_preparation_until_trials_start() -> None:
    target = console(terminal=True)
    table = LiveTable(target)
    table.progress("synthetic: SMOTE")
    assert "synthetic: SMOTE" in drawn(table, target)


def test_the_table_shows_trials_epochs_and_the_best(tmp_path: Path) -> None:
    campaign, target = record(tmp_path, scores=(0.5, 0.8), running=1), console(terminal=True)
    table = LiveTable(target)
    table(campaign, Entry(9, 0.0, trial_events("tiny", 2, 0.1)[1]))
    rows = drawn(table, target).splitlines()
    assert "tiny  2/3 trials  best recall_macro 0.8000 (t001)" in rows[0]
    running = next(row for row in rows if "t002" in row).split()
    assert running[-1] == "running"
    assert "1/2" in " ".join(running)


def test_the_table_keeps_what_runs_when_the_terminal_is_low(tmp_path: Path) -> None:
    campaign, target = record(tmp_path, scores=[0.5] * 30, running=2), console(terminal=True, height=12)
    table = LiveTable(target)
    table(campaign, Entry(9, 0.0, trial_events("tiny", 31, 0.1)[1]))
    shown = drawn(table, target)
    assert len(shown.splitlines()) <= 12
    assert all(name in shown for name in ("t030", "t031", "t029"))
    assert "t000 " not in shown


def test_a_table_of_eighty_columns_cuts_no_value(tmp_path: Path) -> None:
    campaign, target = record(tmp_path, scores=(0.5, 0.8), running=1), console(terminal=True, width=80)
    table = LiveTable(target)
    table(campaign, Entry(9, 0.0, trial_events("tiny", 2, 0.1)[1]))
    assert "…" not in drawn(table, target)


def test_the_time_left_counts_the_epochs_left_on_all_workers(tmp_path: Path) -> None:
    campaign = record(tmp_path, scores=(0.5, 0.8), running=1)
    campaign.launches[-1] = campaign.launches[-1].model_copy(update={"trials": 6})
    trials = list(campaign.trials.values())
    epochs_left = 1 + 3 * 2  # one of the running trial, two of each trial to come
    assert seconds_left(campaign, trials) == pytest.approx(epochs_left * report(1, 0.5).seconds / 2)


def test_an_epoch_of_more_rows_is_expected_to_take_longer(tmp_path: Path) -> None:
    campaign = record(tmp_path, scores=(0.5,), running=1)
    trials = list(campaign.trials.values())
    trials[1].epochs.clear()
    even = seconds_left(campaign, trials)
    campaign.data["oversample"] = campaign.data["oversample"].model_copy(update={"epoch": {"N": 20, "S": 20}})
    assert even == pytest.approx(2 * 1.5)
    assert seconds_left(campaign, trials) == pytest.approx(2 * 1.5 * 5)


def test_epochs_of_as_many_rows_take_as_long(tmp_path: Path) -> None:
    config = factories.campaign(search__trials=2, train__epochs=2, train__epoch_rows=4)
    campaign = record(tmp_path, scores=(0.5,), running=1, config=config)
    trials = list(campaign.trials.values())
    trials[1].epochs.clear()
    for epoch in ({"N": 20, "S": 20}, {"N": 1, "S": 1}):  # also where an epoch has a row several times
        campaign.data["oversample"] = campaign.data["oversample"].model_copy(update={"epoch": epoch})
        assert seconds_left(campaign, trials) == pytest.approx(2 * 1.5)


def test_trials_to_come_are_shorter_where_rungs_stop_them(tmp_path: Path) -> None:
    train = {"epochs": 9, "early_stopping": "successive-halving", "grace_epochs": 1, "reduction_factor": 3}
    config = factories.campaign(search__trials=20, search__window=4, train=train)
    campaign = record(tmp_path, scores=(), running=2, config=config)
    campaign.launches[-1] = campaign.launches[-1].model_copy(update={"trials": 20, "concurrency": 1})
    trials = list(campaign.trials.values())
    for trial in trials:
        del trial.epochs[1:]
    first = 2 * 8 + 4 * 9  # two are in their second epoch, four more know too few others for a rung
    rest = 14 * (1 + 2 / 3 + 6 / 9)  # rungs after epochs 1 and 3
    assert seconds_left(campaign, trials) == pytest.approx((first + rest) * 1.5)
    request = ConfirmationRequest(trials=(0,), seeds=20, splits=0, ended=20)
    campaign.launches[-1] = campaign.launches[-1].model_copy(update={"confirmation": request})
    assert seconds_left(campaign, trials) == pytest.approx((2 * 8 + 18 * 9) * 1.5)  # of which none has a rung


def test_the_time_left_is_no_shorter_than_the_longest_trials(tmp_path: Path) -> None:
    campaign = record(tmp_path, scores=(0.5, 0.8), running=1)
    assert seconds_left(campaign, list(campaign.trials.values())) == pytest.approx(1.5)


def test_no_time_left_is_claimed_before_the_first_epoch(tmp_path: Path) -> None:
    campaign = record(tmp_path, scores=(None,))
    assert seconds_left(campaign, list(campaign.trials.values())) is None
    assert "left" not in headline(campaign, list(campaign.trials.values()), 3.0)
