"""A real PostgreSQL server for tests, which can be stopped and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from tracking_stores import free_port


class Postgres:
    """PostgreSQL on 127.0.0.1, run by the user postgres where we are root, which it refuses to serve."""

    def __init__(self) -> None:
        """Make its files and start it, or skip the test where it is missing."""
        if shutil.which("initdb") is None or shutil.which("postgres") is None:
            pytest.skip("PostgreSQL's initdb and postgres are not on the PATH")
        driver = next((name for name in ("psycopg", "psycopg2") if find_spec(name)), None)
        if driver is None:
            pytest.skip("neither psycopg nor psycopg2 is installed: SQLAlchemy needs one for PostgreSQL")
        self.folder = Path(tempfile.mkdtemp(prefix="seqtune-postgres-"))  # pytest's own are closed to other users
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self.port, self.cluster = free_port(), self.folder / "cluster"
        self.uri = f"postgresql+{driver}://seqtune@127.0.0.1:{self.port}/postgres"
        made = ["-U", "seqtune", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        command = ["initdb", "-D", str(self.cluster), *made]
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, capture_output=True)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = ["postgres", "-D", str(self.cluster), "-p", str(self.port), "-k", str(self.folder)]
        command += ["-c", "listen_addresses=127.0.0.1", "-F"]
        self.process = subprocess.Popen(
            command, user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-t", "30", "-q"]
        for _ in range(100):
            if subprocess.run(ready, check=False).returncode == 0:
                break

    def stop(self) -> None:
        """Stop it; its files stay."""
        self.process.send_signal(signal.SIGINT)  # fast: it would wait for our connections otherwise
        self.process.wait()

    def remove(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
