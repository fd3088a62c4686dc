"""MLflow's pages on a home: served, seen, ended."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest
from tracking_journals import eventful, opened, write
from tracking_stores import free_port, home_with_store

from tuning.campaign.errors import StoreError
from tuning.journal.home import Home
from tuning.tracking.publisher import sync
from tuning.tracking.ui import server, ui

pytestmark = pytest.mark.server

SERVE = """
import sys
from pathlib import Path
from tuning.journal.home import Home
from tuning.tracking.ui import ui
ui(Home(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), say=lambda line: print(line, flush=True))
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """MLflow's pages in a process of their own: its output until it is ready, and the process."""
    home = home_with_store(tmp_path_factory.mktemp("home"))
    write(home, eventful())
    sync(home, "beats")
    write(home, [opened("unpublished")], "unpublished")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-c", SERVE, str(home.path), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    giving_up = threading.Timer(120, process.terminate)
    giving_up.start()
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if "Ctrl-C" in line:
            break
    giving_up.cancel()
    yield lines, process, port
    process.terminate()
    process.wait()
    process.stdout.close()


def test_it_says_where_each_campaign_is_to_be_seen(pages):
    lines, _, port = pages
    page = f"http://127.0.0.1:{port}/#/experiments/1/runs?workflowType=machine_learning"
    assert lines[1:] == [
        f"beats: {page}",
        f"  best first: {page}&orderByKey=metrics.%60best%2Frecall_macro%60&orderByAsc=false",
        "unpublished: not in MLflow yet; `seqtune sync unpublished`",
        f"MLflow: http://127.0.0.1:{port}   Press Ctrl-C to stop",
    ]


@pytest.mark.browser
def test_the_page_shows_the_campaign_and_its_trials(pages):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("neither chromium nor google-chrome is on the PATH")
    from playwright.sync_api import expect, sync_playwright

    lines, _, _ = pages
    (best_first,) = (line.partition("best first: ")[2] for line in lines if "best first" in line)
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page()
        page.goto(best_first)
        trials = page.get_by_role("link", name=re.compile(r"^t00\d$"))
        expect(trials).to_have_count(5, timeout=60_000)
        assert trials.first.inner_text() == "t003"
        browser.close()


def test_it_ends_without_leaving_a_server(pages):
    _, process, port = pages
    process.send_signal(signal.SIGTERM)
    assert "MLflow stopped" in process.communicate(timeout=30)[0]
    assert process.returncode == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)


def test_a_port_in_use_is_a_clear_error(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            StoreError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .* Choose another port with --port"
        ):
            ui(Home(tmp_path), host="127.0.0.1", port=port, say=lambda _: None)


def test_a_server_that_ends_at_once_is_a_clear_error_with_its_last_words(tmp_path):
    place = {"artifacts": tmp_path, "host": "127.0.0.1", "port": free_port(), "log": tmp_path / "log"}
    with pytest.raises(StoreError, match=r"(?s)ended with code 1:.*nonsense"), server("nonsense://nowhere", **place):
        pass


def test_a_server_elsewhere_is_named_and_none_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example")
    lines: list[str] = []
    ui(Home(tmp_path), host="127.0.0.1", port=5000, say=lines.append)
    assert lines == ["MLflow already runs at https://me:***@mlflow.example (MLFLOW_TRACKING_URI)"]
