"""Ctrl-C, and the SIGTERM of Slurm, Docker and systemd: a launch ends with 130 and resumes, whenever they come."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from factories import csv_table

from tuning.execution import signals
from tuning.journal.home import Home

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
CAMPAIGN = """\
name = "stopped"
seed = 3
[data]
dataset = "{table}"
[space]
name = "cnn2d"
fix = {{ hidden = 62, layers = 2, blocks = 1 }}
[search]
trials = 2
window = 2
[train]
epochs = {epochs}
"""


def launch(folder: Path, epochs: int) -> "subprocess.Popen[str]":
    file = folder / "stopped.toml"
    file.write_text(CAMPAIGN.format(table=csv_table(folder / "table.csv"), epochs=epochs))
    command = [SEQTUNE, "launch", str(file), "--home", str(folder / "home")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)


def wait_for(process: "subprocess.Popen[str]", journal: Path, kind: str) -> None:
    while process.poll() is None and not (journal.exists() and f'"kind":"{kind}"' in journal.read_text()):
        time.sleep(0.02)


def stopped(folder: Path, number: signal.Signals, kind: str | None = None) -> str:
    """Return what a launch prints when it is stopped after an event; without one, while it imports its modules."""
    with launch(folder, epochs=20) as process:
        if kind is None:
            time.sleep(1.5)
        else:
            wait_for(process, Home(folder / "home").journal("stopped"), kind)
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "*** SIGTERM received" not in err  # Ray's stack dump
    assert "interrupted" in err
    return err


@pytest.mark.ray
def test_sigterm_before_ray_starts_exits_with_130(tmp_path: Path) -> None:
    stopped(tmp_path, signal.SIGTERM)


@pytest.mark.ray
@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGTERM, "launch"), (signal.SIGINT, "start")],  # one handler serves both signals
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value,
)
def test_a_signal_before_the_first_epoch_exits_with_130_and_says_how_to_resume(
    tmp_path: Path, number: signal.Signals, kind: str
) -> None:
    err = stopped(tmp_path, number, kind)
    assert err.endswith("\nseqtune: interrupted by the user. The same command resumes the campaign\n")
    record = Home(tmp_path / "home").record("stopped")
    assert record.finished_at is None
    assert [event.cause for event in record.interruptions] == ["user"]


@pytest.mark.ray
def test_a_launch_that_is_stopped_in_an_epoch_resumes(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert "The same command resumes the campaign" in stopped(tmp_path, signal.SIGTERM, "epoch")
    before = home.record("stopped")
    assert before.finished_at is None
    assert [event.cause for event in before.interruptions] == ["user"]
    with launch(tmp_path, epochs=20) as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    record = home.record("stopped")
    assert record.finished_at is not None
    assert [trial.status for trial in record.trials.values()] == ["completed"] * 2
    assert len(record.launches) == 2
    for index, trial in record.trials.items():
        known = before.trials[index].epochs if index in before.trials else []
        assert trial.epochs[: len(known)] == known
        assert [report.epoch for report in trial.epochs] == list(range(1, trial.result.epochs + 1))


@pytest.mark.ray
def test_sigterm_while_finishing_loses_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with launch(tmp_path, epochs=1) as process:
        wait_for(process, home.journal("stopped"), "finish")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
    assert home.record("stopped").finished_at is not None
    assert "Traceback" not in err
    published = "MLflow is behind the journal" not in out
    assert process.returncode == (0 if published and "interrupted" not in err else 130), err
    assert published or "seqtune sync stopped" in out


def test_a_second_signal_exits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    exits: list[int] = []
    monkeypatch.setattr(signals, "_exit", lambda: exits.append(1))
    stop = signals.StopRequest()
    with stop.deferred():
        signal.raise_signal(signal.SIGTERM)
        assert stop.requested
        assert not exits
        signal.raise_signal(signal.SIGTERM)
        assert exits == [1]


def test_a_launch_that_does_not_stop_in_time_exits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert signals.GRACE_S == 60.0
    exited = threading.Event()
    monkeypatch.setattr(signals, "_exit", exited.set)
    monkeypatch.setattr(signals, "GRACE_S", 0.05)
    with signals.StopRequest().deferred():
        signal.raise_signal(signal.SIGINT)
        assert exited.wait(10)
