"""What may fail on a cluster during a launch: the campaign comes out as on one machine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from cluster_launches import SEQTUNE, contents, counted, ended, finished, launch, wait_for
from hanging import is_doing, stopped
from loopback_cluster import Cluster
from postgres_server import Postgres
from tracking_stores import free_port

from tuning.journal.home import Home
from tuning.tracking.client import Store
from tuning.tracking.ui import server

pytestmark = [pytest.mark.ray, pytest.mark.cluster]

BETWEEN = "Trainable"
"""Two epochs: Ray has called no method."""
ROOT = Path(__file__).parents[2]
HASTY = f"from tuning.execution import nodes, stalled; nodes.ABSENT_S = 1.0; stalled.STALLED_S = 3.0; {SEQTUNE}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """With one node, "a"; each test leaves it so."""
    running = Cluster("a")
    try:
        yield running
    finally:
        running.stop()


def hang(
    cluster: Cluster, process: "subprocess.Popen[str]", count: int, doing: str = "Trainable.train"
) -> list[psutil.Process]:
    """Stop so many workers, so that the campaign waits for what comes next.

    doing: how Ray names them then, at the end; by default in the middle of an epoch.
    """
    hung: list[psutil.Process] = []
    while len(hung) < count:
        assert process.poll() is None, process.communicate()
        for worker in watched(cluster, doing):
            with suppress(psutil.NoSuchProcess):
                if worker not in hung and is_doing(worker, doing) and stopped(worker, doing):
                    hung.append(worker)
            if len(hung) == count:
                break
    return hung


def watched(cluster: Cluster, doing: str) -> Iterator[psutil.Process]:
    """Yield the workers of now again and again, for a while: to list them takes much longer than to look at them."""
    workers = cluster.processes(doing.partition(".")[0])
    pause = 0.0 if doing == BETWEEN else 0.002  # the time between two epochs is some milliseconds
    for _ in range(1000 if doing == BETWEEN else 100):
        yield from workers
        time.sleep(pause)


@contextmanager
def joined_late(cluster: Cluster, process: "subprocess.Popen[str]", name: str, **environment: str) -> Iterator[None]:
    """A node that joins while a trial is under way on "a", and another waits for a place."""
    (worker,) = hang(cluster, process, 1)
    cluster.add(name, **environment)
    try:
        yield
    finally:
        cluster.remove(name)
        with suppress(psutil.NoSuchProcess):
            worker.kill()


def test_a_node_that_joins_with_other_code_gets_no_trial(
    cluster: Cluster, file: Path, alone: object, tmp_path: Path
) -> None:
    other, home = tmp_path / "other", tmp_path / "home"
    for package in ("data", "models", "search_spaces", "tuning"):
        shutil.copytree(ROOT / package, other / package)
    (other / "models" / "changed.py").touch()
    process = launch(file, home, **cluster.environment, RAY_ADDRESS=cluster.address)
    with joined_late(cluster, process, "other", PYTHONPATH=str(other)):
        assert "has other code of seqtune than this machine" in ended(process, 1)
    assert [event.cause for event in Home(home).record("spread").interruptions] == ["ray"]
    finished(launch(file, home, **cluster.environment, RAY_ADDRESS=cluster.address))
    assert contents(Home(home).record("spread")) == alone


def test_a_node_that_joins_without_seqtune_fails_no_trial(cluster: Cluster, file: Path, tmp_path: Path) -> None:
    broken, home = tmp_path / "broken", tmp_path / "home"
    (broken / "tuning").mkdir(parents=True)  # as where seqtune is not installed
    (broken / "tuning" / "__init__.py").write_text("raise ImportError('no seqtune here')\n")
    process = launch(file, home, **cluster.environment, RAY_ADDRESS=cluster.address)
    with joined_late(cluster, process, "broken", PYTHONPATH=str(broken)):
        assert "Is seqtune installed there" in ended(process, 1)
    record = Home(home).record("spread")
    assert [event.cause for event in record.interruptions] == ["ray"]
    assert not record.ended


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_a_node_whose_disk_is_full_interrupts_the_launch(
    cluster: Cluster, file: Path, alone: object, tmp_path: Path
) -> None:
    disk, home = tmp_path / "disk", tmp_path / "home"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=True)
    try:
        # What is left suffices for Python to take this folder for temporary files, but not for the arrays.
        (disk / "filler").write_bytes(bytes(64 * 2**20 - 4 * 4096))
        process = launch(file, home, **cluster.environment, RAY_ADDRESS=cluster.address)
        with joined_late(cluster, process, "full", TMPDIR=str(disk)):
            message = ended(process, 1)
            assert "cannot be trained on node 127.0.0.1" in message
            assert "No space left on device" in message
            assert [event.cause for event in Home(home).record("spread").interruptions] == ["storage"]
            (disk / "filler").unlink()
            finished(launch(file, home, **cluster.environment, RAY_ADDRESS=cluster.address))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert contents(Home(home).record("spread")) == alone


def test_stores_nodes_and_workers_that_fail_change_nothing(
    cluster: Cluster, file: Path, alone: object, tmp_path: Path
) -> None:
    home, port = tmp_path / "home", free_port()
    postgres = Postgres()
    with ExitStack() as stack:
        stack.callback(postgres.remove)

        def mlflow() -> ExitStack:
            one = ExitStack()
            log = tmp_path / "server.log"
            one.enter_context(server(postgres.uri, artifacts=tmp_path, host="127.0.0.1", port=port, log=log))
            return stack.enter_context(one)

        uri = f"http://127.0.0.1:{port}"
        served = mlflow()
        cluster.add("b")
        environment = cluster.environment | {"RAY_ADDRESS": cluster.address, "MLFLOW_TRACKING_URI": uri}
        process = launch(file, home, "--set", "resources.max_retries=10", code=HASTY, **environment)
        hang(cluster, process, 2)
        served.close()
        postgres.stop()
        wait_for(process, home, 2, kind="retry")  # both workers hung, and were killed
        hang(cluster, process, 1)  # otherwise the campaign may end before both nodes are lost
        cluster.remove("a")
        cluster.remove("b")
        said = "Each needs 1 CPU of one node. The Ray cluster has 127.0.0.1 with neither CPU nor GPU. No node has that"
        while process.poll() is None and said not in Home(home).journal("spread").read_text():
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert said in ended(process, 130)
        cluster.add("a")
        before = counted(home)
        process = launch(file, home, "--set", "resources.max_retries=10", code=HASTY, **environment)
        wait_for(process, home, before + 1)  # Ray names a worker in the same way while it starts
        hang(cluster, process, 1, BETWEEN)
        cluster.add("c")  # takes the other trial, and is lost while it is checked
        hang(cluster, process, 1, "_describe")
        cluster.remove("c")
        postgres.start()
        mlflow()
        finished(process)
        sync = [sys.executable, "-c", SEQTUNE, "sync", "spread", "--home", str(home)]
        subprocess.run(sync, env=environment, check=True, capture_output=True)
        record = Home(home).record("spread")
        assert contents(record) == alone
        runs = Store(uri).client.search_runs([Store(uri).find_experiment("spread")])
        trials = Counter(run.data.tags["seqtune.trial.index"] for run in runs if "seqtune.trial.index" in run.data.tags)
        assert trials == {str(index): 1 for index in range(5)}
        assert {run.info.status for run in runs} == {"FINISHED"}
