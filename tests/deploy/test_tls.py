"""deploy/tls/nginx.conf: a real nginx with TLS in front of a real MLflow server with users, on loopback."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tracking_journals import launched, opened, weights, whole_trial, write
from tracking_stores import contents, free_port, home_with_store

from tuning.journal.events import Finished
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.record import opened as record_of
from tuning.tracking.layout import Tag
from tuning.tracking.pages import TABLE
from tuning.tracking.publisher import sync
from tuning.tracking.view import leaderboard_view, view_tag

ROOT = Path(__file__).parent.parent.parent
CONFIGURATION = ROOT / "deploy" / "tls" / "nginx.conf"
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a server that lives for this test
START_S = 120

pytestmark = pytest.mark.server


class Proxy(NamedTuple):
    """What a client needs."""

    port: int
    certificate: Path

    @property
    def url(self) -> str:
        """The address behind TLS."""
        return f"https://localhost:{self.port}"

    def variables(self, **changes: str) -> dict[str, str]:
        """Return the environment of a client; an empty value leaves a variable out."""
        chosen = {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": "admin",
            "MLFLOW_TRACKING_PASSWORD": PASSWORD,
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(self.certificate),
        } | changes
        return {name: value for name, value in (os.environ | chosen).items() if value}


def declared_apps(folder: Path) -> str:
    """Write the entry points of pyproject.toml as those of an installed package; return a PYTHONPATH with it.

    An environment may have been installed before an entry point was declared.
    """
    apps = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["mlflow.app"]
    package = folder / "declared" / "seqtune_declared-0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: seqtune-declared\nVersion: 0\n")
    lines = [f"{name} = {target}" for name, target in apps.items()]
    (package / "entry_points.txt").write_text("\n".join(["[mlflow.app]", *lines, ""]))
    return os.pathsep.join([str(ROOT), str(package.parent)])


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if shutil.which("nginx") is None or shutil.which("openssl") is None:
        pytest.skip("nginx or openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    server, port = free_port(), free_port()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", "/CN=localhost"]
    request += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(request, check=True, capture_output=True)

    text = CONFIGURATION.read_text()
    text = replaced(text, "listen 5443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    text = replaced(text, "http://mlflow:5000", f"http://127.0.0.1:{server}")
    text = replaced(text, "/etc/seqtune/tls/certificate.pem", str(certificate))
    text = replaced(text, "/etc/seqtune/tls/key.pem", str(key))
    (folder / "nginx.conf").write_text(text.replace("/tmp/nginx", f"{folder}/nginx"))  # noqa: S108 - replaced

    users = (ROOT / "deploy" / "mlflow-auth.ini").read_text()
    (folder / "users.ini").write_text(replaced(users, "/data/users.db", str(folder / "users.db")))
    store = home_with_store(folder / "store")
    environment = os.environ | {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "users.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONPATH": declared_apps(folder),
    }
    words = ["server", "--app-name", "seqtune-users", "--host", "127.0.0.1", "--port", str(server), "--workers", "1"]
    words += ["--backend-store-uri", store.tracking_uri, "--artifacts-destination", store.artifacts.as_uri()]
    words += ["--allowed-hosts", f"localhost:{port}"]
    commands = (
        [sys.executable, "-m", "mlflow", *words],
        ["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf")],
    )
    servers: list[subprocess.Popen[bytes]] = []
    with ExitStack() as ending:
        log = ending.enter_context((folder / "log").open("wb"))
        for command in commands:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
            servers.append(process)
            ending.callback(process.wait, timeout=30)
            ending.callback(process.terminate)
        yielded = Proxy(port, certificate)
        deadline = time.monotonic() + START_S
        while status(yielded, "/health") != 200:
            running = all(process.poll() is None for process in servers)
            assert running, (folder / "log").read_text()[-5000:]
            assert time.monotonic() < deadline, (folder / "log").read_text()[-5000:]
            time.sleep(0.2)
        yield yielded


def get(proxy: Proxy, path: str, **headers: str) -> tuple[int | None, str]:
    """Status and text of a GET, None where nothing answers."""
    request = urllib.request.Request(f"{proxy.url}{path}", headers=headers)  # noqa: S310 - https
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310 - https
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return None, ""


def status(proxy: Proxy, path: str, **headers: str) -> int | None:
    """Status of a GET, None where nothing answers."""
    return get(proxy, path, **headers)[0]


def post(proxy: Proxy, path: str, content: dict[str, Any]) -> dict[str, Any]:
    """Answer to a request of MLflow's REST interface by the administrator."""
    headers = {"Content-Type": "application/json"} | basic("admin", PASSWORD)
    request = urllib.request.Request(  # noqa: S310 - https
        f"{proxy.url}/api/{path}", data=json.dumps(content).encode(), headers=headers
    )
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310 - https
        found: dict[str, Any] = json.load(answer)
        return found


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def seqtune(home: Home, variables: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    program = "from tuning.cli.app import main; main()"
    command = [sys.executable, "-c", program, *words, "--home", str(home.path)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A recorded campaign of one trial with weights, not yet published; MLflow's users make each request slow."""
    home = home_with_store(tmp_path / "home")
    write(home, [opened(trials=1), launched(1), *whole_trial(0), Finished(trials=1)])
    weights(home, 0)
    return home


def test_a_campaign_is_published_through_tls(proxy: Proxy, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    done = seqtune(home, proxy.variables(), "sync", "beats")
    assert done.returncode == 0, done.stderr
    for name, value in proxy.variables().items():
        monkeypatch.setenv(name, value)
    through = contents(proxy.url)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    sync(home, "beats")
    assert through == contents(home.tracking_uri)


def test_the_start_page_has_the_leaderboards_that_its_user_may_read(proxy: Proxy) -> None:
    record = record_of(Entry(n=0, at=1.0, event=opened()))
    tags = {Tag.CAMPAIGN: "beats", view_tag("x"): leaderboard_view(record, "x", "run")}
    pairs = [{"key": key, "value": value} for key, value in tags.items()]
    experiment = post(proxy, "2.0/mlflow/experiments/create", {"name": "pages", "tags": pairs})["experiment_id"]
    for name in ("reader", "stranger"):
        post(proxy, "2.0/mlflow/users/create", {"username": name, "password": PASSWORD})
    denied = {"username": "stranger", "resource_type": "experiment", "resource_id": experiment, "permission": "DENY"}
    post(proxy, "3.0/mlflow/users/permissions/grant", denied)
    table = TABLE.format(experiment).replace('"', '\\"')
    for name, allowed in (("admin", True), ("reader", True), ("stranger", False)):
        code, page = get(proxy, "/", **basic(name, PASSWORD))
        assert code == 200
        assert "mlflow.workflowType_v1" in page
        assert (table in page) is allowed
    assert get(proxy, "/", **basic("reader", "a wrong password")) == (401, "")
    assert get(proxy, "/")[0] == 401


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"MLFLOW_TRACKING_SERVER_CERT_PATH": ""}, "CERTIFICATE_VERIFY_FAILED"),
        ({"MLFLOW_TRACKING_PASSWORD": "wrong"}, "not authenticated"),
        ({"MLFLOW_TRACKING_USERNAME": "", "MLFLOW_TRACKING_PASSWORD": ""}, "not authenticated"),
    ],
    ids=["an unknown certificate", "a wrong password", "no password"],
)
def test_a_client_that_the_proxy_or_the_server_does_not_accept_gets_one_message(
    proxy: Proxy, home: Home, changes: dict[str, str], reason: str
) -> None:
    done = seqtune(home, proxy.variables(**changes), "sync", "beats")
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr


def test_the_port_does_not_speak_http(proxy: Proxy) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(f"http://localhost:{proxy.port}/health", timeout=30)


def test_the_server_refuses_another_host_s_name(proxy: Proxy) -> None:
    assert status(proxy, "/", Host=f"localhost:{proxy.port}") == 401  # asks for a password
    assert status(proxy, "/", Host="rebound.example") == 403
