"""Ray for one launch: who may reach it, what it leaves behind, and what happens when one of its processes is lost."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from factories import csv_table
from hanging import is_doing, stopped

from tuning.execution.ray_session import secret_variables
from tuning.journal.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.ray

TIMEOUT_S = 120
CAMPAIGN = """\
name = "tiny"
seed = 3
[data]
dataset = "{table}"
balance = "raw"
[space]
name = "cnn2d"
fix = {{ hidden = 62, layers = 2, blocks = 1 }}
[search]
trials = {trials}
window = 2
[train]
epochs = {epochs}
[resources]
concurrency = 1
"""
SECRET = "correct-horse-battery-staple"  # noqa: S105 - of nothing
LAUNCH = """\
import sys
from pathlib import Path
from tuning.campaign.file import load
from tuning.execution import stalled
from tuning.execution.launch import launch
from tuning.journal.home import Home
if __name__ == "__main__":
    stalled.STALLED_S = 3.0
    launch(load(Path(sys.argv[1])), home=Home(Path(sys.argv[2])), datasets=None, progress=print)
"""

LATE = """\
import os
import sys
from pathlib import Path
import psutil
from tuning.campaign.file import load
from tuning.execution import ray_session
from tuning.execution.launch import launch
from tuning.journal.home import Home
from ray._private import services

def late(*_):
    raise Exception("The current node timed out during startup. This could happen because of many things.")

def run():
    home = Home(Path(sys.argv[2]))
    return launch(load(Path(sys.argv[1])), home=home, datasets=None, progress=lambda _: None)

if __name__ == "__main__":
    in_time, services.get_node = services.get_node, late
    print(run().interruptions)
    print("processes:", len(psutil.Process().children(recursive=True)))
    print("folders:", os.listdir(os.environ["TMPDIR"]))
    services.get_node = in_time
    print("finished:", run().finished_at is not None)
"""
"""Ray's servers run, but do not answer within Ray's 30 s, as on an overloaded machine."""


def campaign_file(folder: Path, *, trials: int, epochs: int) -> Path:
    path = folder / "tiny.toml"
    path.write_text(CAMPAIGN.format(table=csv_table(folder / "table.csv"), trials=trials, epochs=epochs))
    return path


@contextmanager
def launched(
    folder: Path, *, trials: int = 2, epochs: int = 50, code: tuple[str, ...] = (), **environment: str
) -> "Iterator[subprocess.Popen[str]]":
    """A launch that has ended an epoch, as a process of its own."""
    path = campaign_file(folder, trials=trials, epochs=epochs)
    seqtune = ("-c", "from tuning.cli.app import main; main()", "launch", str(path), "--home", str(folder / "home"))
    command = [sys.executable, *(code or seqtune)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        journal = Home(folder / "home").journal("tiny")
        while process.poll() is None and not (journal.exists() and '"kind":"epoch"' in journal.read_text()):
            time.sleep(0.05)
        try:
            yield process
        finally:
            process.kill()


def named(process: "subprocess.Popen[str]", start: str) -> list[psutil.Process]:
    """The processes below a launch whose command starts so."""
    below = psutil.Process(process.pid).children(recursive=True)
    return [one for one in below if start in (one.cmdline() or [""])[0]]


def hang(process: "subprocess.Popen[str]") -> None:
    """Stop the worker in the middle of an epoch."""
    doing = "Trainable.train"
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            if any(is_doing(one, doing) and stopped(one, doing) for one in named(process, "ray::")):
                return
    pytest.fail("the launch ended before its worker was stopped")


@pytest.mark.parametrize("name", ["raylet", "gcs_server"])
def test_a_launch_that_loses_ray_ends_as_interrupted_and_resumes(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "home")
    with launched(tmp_path, epochs=20) as process:
        hang(process)  # otherwise the campaign may end before the loss is seen
        (victim,) = named(process, name)
        victim.kill()
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert f"Ray's process {name} ended unexpectedly" in err
    assert "The same command resumes the campaign" in err
    assert "raylet)" not in out + err  # Ray's own log
    record = home.record("tiny")
    assert [event.cause for event in record.interruptions] == ["ray"]
    assert sum(len(trial.epochs) for trial in record.trials.values()) >= 1
    assert {trial.result and trial.result.status for trial in record.trials.values()} <= {None, "completed"}
    with launched(tmp_path, epochs=20) as process:
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    again = home.record("tiny")
    assert again.finished_at is not None
    assert [trial.status for trial in again.trials.values()] == ["completed"] * 2
    for index, trial in again.trials.items():
        before = record.trials[index].epochs if index in record.trials else []
        assert trial.epochs[: len(before)] == before
        assert [report.epoch for report in trial.epochs] == list(range(1, trial.result.epochs + 1))


def test_a_launch_whose_ray_does_not_start_in_time_leaves_nothing_behind_and_resumes(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as scratch:  # Ray's sockets need a short path
        command = [sys.executable, "-c", LATE, str(campaign_file(tmp_path, trials=1, epochs=1)), str(tmp_path / "home")]
        environment = os.environ | {"TMPDIR": scratch}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=TIMEOUT_S)
    reason, *rest = done.stdout.splitlines()
    assert "cause='ray'" in reason
    assert (
        "Ray did not start, as happens on an overloaded machine: The current node timed out during startup'" in reason
    )
    assert rest == ["processes: 0", "folders: []", "finished: True"], done.stderr


def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    home = tmp_path / "home"
    code = ("-c", LAUNCH, str(tmp_path / "tiny.toml"), str(home))
    with launched(tmp_path, trials=2, epochs=40, code=code) as process:  # with few it might end before it is stopped
        hang(process)
        process.communicate(timeout=TIMEOUT_S)
    record = Home(home).record("tiny")
    assert record.finished_at is not None
    assert [trial.status for trial in record.trials.values()] == ["completed"] * 2
    assert sum(len(trial.retries) for trial in record.trials.values()) >= 1


def test_ray_listens_on_loopback_alone_in_a_private_folder_and_leaves_nothing_behind(tmp_path: Path) -> None:
    scratch = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))  # Ray's sockets need a short path
    store = f"postgresql://me:{SECRET}@127.0.0.1/mlflow"
    killed = scratch / "seqtune-ray-left"  # by a launch that received SIGKILL
    killed.mkdir()
    (killed / "lock").touch()
    with launched(tmp_path, TMPDIR=str(scratch), HOME="/proc/none", DATABASE_URL=store, MY_TOKEN=SECRET) as process:
        below = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        listening = {
            connection.laddr.ip
            for one in below
            for connection in one.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        (folder,) = scratch.glob("seqtune-ray-*")
        mode = stat.S_IMODE(folder.stat().st_mode)
        sessions = list(folder.glob("r/session_*/sockets/plasma_store"))
        (worker, *_) = [one for one in named(process, "ray::") if "Trainable" in one.cmdline()[0]]
        environment = worker.environ()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}
    assert mode == 0o700
    assert sessions
    assert environment["RAY_AUTH_MODE"] == "token"
    assert SECRET not in " ".join(environment.values())
    assert not [path.name for path in scratch.iterdir()]
    scratch.rmdir()
    assert [line for line in err.splitlines() if line and not line.startswith("seqtune: ")] == []


def test_variables_with_secrets_are_known_by_their_names_and_by_addresses() -> None:
    environment = {
        "PATH": "/usr/bin",
        "OMP_NUM_THREADS": "1",
        "RAY_AUTH_TOKEN": "x",
        "MLFLOW_TRACKING_PASSWORD": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "WANDB_API_KEY": "x",
        "MLFLOW_TRACKING_URI": "http://me:x@127.0.0.1",
        "SEQTUNE_HOME": "/var",
    }
    assert secret_variables(environment) == [
        "MLFLOW_TRACKING_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "WANDB_API_KEY",
        "MLFLOW_TRACKING_URI",
    ]
