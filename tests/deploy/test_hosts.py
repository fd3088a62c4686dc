"""The `ray start` lines of docs/clusters/hosts.md open the ports of its table, and no other."""

import os
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tracking_stores import free_port

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "clusters" / "hosts.md").read_text()
START_S = 60

pytestmark = [pytest.mark.ray, pytest.mark.cluster]


def line(start: str) -> list[str]:
    """Words of the command in the page that begins so."""
    text = re.sub(r"\\\n *", " ", PAGE)
    (command,) = re.findall(rf"^{re.escape(start)}.*$", text, re.MULTILINE)
    return shlex.split(command.partition("#")[0])


def table() -> set[str]:
    """The options in the page's table of ports."""
    return set(re.findall(r"^\| `ray start (--[\w-]+)", PAGE, re.MULTILINE))


def options(words: list[str]) -> dict[str, int]:
    """Options with a port as value."""
    pairs = (word.split("=") for word in words if re.fullmatch(r"--[\w-]*port=\d+", word))
    return {name: int(value) for name, value in pairs}


@contextmanager
def ray(*words: str, folder: str, token: str) -> Iterator[list[psutil.Process]]:
    """Run `ray start ... --block` until the context ends; yield its processes when all have started."""
    environment = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"}
    command = [str(Path(sys.executable).with_name("ray")), *words[1:], "--block"]
    command += [f"--temp-dir={folder}", "--object-store-memory=100000000", "--node-ip-address=127.0.0.1"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    mine = psutil.Process(process.pid)
    try:
        said = ""
        while "--block" not in said:
            text = process.stdout.readline()
            assert text, said  # it ended
            said += text
        yield mine.children(recursive=True)
    finally:
        below = mine.children(recursive=True)
        process.kill()
        process.communicate()
        for one in below:
            if one.is_running():
                one.kill()


def listening(processes: list[psutil.Process]) -> set[int]:
    found = set()
    for process in processes:
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                found.add(connection.laddr.port)
    return found


def test_the_ports_in_the_lines_are_those_of_the_table_and_no_process_opens_another() -> None:
    head, node = line("ray start --head"), line("ray start --address")
    fixed = options(head)
    assert options(node) == {name: port for name, port in fixed.items() if name != "--port"}
    assert fixed.keys() == table()

    # Other ports than the page's, so that a cluster on this machine does not matter.
    lowest = free_port(span=21)
    moved = {name: free_port() for name in fixed} | {"--min-worker-port": lowest, "--max-worker-port": lowest + 20}
    words = [
        f"{word.split('=')[0]}={moved[word.split('=')[0]]}" if word.split("=")[0] in moved else word for word in head
    ]
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,
        ray(*words, folder=folder, token=secrets.token_hex(32)) as processes,
    ):
        needed = {moved[name] for name in ("--port", "--node-manager-port", "--object-manager-port")}
        deadline = time.monotonic() + START_S
        while not needed <= listening(processes):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        time.sleep(3)  # for whatever else would open one
        assert listening(processes) <= {*moved.values(), *range(lowest, lowest + 21)}
