"""A campaign on a Ray cluster: nodes as processes on loopback, which share nothing but Ray."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from factories import csv_table

from tuning.journal.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuning.journal.record import CampaignRecord

pytestmark = [pytest.mark.ray, pytest.mark.cluster]

TIMEOUT_S = 240
TIMES = {"seconds": 0.0, "latency_ms": None, "latency_batch_ms": None}
"""Of a result; two runs differ in them."""
CLUSTER = """\
import json, sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
print(json.dumps({"address": cluster.address}), flush=True)
for line in sys.stdin:
    if line.strip() == "add":
        nodes.append(cluster.add_node(num_cpus=1))
    elif line.strip() == "remove":
        cluster.remove_node(nodes.pop(0), allow_graceful=False)
    print(line.strip(), flush=True)
"""
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
TOKEN = "0123456789abcdef" * 4


class Cluster:
    """A head without CPUs and two nodes with one each, in a process of their own."""

    def __init__(self) -> None:
        """Start it."""
        self.environment = os.environ | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": TOKEN,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback alone
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
        )
        self.address = json.loads(self._line("{"))["address"]

    def order(self, word: str) -> None:
        """Add a node, or kill the oldest."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        self._line(word)

    def _line(self, start: str) -> str:
        assert self.process.stdout is not None
        return next(line for line in self.process.stdout if line.startswith(start))

    def stop(self) -> None:
        """End all its processes."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.communicate()
        for one in below:
            if one.is_running():
                one.kill()


@pytest.fixture(scope="module")
def cluster() -> "Iterator[Cluster]":
    running = Cluster()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    path = folder / "spread.toml"
    path.write_text(CAMPAIGN.format(table=csv_table(folder / "table.csv")))
    return path


def launch(file: Path, home: Path, *more: str, **environment: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-c",
        "from tuning.cli.app import main; main()",
        "launch",
        str(file),
        "--home",
        str(home),
    ]
    unset = {name: value for name, value in os.environ.items() if name not in {"RAY_ADDRESS", "RAY_AUTH_TOKEN"}}
    return subprocess.Popen(
        [*command, *more], env=unset | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    return out + err


def contents(record: "CampaignRecord") -> object:
    """Suggestions, curves, weights and leaderboard; all but the clock."""
    rows = [
        (
            trial.config,
            [report.model_copy(update={"seconds": 0.0}) for report in trial.epochs],
            trial.result and trial.result.model_copy(update=TIMES),
        )
        for _, trial in sorted(record.trials.items())
    ]
    return rows, [trial.config.index for trial in record.ranked()]


@pytest.fixture(scope="module")
def alone(file: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    home = tmp_path_factory.mktemp("alone")
    finished(launch(file, home))
    return contents(Home(home).record("spread"))


def test_a_cluster_gives_the_bits_of_one_machine(cluster: Cluster, file: Path, alone: object, tmp_path: Path) -> None:
    finished(launch(file, tmp_path, **cluster.environment, RAY_ADDRESS=cluster.address))
    record = Home(tmp_path).record("spread")
    assert contents(record) == alone
    assert [path.name for path in Home(tmp_path).trial("spread", 0).iterdir()] == ["weights.safetensors"]


def test_a_node_that_dies_costs_no_more_than_its_epoch(
    cluster: Cluster, file: Path, alone: object, tmp_path: Path
) -> None:
    journal = Home(tmp_path).journal("spread")
    process = launch(file, tmp_path, "--set", f"resources.address={cluster.address}", **cluster.environment)
    while process.poll() is None and not (journal.exists() and journal.read_text().count('"kind":"epoch"') >= 3):
        time.sleep(0.05)
    cluster.order("remove")
    cluster.order("add")
    finished(process)
    record = Home(tmp_path).record("spread")
    assert contents(record) == alone
    assert sum(len(trial.retries) for trial in record.trials.values()) >= 1


def test_a_driver_that_dies_goes_on_from_a_copy_of_its_home(
    cluster: Cluster, file: Path, alone: object, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    journal = Home(first).journal("spread")
    process = launch(file, first, **cluster.environment, RAY_ADDRESS=cluster.address)
    while process.poll() is None and not (journal.exists() and journal.read_text().count('"kind":"epoch"') >= 3):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    first.rename(second)
    finished(launch(file, second, **cluster.environment, RAY_ADDRESS=cluster.address))
    assert contents(Home(second).record("spread")) == alone


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (("resources.address=127.0.0.1:1",), "no Ray cluster answers there"),
        (("resources.address=somewhere",), "no Ray cluster answers there"),
        (("resources.threads=64", "resources.concurrency=1"), "no node of the Ray cluster can take a trial"),
        (("resources.device=cuda",), "no node of the Ray cluster can take a trial, which needs 1 CPU, 1 GPU"),
    ],
)
def test_what_a_cluster_cannot_do_is_one_message(
    cluster: Cluster, file: Path, tmp_path: Path, settings: tuple[str, ...], problem: str
) -> None:
    more = [word for setting in settings for word in ("--set", setting)]
    process = launch(file, tmp_path, *more, **cluster.environment, RAY_ADDRESS=cluster.address)
    _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 2, err
    assert problem in err
    assert "Traceback" not in err
    assert not Home(tmp_path).journal("spread").exists()


def test_a_head_that_is_lost_interrupts_the_launch(file: Path, tmp_path: Path) -> None:
    running = Cluster()
    try:
        process = launch(file, tmp_path, **running.environment, RAY_ADDRESS=running.address)
        journal = Home(tmp_path).journal("spread")
        while process.poll() is None and not (journal.exists() and '"kind":"epoch"' in journal.read_text()):
            time.sleep(0.05)
        for one in psutil.Process(running.process.pid).children(recursive=True):
            if one.name() == "gcs_server":
                one.kill()
        _, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        running.stop()
    assert process.returncode == 1, err
    assert f"the head of the Ray cluster at {running.address} does not answer" in err
    assert "The same command resumes the campaign" in err
    assert [event.cause for event in Home(tmp_path).record("spread").interruptions] == ["ray"]


def test_a_wrong_token_is_refused(cluster: Cluster, file: Path, tmp_path: Path) -> None:
    environment = cluster.environment | {"RAY_AUTH_TOKEN": "f" * 64, "RAY_ADDRESS": cluster.address}
    process = launch(file, tmp_path, **environment)
    _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 2, err
    assert "cannot join the Ray cluster" in err
    assert "RAY_AUTH_TOKEN" in err
