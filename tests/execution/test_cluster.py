"""A campaign on a Ray cluster: nodes as processes on loopback, which share nothing but Ray."""

import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from cluster_launches import SEQTUNE, TIMEOUT_S, contents, ended, finished, launch, wait_for
from hanging import stopped
from loopback_cluster import Cluster

from tuning.campaign.errors import CampaignError
from tuning.execution.cluster import join
from tuning.journal.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.ray, pytest.mark.cluster]

HASTY = f"from tuning.execution import cluster; cluster.ASK_S = 1.0; cluster.LOST_S = cluster.SILENT_S = 5.0; {SEQTUNE}"


SLOW = f"""\
import time
from tuning.execution import ray_session
kill = ray_session._kill
ray_session._kill = lambda folder: (kill(folder), time.sleep(10))
{HASTY}"""
"""On a busy machine it takes as long to tell the store; still connected, Ray would end the process meanwhile."""


@pytest.fixture(scope="module")
def cluster() -> "Iterator[Cluster]":
    running = Cluster("a", "b")
    try:
        yield running
    finally:
        running.stop()


def test_a_cluster_gives_the_bits_of_one_machine(cluster: Cluster, file: Path, alone: object, tmp_path: Path) -> None:
    finished(launch(file, tmp_path, **cluster.environment, RAY_ADDRESS=cluster.address))
    record = Home(tmp_path).record("spread")
    assert contents(record) == alone
    assert [path.name for path in Home(tmp_path).trial("spread", 0).iterdir()] == ["weights.safetensors"]


def test_a_node_and_a_driver_that_die_cost_no_more_than_their_epochs(
    cluster: Cluster, file: Path, alone: object, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    process = launch(file, first, "--set", f"resources.address={cluster.address}", **cluster.environment)
    held: dict[int, psutil.Process] = {}
    while len(held) < 2 and process.poll() is None:  # one on each node, in an epoch, so that a trial is lost
        time.sleep(0.02)
        held |= {
            one.pid: one for one in cluster.processes("Trainable") if one.pid not in held and stopped(one, ".train")
        }
    cluster.remove("a")
    for worker in held.values():
        with suppress(psutil.NoSuchProcess):
            worker.resume()
    cluster.add("a")
    wait_for(process, first, 1, kind="retry")
    assert process.poll() is None
    wait_for(process, first, 6)
    process.kill()
    process.communicate()
    first.rename(second)  # as on another machine
    finished(launch(file, second, **cluster.environment, RAY_ADDRESS=cluster.address))
    record = Home(second).record("spread")
    assert contents(record) == alone
    assert sum(len(trial.retries) for trial in record.trials.values()) >= 1
    assert len(record.launches) == 2


@pytest.mark.parametrize("address", ["127.0.0.1:1", "somewhere"])
def test_an_address_where_no_cluster_answers_is_refused(address: str) -> None:
    with pytest.raises(CampaignError, match=f'"{address}": no Ray cluster answers there'):
        join(address, {})


def test_what_no_node_has_is_one_message(cluster: Cluster, file: Path, tmp_path: Path) -> None:
    settings = [word for key in ("threads=64", "device=cuda") for word in ("--set", f"resources.{key}")]
    message = ended(launch(file, tmp_path, *settings, **cluster.environment, RAY_ADDRESS=cluster.address), 2)
    assert "no node of the Ray cluster can take a trial, which needs 64 CPU, 1 GPU: it has 127.0.0.1 with" in message
    assert "Traceback" not in message
    assert not Home(tmp_path).journal("spread").exists()


@pytest.mark.parametrize(
    ("name", "sent", "code", "reason"),
    [
        ("gcs_server", signal.SIGKILL, HASTY, "the head of the Ray cluster at {address} does not answer"),
        ("gcs_server", signal.SIGSTOP, HASTY, "the head of the Ray cluster at {address} does not answer"),
        ("raylet", signal.SIGKILL, HASTY, "the Ray node of this machine has ended"),
        ("raylet", signal.SIGKILL, SLOW, "the Ray node of this machine has ended"),
    ],
)
def test_a_head_that_is_lost_interrupts_the_launch(  # noqa: PLR0917 - fixtures and parameters
    file: Path, tmp_path: Path, name: str, sent: int, code: str, reason: str
) -> None:
    running = Cluster("a")
    try:
        process = launch(file, tmp_path, code=code, **running.environment, RAY_ADDRESS=running.address)
        wait_for(process, tmp_path, 1)
        for one in running.processes(name):
            if name == "gcs_server" or "--head" in one.cmdline():
                one.send_signal(sent)
        _, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        running.stop()
    assert process.returncode == 1, err
    assert reason.format(address=running.address) in err
    assert "The same command resumes the campaign" in err
    assert [event.cause for event in Home(tmp_path).record("spread").interruptions] == ["ray"]


def test_a_wrong_token_is_refused(cluster: Cluster, file: Path, tmp_path: Path) -> None:
    environment = cluster.environment | {"RAY_AUTH_TOKEN": "f" * 64, "RAY_ADDRESS": cluster.address}
    process = launch(file, tmp_path, **environment)
    _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 2, err
    assert "cannot join the Ray cluster" in err
    assert "RAY_AUTH_TOKEN" in err


def test_a_head_with_another_version_of_ray_is_refused(file: Path, tmp_path: Path) -> None:
    running = Cluster(version="2.59.0")
    try:
        message = ended(launch(file, tmp_path, **running.environment, RAY_ADDRESS=running.address), 2)
    finally:
        running.stop()
    assert "Version mismatch: The cluster was started with: Ray: 2.59.0" in message
    assert "Traceback" not in message
    assert not Home(tmp_path).journal("spread").exists()
