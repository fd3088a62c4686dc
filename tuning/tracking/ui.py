"""Serve MLflow's pages for a home: a server as a child process, ended with this one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from data.addresses import masked
from tuning.campaign.errors import JournalError, StoreError
from tuning.journal.events import Opened
from tuning.journal.home import Home
from tuning.tracking.view import view_page, view_tag

START_S = 120.0
"""Timeout of a server's start: usually 5 to 15 s, longer on a busy machine."""

END_S = 10.0
"""Timeout of its end, after which it is killed."""

APP = "seqtune"
"""Name of ``tuning.tracking.pages`` among the apps of MLflow's server."""

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Environment variables of MLflow, set unless the user has set them."""


def ui(home: Home, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve MLflow's pages until Ctrl-C or SIGTERM.  say: prints one line.

    Raises:
        StoreError: the port is in use, or the server does not start.
    """
    uri = home.tracking_uri
    if uri.startswith("http"):
        say(f"MLflow already runs at {masked(uri)} (MLFLOW_TRACKING_URI)")
        return
    say("Starting MLflow ...")
    log = home.path / "mlflow-ui.log"
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with server(uri, artifacts=home.artifacts, host=host, port=port, log=log) as (url, process):
            for line in _pages(home, url):
                say(line)
            say(f"MLflow: {url}   Press Ctrl-C to stop")
            process.wait()
            raise StoreError(f"MLflow's server ended unexpectedly. See {log}")
    except KeyboardInterrupt:
        say("MLflow stopped")
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def server(
    uri: str, *, artifacts: Path, host: str, port: int, log: Path
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run an MLflow server on a store; yield its address and process when it answers, end it afterwards.

    Raises:
        StoreError: the port is in use, or the server does not start.
    """
    _check_port(host, port)
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    command += ["--artifacts-destination", artifacts.as_uri(), "--uvicorn-opts", "--log-level warning"]
    if entry_points(group="mlflow.app", name=APP):  # else installed by an older version, without our defaults
        command += ["--app-name", APP]
    environment = QUIET | dict(os.environ)
    environment["MLFLOW_BACKEND_STORE_URI"] = uri  # not an argument, as it may contain a password
    environment["MLFLOW_LOGGING_LEVEL"] = "WARNING"  # a client's setting in this process would hide errors
    environment.pop("MLFLOW_TRACKING_URI", None)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        # In a new session Ctrl-C reaches this process only, which then ends the server and its children.
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)  # noqa: S603 - our own interpreter and fixed words
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - compared, not bound
    try:
        _wait(url, process, log)
        yield url, process
    finally:
        _end(process)


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StoreError(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another port with --port"
            ) from error


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StoreError(f"MLflow's server ended with code {process.returncode}:", *_tail(log), f"Full log: {log}")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - our own http address
                return
        except OSError:
            time.sleep(0.2)
    raise StoreError(f"MLflow's server did not answer within {START_S:.0f} s. Its log:", *_tail(log))


def _tail(log: Path) -> list[str]:
    return [masked(line) for line in log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]]


def _pages(home: Home, url: str) -> Iterator[str]:
    """Yield the address of each campaign's leaderboard."""
    for name in home.names():
        try:
            event = home.entries(name)[0].event
        except (JournalError, IndexError):
            yield f"{name}: its journal is damaged"
            continue
        assert isinstance(event, Opened)  # noqa: S101 - every journal begins so
        experiment, tags = _experiment(url, name)
        if experiment is not None and view_tag(event.id) in tags:
            yield f"{name}: {view_page(url, experiment, event.id)}"
        else:
            yield f"{name}: not in MLflow yet. Publish it with `{home.command('sync', name)}`"


def _experiment(url: str, name: str) -> tuple[str | None, set[str]]:
    """Return an experiment's id and the names of its tags."""
    query = urllib.parse.urlencode({"experiment_name": name})
    try:
        with urllib.request.urlopen(f"{url}/api/2.0/mlflow/experiments/get-by-name?{query}", timeout=10) as response:  # noqa: S310 - our own http address
            experiment = json.load(response)["experiment"]
    except urllib.error.HTTPError:
        return None, set()
    return str(experiment["experiment_id"]), {tag["key"] for tag in experiment.get("tags", ())}


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
