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
from tracking_journals import eventful, opened, report, write
from tracking_stores import free_port, home_with_store

from tuning.campaign.errors import StoreError
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.tracking.client import Store
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
    """MLflow's pages in a process of their own: its output until it is ready, its home, the process and its port."""
    home = home_with_store(tmp_path_factory.mktemp("home"))
    write(home, eventful())
    sync(home, "beats")
    write(home, [opened("unpublished")], "unpublished")
    home.campaign("damaged").mkdir()
    home.journal("damaged").write_text("nonsense\n" * 2)
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
    yield lines, home, process, port
    process.terminate()
    process.wait()
    process.stdout.close()


def test_the_address_of_each_campaign_s_leaderboard_is_printed(pages):
    lines, home, _, port = pages
    campaign_id = read(home.journal("beats"))[0].event.id
    page = f"http://127.0.0.1:{port}/#/experiments/1/runs?viewStateShareKey={campaign_id}&compareRunsMode=TABLE"
    assert lines[1:] == [
        f"beats: {page}&workflowType=machine_learning",
        "damaged: its journal is damaged",
        f"unpublished: not in MLflow yet. Publish it with `{home.command('sync', 'unpublished')}`",
        f"MLflow: http://127.0.0.1:{port}   Press Ctrl-C to stop",
    ]


@pytest.mark.browser
def test_the_address_and_the_click_from_the_list_show_metrics_and_searched_values_best_trial_first(pages):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("neither chromium nor google-chrome is on the PATH")
    from playwright.sync_api import expect, sync_playwright

    lines, _, _, port = pages
    (address,) = (line.partition("beats: ")[2] for line in lines if line.startswith("beats: "))
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        errors: list[str] = []
        for width, start in ((1440, address), (1024, address), (1440, f"http://127.0.0.1:{port}/#/experiments")):
            context = browser.new_context(viewport={"width": width, "height": 900})  # a browser that was never here
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(start)
            if start != address:
                page.get_by_role("link", name="beats", exact=True).first.click()
            trials = page.get_by_role("link", name=re.compile(r"^t00\d$"))
            expect(trials).to_have_count(5, timeout=60_000)
            assert trials.all_inner_texts()[:2] == ["t003", "t002"]
            expect(page.get_by_role("link", name="beats", exact=True).last).to_be_visible()  # the campaign's own run
            columns = ["best_recall_macro", "best_accuracy", "model.hidden", "train.learning_rate"]
            for column in columns[: 4 if width > 1200 else 3]:
                expect(page.get_by_role("columnheader", name=column, exact=True).first).to_be_in_viewport()
            best = str(report(3, 3).metrics["recall_macro"])
            expect(page.get_by_role("gridcell", name=best, exact=True).first).to_be_visible()
            expect(page.get_by_role("gridcell", name="67", exact=True).first).to_be_visible()
            expect(page.get_by_placeholder("Ask a question...")).to_have_count(0)  # MLflow's assistant is closed
            assert errors == []
            context.close()
        browser.close()


@pytest.mark.browser
def test_the_curves_of_a_trial_come_before_its_single_figures(pages):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("neither chromium nor google-chrome is on the PATH")
    from playwright.sync_api import sync_playwright

    _, home, _, port = pages
    store = Store(home.tracking_uri)
    run = next(store.runs(store.find_experiment("beats"), {"seqtune.trial.index": "2"})).id
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/#/experiments/1/runs/{run}/model-metrics")
        page.get_by_text("learning_rate").first.wait_for(timeout=60_000)
        sections = re.findall(r"([\w/ ]+)\s\(\d+\)", page.locator("body").inner_text())
        names = [name.strip() for name in sections]
        assert (names[:3], names[-1]) == (["train", "valid", "valid/recall"], "Model metrics")
        assert not [name for name in names if name.startswith("best")]
        browser.close()


def test_it_ends_without_leaving_a_server(pages):
    _, _, process, port = pages
    process.send_signal(signal.SIGTERM)
    assert "MLflow stopped" in process.communicate(timeout=120)[0]
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
    assert lines == ["MLflow already runs at https://***@mlflow.example (MLFLOW_TRACKING_URI)"]
