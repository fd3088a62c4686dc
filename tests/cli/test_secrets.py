"""No secret of an address reaches the terminal, JSON, or a file, whichever command meets it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from journals import journal
from tracking_stores import free_port, home_with_store
from typer.testing import CliRunner

from tuning.cli.app import app
from tuning.journal.home import Home

pytestmark = pytest.mark.server

SECRETS = ("s3cr3t", "t0ken")
RUN_ID = "0123456789abcdef" * 2
COMMANDS = (
    ("sync", "tiny"),
    ("delete", "tiny", "--yes", "--runs"),
    ("reproduce", RUN_ID),
    ("adopt", "another"),
    ("adopt", "another", "--json"),
    ("doctor",),
    ("doctor", "--json"),
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_with_store(tmp_path / "home")
    journal(home)
    return home


def run(uri: str, home: Home, *words: str) -> tuple[int, str]:
    """Exit code, and all that was printed, with a store named by ``uri``."""
    environment = {"MLFLOW_TRACKING_URI": uri, "SEQTUNE_HOME": str(home.path), "SEQTUNE_DATASETS": "", "COLUMNS": "200"}
    done = CliRunner(env=environment).invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout + done.stderr


def written(home: Home) -> bytes:
    return b"".join(file.read_bytes() for file in home.path.rglob("*") if file.is_file())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:s3cr3t@127.0.0.1:{port}/runs?application_name=t0ken",
        "postgresql://me:t0ken@s3cr3t@127.0.0.1:{port}/runs",
        "postgresql://me@127.0.0.1:s3cr3t/t0ken@runs",
        "http://s3cr3t@127.0.0.1:{port}/?password=t0ken",
    ],
    ids=["database", "password with an @", "no port", "server"],
)
def test_a_store_that_cannot_be_used_is_named_without_secrets(home, address, words):
    code, said = run(address.format(port=free_port()), home, *words)
    assert code == (1 if "doctor" in words else 2)
    assert "***@" in said
    assert not any(secret in said for secret in SECRETS)
    assert not any(secret.encode() in written(home) for secret in SECRETS)


def test_the_server_of_others_is_named_without_secrets(home):
    code, said = run("https://me:s3cr3t@127.0.0.1:1/?token=t0ken", home, "ui")
    assert (code, said) == (0, "MLflow already runs at https://***@127.0.0.1:1/?token=*** (MLFLOW_TRACKING_URI)\n")


def test_a_store_s_error_is_told_without_statement_and_values(home):
    with sqlite3.connect(home.path / "mlflow.db") as database:
        database.execute("ALTER TABLE experiments RENAME COLUMN lifecycle_stage TO s3cr3t")
    database.close()
    # A process of its own: MLflow's log level is set when it is imported, here perhaps by another test.
    command = [
        sys.executable,
        "-c",
        "from tuning.cli.app import main; main()",
        "sync",
        "tiny",
        "--home",
        str(home.path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert "no such column: experiments.lifecycle_stage. Check MLFLOW_TRACKING_URI" in said
    assert not any(word in said for word in ("SELECT", "[SQL", "parameters", "Background", "sqlalche.me"))
