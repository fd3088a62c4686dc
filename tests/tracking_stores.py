"""Homes with a store in them, and all that a store holds, for the tests of tracking."""

import atexit
import shutil
import socket
import tempfile
from functools import cache
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
