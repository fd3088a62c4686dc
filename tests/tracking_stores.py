"""Homes with a store in them, and all that a store holds, for the tests of tracking."""

import atexit
import os
import shutil
import socket
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from tuning.journal.home import Home
from tuning.tracking.client import Store


@cache
def _empty_store() -> Path:
    """An SQLite store, migrated once: MLflow takes seconds for each."""
    folder = Path(tempfile.mkdtemp(prefix="seqtune-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Store(f"sqlite:///{folder / 'mlflow.db'}")
    return folder / "mlflow.db"


def home_with_store(path: Path) -> Home:
    """A home with MLflow's default store, empty."""
    path.mkdir(parents=True, exist_ok=True)
    shutil.copy(_empty_store(), path / "mlflow.db")
    return Home(path)


# Each worker of pytest-xdist has 1,500 ports of its own, below those that Linux gives to whoever asks for any (from
# 32,768). Processes begin at different ones, so that two runs of the tests on one machine seldom meet.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw7").removeprefix("gw")) % 8
_NEXT = count(os.getpid() % 1500)


def free_port(span: int = 1) -> int:
    """The first of `span` neighbouring ports that nobody has; other ones at each call."""
    while True:
        ports = [20_000 + 1500 * _WORKER + next(_NEXT) % 1500 for _ in range(span)]
        if ports == list(range(ports[0], ports[0] + span)) and all(map(_free, ports)):
            return ports[0]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def contents(uri: str, experiment: str = "beats") -> list[dict[str, Any]]:
    """All that an experiment holds: runs with every metric row, parameter, tag, input and artifact.

    Run ids are chosen by the store; a parent's is replaced by its name.
    """
    store = Store(uri)
    found = store.find_experiment(experiment)
    if found is None:
        return []
    runs = store.client.search_runs([found], max_results=1000)
    names = {run.info.run_id: run.info.run_name for run in runs}
    return sorted((_content(store, run, names) for run in runs), key=lambda run: (run["name"], run["start"]))


def experiment_tags(uri: str, experiment: str = "beats") -> dict[str, str]:
    """The tags of an experiment."""
    store = Store(uri)
    return store.experiment_tags(store.find_experiment(experiment))


def _content(store: Store, run: Any, names: dict[str, str]) -> dict[str, Any]:
    client, info = store.client, run.info
    tags = dict(run.data.tags)
    if "mlflow.parentRunId" in tags:
        tags["mlflow.parentRunId"] = names[tags["mlflow.parentRunId"]]
    return {
        "name": info.run_name,
        "status": info.status,
        "start": info.start_time,
        "end": info.end_time,
        "parameters": run.data.params,
        "tags": tags,
        "metrics": {
            key: sorted((row.step, row.timestamp, row.value) for row in client.get_metric_history(info.run_id, key))
            for key in run.data.metrics
        },
        "latest": run.data.metrics,
        "inputs": sorted(
            (item.dataset.name, item.dataset.digest, item.dataset.profile, item.dataset.schema)
            for item in run.inputs.dataset_inputs
        ),
        "artifacts": {
            file.path: "" if file.is_dir else _text(store, info.run_id, file.path)
            for file in client.list_artifacts(info.run_id)
        },
    }


def _text(store: Store, run: str, name: str) -> str:
    if name.endswith(".png"):
        return ""
    with tempfile.TemporaryDirectory() as folder:
        file = store.download(run, name, Path(folder))
        return "" if file is None else file.read_bytes().decode("latin-1")
