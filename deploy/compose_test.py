"""The containers, tried for real: the demo campaign on them, with and without faults, against one process here.

    make compose-test

Works on a copy of the checkout, in a Compose project of its own, on a free port.  Needs a Docker engine and Compose.
Prints what it does with the time it takes, and ends with 1 where something is not as it should be.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuning.journal.home import Home
from tuning.training.results import MEASURED

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 900
HEALTHY_S = 300
LAST_TRIAL = 9
SECRETS = ("POSTGRES_PASSWORD", "MLFLOW_ADMIN_PASSWORD", "MLFLOW_SECRET_KEY", "RAY_AUTH_TOKEN")


class Stack:
    """The services of one Compose project."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; nothing is started."""
        self.folder = folder
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
        self.compose = [*(["docker", "compose"] if plugin else ["docker-compose"]), "-p", "seqtune-test"]
        with socket.socket() as first, socket.socket() as second:
            for probe in (first, second):
                probe.bind(("127.0.0.1", 0))
            self.port, self.tls_port = (int(probe.getsockname()[1]) for probe in (first, second))
        tls = {"TLS_PORT": str(self.tls_port), "TLS_HOST": f"localhost:{self.tls_port}"}
        self.environment = os.environ | {"MLFLOW_PORT": str(self.port)} | tls

    def run(self, *words: str, **environment: str) -> str:
        """Run a Compose command to its end."""
        done = subprocess.run(
            [*self.compose, *words],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        if done.returncode:
            raise SystemExit(
                f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done.stdout

    def launch(self, name: str) -> "subprocess.Popen[bytes]":
        """Launch the demo campaign under a name, in the container of the tuner."""
        words = ["run", "--rm", "-T", "-e", f"LAUNCH_OPTIONS=--name {name}", "tuner"]
        return subprocess.Popen(
            [*self.compose, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def home(self) -> Home:
        """What the tuner writes."""
        return Home(self.folder / "var" / "compose" / "seqtune")

    def containers(self, service: str) -> list[str]:
        """Ids of a service's containers."""
        return self.run("ps", "-q", service).split()

    def ask(self, path: str, body: dict[str, Any], *, password: str | None) -> tuple[int, dict[str, Any]]:
        """Post to MLflow's API over HTTP; return status and answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/2.0/mlflow/{path}")
        request.add_header("Content-Type", "application/json")
        if password is not None:
            request.add_header("Authorization", f"Basic {b64encode(f'admin:{password}'.encode()).decode()}")
        try:
            with urllib.request.urlopen(request, data=json.dumps(body).encode(), timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, {}

    def healthy(self) -> bool:
        """Whether MLflow answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                return True
        except OSError:
            return False


def contents(home: Home, name: str) -> Any:
    """Configurations, curves, weights and leaderboard of a campaign; all but its name and the clock."""
    record = home.record(name)
    rows = [
        (
            trial.config.model_copy(update={"campaign": ""}).model_dump(mode="json"),
            [report.model_dump(mode="json", exclude={"seconds"}) for report in trial.epochs],
            trial.result and trial.result.model_dump(mode="json", exclude=MEASURED),
        )
        for _, trial in sorted(record.trials.items())
    ]
    return rows, [trial.config.index for trial in record.ranked()]


def wait(until: Callable[[], bool], what: str, seconds: float = HEALTHY_S) -> None:
    """Wait for something, or give up."""
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)


BEGAN = time.monotonic()


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"{time.monotonic() - BEGAN:6.0f} s  {text}", flush=True)


def check(holds: bool, what: str) -> None:  # noqa: FBT001 - a check
    """Say what holds; end where it does not."""
    say(f"{'ok' if holds else 'FAILED'}: {what}")
    if not holds:
        raise SystemExit(1)


def runs(stack: Stack, name: str, password: str) -> list[dict[str, Any]]:
    """Return a campaign's runs of trials, over HTTP."""
    _, found = stack.ask("experiments/search", {"max_results": 100, "filter": f"name = '{name}'"}, password=password)
    body = {"experiment_ids": [found["experiments"][0]["experiment_id"]], "max_results": 100}
    _, answer = stack.ask("runs/search", body, password=password)
    tags = [({tag["key"]: tag["value"] for tag in run["data"]["tags"]}, run) for run in answer["runs"]]
    return [run for found_tags, run in tags if found_tags.get("seqtune.kind") == "trial"]


def check_runs(stack: Stack, name: str, password: str) -> None:
    """Check that MLflow has one finished run of each trial."""
    found = runs(stack, name, password)
    states = {run["info"]["status"] for run in found}
    check(len(found) == LAST_TRIAL + 1 and states == {"FINISHED"}, f"{name}: {len(found)} runs in MLflow, all {states}")


def memory(stack: Stack) -> None:
    """Print the memory of each container."""
    ids = stack.run("ps", "-q").split()
    form = "{{.Name}}: {{.MemUsage}}"
    done = subprocess.run(
        ["docker", "stats", "--no-stream", "--format", form, *ids], capture_output=True, text=True, check=True
    )
    for line in sorted(done.stdout.splitlines()):
        say(f"memory  {line}")


def inside(container: str, *words: str) -> tuple[int, str]:
    """Run a command in a container; return exit code and output."""
    done = subprocess.run(["docker", "exec", container, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def check_rights(stack: Stack, secrets: dict[str, str]) -> None:
    """Check what the containers may do, as docs/security.md states it."""
    look = "grep -E '^(Uid|CapEff|NoNewPrivs):' /proc/1/status | cut -f 2; test -w / && echo writable || echo read-only"
    for service in ("postgres", "mlflow", "ray-head", "ray-worker"):
        container = stack.containers(service)[0]
        user, capabilities, bound, root = inside(container, "sh", "-c", look)[1].split()
        rights = (user != "0", int(capabilities, 16), bound, root)
        check(
            rights == (True, 0, "1", "read-only"),
            f"{service}: user {user}, no capabilities, none to gain, root read-only",
        )
        ports = subprocess.run(["docker", "port", container], capture_output=True, text=True, check=True).stdout
        published = [line.split(" -> ")[1] for line in ports.splitlines()]
        expected = [f"127.0.0.1:{stack.port}"] if service == "mlflow" else []
        check(published == expected, f"{service}: published ports: {', '.join(published) or 'none'}")
        arguments = inside(container, "sh", "-c", "cat /proc/[0-9]*/cmdline")[1]
        check(not any(secret in arguments for secret in secrets.values()), f"{service}: no secret among arguments")
    worker = stack.containers("ray-worker")[0]
    connect = "import socket; socket.create_connection(('postgres', 5432), 5)"
    check(inside(worker, "python", "-c", connect)[0] != 0, "a worker does not reach postgres")
    check(inside(worker, "sh", "-c", "command -v gcc cc c++ make")[0] != 0, "no compiler in the image")


def check_tls(stack: Stack, password: str) -> None:
    """Check https in front of MLflow, where the image of nginx can be had."""
    image = "nginx:1.28"
    for words in (("image", "inspect"), ("pull",)):
        if subprocess.run(["docker", *words, image], capture_output=True, check=False).returncode == 0:
            break
    else:
        say(f"skipped: TLS, as there is no image {image}")
        return
    folder = stack.folder / "var" / "compose" / "tls"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", "/CN=localhost"]
    request += ["-addext", "subjectAltName=DNS:localhost", *files]
    subprocess.run(request, check=True, capture_output=True)
    owner = folder.stat()
    for file in folder.iterdir():
        os.chown(file, owner.st_uid, owner.st_gid)
    stack.run("--profile", "tls", "up", "-d", "tls")
    container = stack.containers("tls")[0]
    published = subprocess.run(["docker", "port", container], capture_output=True, text=True, check=True).stdout.strip()
    check(published.endswith(f"127.0.0.1:{stack.tls_port}"), f"tls: published port: {published}")
    context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    url = f"https://localhost:{stack.tls_port}/api/2.0/mlflow/experiments/search"

    def answer(password: str) -> int | None:
        request = urllib.request.Request(url, data=b'{"max_results": 1}')
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Basic {b64encode(f'admin:{password}'.encode()).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    wait(lambda: answer(password) == 200, "https")
    check(answer("x") == 401, "https: 200 with the password, 401 with another")


def faults(stack: Stack) -> "subprocess.Popen[bytes]":
    """Launch the campaign again; kill a worker in an epoch, add two, restart the database and the server."""
    process = stack.launch("faulty")
    journal = stack.home.journal("faulty")

    def epochs() -> int:
        return journal.read_text().count('"kind":"epoch"') if journal.exists() else 0

    wait(lambda: epochs() >= 4, "four epochs")
    victim = stack.containers("ray-worker")[0]
    subprocess.run(["docker", "kill", victim], check=True, capture_output=True)
    say("killed a ray-worker in the middle of an epoch")
    stack.run("up", "-d", "--no-recreate", "--scale", "ray-worker=3", "ray-worker")
    say("scaled to three workers")
    stack.run("restart", "postgres")
    stack.run("restart", "mlflow")
    say("restarted postgres and mlflow")
    return process


def main() -> None:
    """Try everything."""
    with tempfile.TemporaryDirectory(prefix="seqtune-compose-") as scratch:
        folder = Path(scratch) / "checkout"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in files.split("\0")[:-1]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
        subprocess.run([sys.executable, "deploy/prepare.py"], cwd=folder, check=True)
        secrets = dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines() if "=" in line)
        password = secrets["MLFLOW_ADMIN_PASSWORD"]
        stack = Stack(folder)
        try:
            stack.run("build", "mlflow")
            say("built the image")
            stack.run("up", "-d", "--scale", "ray-worker=2", "mlflow", "ray-head", "ray-worker")
            wait(stack.healthy, "MLflow")
            say("everything is up")
            check(stack.ask("experiments/search", {"max_results": 1}, password=None)[0] == 401, "no password: 401")
            check(stack.ask("experiments/search", {"max_results": 1}, password="x")[0] == 401, "a wrong password: 401")  # noqa: S106
            check_rights(stack, {name: secrets[name] for name in SECRETS})
            check_tls(stack, password)
            launched = stack.launch("quiet")
            wait(lambda: len(stack.containers("ray-worker")) == 2 and stack.home.journal("quiet").exists(), "a journal")
            time.sleep(20)
            memory(stack)
            check(launched.wait(timeout=TIMEOUT_S) == 0, "the demo campaign ran on two workers")
            check_runs(stack, "quiet", password)
            check(faults(stack).wait(timeout=TIMEOUT_S) == 0, "the demo campaign ran through the faults")
            wait(stack.healthy, "MLflow")
            check_runs(stack, "faulty", password)
            alone = Home(Path(scratch) / "alone")
            seqtune = (sys.executable, "-c", "from tuning.cli.app import main; main()")
            words = ("launch", "campaigns/demo.toml", "--home", str(alone.path), "--name", "alone")
            subprocess.run([*seqtune, *words], cwd=ROOT, check=True, capture_output=True)
            expected = contents(alone, "alone")
            check(contents(stack.home, "quiet") == expected, "equal to one machine bit for bit: on two workers")
            check(contents(stack.home, "faulty") == expected, "equal to one machine bit for bit: through the faults")
            retries = sum(len(trial.retries) for trial in stack.home.record("faulty").trials.values())
            check(retries > 0, f"{retries} trials were retried after the worker's death")
        finally:
            stack.run("--profile", "launch", "--profile", "tls", "down", "-v", "--remove-orphans", "-t", "5")


if __name__ == "__main__":
    main()
