"""Campaigns killed at random moments and resumed: lost, doubled or different trials.

    python benchmarks/kill_matrix.py --campaigns 30
    python benchmarks/kill_matrix.py --campaigns 20 --cluster

All campaigns are the same small one (6 trials of 4 epochs, two workers, MLflow).  When the journal reaches a random
event, the driver, a worker, the MLflow server, Ray's raylet or its GCS receives SIGKILL, or a worker is stopped and
hangs.  The campaign is launched again until it finishes, and compared with an uninterrupted one: suggestions, curves,
weights, leaderboard.  Prints one JSON line.

With --cluster the campaigns run on a cluster of a head and two nodes on the loopback interface, and the victims are a
worker, a node, the driver (the campaign continues from a moved home), the MLflow server and the head.  The
uninterrupted campaign runs on this machine alone.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import mlflow
import psutil
from benchmark_data import write_table
from kill_victims import Loopback, Machine, Place

from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.journal.record import CampaignRecord
from tuning.training.results import MEASURED

NAME = "killed"
TRIALS = 6
TIMEOUT_S = 900
LAUNCHES = 5
CAMPAIGN = f"""
name = "{NAME}"
seed = 7
[data]
dataset = "TABLE"
balance = ["raw", "oversample"]
[space]
name = "cnn2d"
fix = {{ hidden = 62, blocks = 1, layers = 2 }}
[search]
trials = {TRIALS}
window = 2
startup_trials = 2
[train]
epochs = 4
"""


def write_campaign(folder: Path) -> Path:
    """Write a campaign file and its table of 120 short rows."""
    table = write_table(folder / "table.csv")
    path = folder / "campaign.toml"
    path.write_text(CAMPAIGN.replace("TABLE", str(table)))
    return path


def launch(path: Path, home: Home, uri: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Launch with the command line, in a new process."""
    command = [sys.executable, "-c", "from tuning.cli.app import main; main()", "launch", str(path)]
    return subprocess.Popen(
        [*command, "--home", str(home.path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment | {"MLFLOW_TRACKING_URI": uri},
    )


def digest(record: CampaignRecord) -> str:
    """Hash suggestions, curves, weights and leaderboard; all but wall times."""
    rows = [
        (
            trial.config.model_dump(mode="json"),
            [report.model_dump(mode="json", exclude={"seconds"}) for report in trial.epochs],
            trial.result and trial.result.model_dump(mode="json", exclude=MEASURED),
        )
        for _, trial in sorted(record.trials.items())
    ]
    board = [trial.config.index for trial in record.ranked()]
    return hashlib.sha256(json.dumps([rows, board], sort_keys=True).encode()).hexdigest()


def events(home: Home) -> int:
    """Return the number of complete lines in the journal."""
    path = home.journal(NAME)
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(home: Home, count: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the journal has ``count`` events; return False if the launch ends first."""
    deadline = time.monotonic() + TIMEOUT_S
    while events(home) < count:
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


class Server:
    """A local MLflow server that can be killed and restarted."""

    def __init__(self, folder: Path) -> None:
        """Choose a free port, without starting the server."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.uri = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it responds."""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
                *("--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder / 'server.db'}"),
                *("--artifacts-destination", str(self.folder / "served")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=2):  # noqa: S310 - loopback
                return
            time.sleep(0.2)
        raise TimeoutError(f"no MLflow server on {self.uri}")

    def kill(self) -> None:
        """Send SIGKILL to the server and its workers."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def store(folder: Path, *, served: bool) -> Iterator[tuple[str, Server | None]]:
    """Yield a tracking store: a server or SQLite."""
    if not served:
        yield f"sqlite:///{folder / 'mlflow.db'}", None
        return
    server = Server(folder)
    try:
        server.start()
        yield server.uri, server
    finally:
        server.kill()


def census(uri: str) -> dict[str, int]:
    """Count lost, doubled and running trials in the store."""
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name(NAME)
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    trials = [run.data.tags["seqtune.trial.index"] for run in runs if run.data.tags.get("seqtune.kind") == "trial"]
    return {
        "lost": TRIALS - len(set(trials)),
        "doubled": len(trials) - len(set(trials)),
        "running": sum(run.info.status == "RUNNING" for run in runs),
    }


def run_campaign(
    place: Place, path: Path, folder: Path, *, victim: str, moment: int, chance: random.Random
) -> dict[str, object]:
    """Launch, kill, and launch again until finished."""
    home = Home(folder / "home")
    with store(folder, served=victim in place.served) as (uri, server):
        process = launch(path, home, uri, place.environment)
        if wait_for(home, moment, process):
            if victim == "server" and server is not None:
                server.kill()
            else:
                with suppress(psutil.Error):  # the victim has just ended
                    place.disturb(victim, process, chance)
        process.wait(timeout=TIMEOUT_S)
        if server is not None and server.process is None:
            server.start()
        home = Home(place.mend(victim, home.path))
        launches = 1
        while home.record(NAME).finished_at is None and launches < LAUNCHES:
            launches += 1
            launch(path, home, uri, place.environment).wait(timeout=TIMEOUT_S)
        sync = [sys.executable, "-c", "from tuning.cli.app import main; main()", "sync", NAME, "--home", str(home.path)]
        subprocess.run(sync, check=True, capture_output=True, env=os.environ | {"MLFLOW_TRACKING_URI": uri})
        return {
            "victim": victim,
            "moment": moment,
            "launches": launches,
            "digest": digest(home.record(NAME)),
            **census(uri),
        }


def main() -> None:
    """Run the matrix."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=30, help="number of campaigns")
    parser.add_argument("--seed", type=int, default=0, help="seed of victims and moments")
    parser.add_argument("--cluster", action="store_true", help="run on a cluster of several nodes on this machine")
    parser.add_argument("--victims", nargs="+", metavar="VICTIM", help="only these, e.g. raylet 'stopped worker'")
    options = parser.parse_args()
    possible = (Loopback if options.cluster else Machine).victims
    victims = options.victims or possible
    if not set(victims) <= set(possible):
        parser.error(f"--victims: allowed are {', '.join(possible)}")
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="seqtune-kill-") as scratch, ExitStack() as stack:
        root = Path(scratch)
        os.chdir(scratch)  # MLflow creates ./mlruns beside a SQLite store
        path = write_campaign(root)
        home = Home(root / "uninterrupted")
        launch(path, home, f"sqlite:///{root / 'uninterrupted.db'}", dict(os.environ)).wait(timeout=TIMEOUT_S)
        expected = digest(home.record(NAME))
        length = len(read(home.journal(NAME)))
        place: Place = Machine()
        if options.cluster:
            place = Loopback()
            stack.callback(place.stop)
        rows = []
        for number in range(options.campaigns):
            victim = victims[number % len(victims)]
            folder = root / f"c{number}"
            folder.mkdir()
            row = run_campaign(place, path, folder, victim=victim, moment=chance.randint(1, length - 1), chance=chance)
            rows.append(row | {"equal": row["digest"] == expected})
            print(f"{number + 1}/{options.campaigns}", rows[-1], file=sys.stderr)
        print(
            json.dumps(
                {
                    "benchmark": "kill_matrix",
                    "cluster": options.cluster,
                    "campaigns": len(rows),
                    "equal": sum(bool(row["equal"]) for row in rows),
                    **{key: sum(int(str(row[key])) for row in rows) for key in ("lost", "doubled", "running")},
                    "by_victim": {
                        victim: {
                            "campaigns": sum(row["victim"] == victim for row in rows),
                            "equal": sum(row["victim"] == victim and bool(row["equal"]) for row in rows),
                        }
                        for victim in victims
                    },
                }
            )
        )


if __name__ == "__main__":
    main()
