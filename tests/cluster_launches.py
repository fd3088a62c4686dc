"""Launches of one small campaign on a cluster on loopback, and what is compared of them."""

import os
import subprocess
import sys
import time
from pathlib import Path

from factories import csv_table

from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord
from tuning.training.results import MEASURED

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))


TIMEOUT_S = 600  # two cores may be shared with other tests
CAMPAIGN = """\
name = "spread"
seed = 11
[data]
dataset = "{table}"
balance = ["raw", "oversample"]
[space]
name = "cnn2d"
fix = {{ hidden = 62, layers = 2, blocks = 1 }}
[search]
trials = 5
window = 2
startup_trials = 2
[train]
epochs = 4
"""
SEQTUNE = "from tuning.cli.app import main; main()"


def write_campaign(folder: Path) -> Path:
    """Write the campaign's file and its table."""
    path = folder / "spread.toml"
    path.write_text(CAMPAIGN.format(table=csv_table(folder / "table.csv")))
    return path


def launch(file: Path, home: Path, *more: str, code: str = SEQTUNE, **environment: str) -> "subprocess.Popen[str]":
    """Start a launch.  code: what runs the command line."""
    command = [sys.executable, "-c", code, "launch", str(file), "--home", str(home), *more]
    unset = {name: value for name, value in os.environ.items() if name not in {"RAY_ADDRESS", "RAY_AUTH_TOKEN"}}
    return subprocess.Popen(command, env=unset | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]", code: int) -> str:
    """Return what a launch printed, when it has ended with this exit code."""
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == code, err
    return out + err


def finished(process: "subprocess.Popen[str]") -> str:
    return ended(process, 0)


def counted(home: Path, kind: str = "epoch") -> int:
    """Return how many events of a kind are recorded."""
    journal = Home(home).journal("spread")
    return journal.read_text().count(f'"kind":"{kind}"') if journal.exists() else 0


def wait_for(process: "subprocess.Popen[str]", home: Path, count: int, kind: str = "epoch") -> None:
    """Wait until so many events of a kind are recorded, or the launch has ended."""
    while process.poll() is None and counted(home, kind) < count:
        time.sleep(0.05)


def contents(record: CampaignRecord) -> object:
    """Suggestions, curves, weights and leaderboard; all but the clock."""
    rows = [
        (
            trial.config,
            [report.model_copy(update={"seconds": 0.0}) for report in trial.epochs],
            trial.result and trial.result.model_dump(exclude=MEASURED),
        )
        for _, trial in sorted(record.trials.items())
    ]
    return rows, [trial.config.index for trial in record.ranked()]
