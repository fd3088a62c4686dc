"""How long MLflow takes in Chromium to show a campaign's leaderboard, against its own table of runs.

    python benchmarks/page_load.py --trials 300

Publishes a made-up campaign (as large as a real one: see report.py) to a SQLite store and serves it twice: with the
app of `seqtune ui`, and as MLflow does by itself.  Then opens the experiment in a browser that was never there, in turn
on both, and measures from the request until the first row is visible: of the leaderboard the best trial, of MLflow's
own table (its pages for model training) the campaign's own run, whose trials are folded there.  Prints one JSON line:
seconds, medians and their ratio.  Needs chromium or google-chrome.
"""

import argparse
import json
import re
import shutil
import socket
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from playwright.sync_api import Browser, sync_playwright
from report import write

from tuning.journal.home import Home
from tuning.tracking import ui
from tuning.tracking.client import Store
from tuning.tracking.publisher import sync

OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
NAME = "large"
LIMIT_MS = 120_000


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds(browser: Browser, address: str, row: re.Pattern[str]) -> float:
    """Return the time until a row whose run has such a name is visible."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("gridcell").get_by_role("link", name=row).first.wait_for(timeout=LIMIT_MS)
    taken = time.perf_counter() - begun
    context.close()
    return taken


def main() -> None:
    """Publish, serve, open and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=7, help="loads of each page; the first of each is not counted")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("neither chromium nor google-chrome is on the PATH")
    with tempfile.TemporaryDirectory(prefix="seqtune-pages-") as folder, ExitStack() as ending:
        home = Home(Path(folder))
        write(home, options.trials, name=NAME)
        uri = f"sqlite:///{home.path / 'mlflow.db'}"
        sync(home, NAME)
        experiment = Store(uri).find_experiment(NAME)
        best = home.record(NAME).ranked(1)[0].name

        def serve(app: str) -> str:
            with patch.object(ui, "APP", app):  # an app of no such name: MLflow's own
                port, log = free_port(), home.path / f"{app}.log"
                served = ui.server(uri, artifacts=home.artifacts, host="127.0.0.1", port=port, log=log)
                return ending.enter_context(served)[0]

        ours = f"{serve(ui.APP)}/#/experiments/{experiment}/runs"
        theirs = f"{serve('none')}/#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=TABLE"
        pages = {
            "leaderboard": (ours, re.compile(rf"^{best}$")),
            "own": (theirs, re.compile(rf"^{NAME}$")),
        }
        taken: dict[str, list[float]] = {name: [] for name in pages}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(OPTIONS))
            for _ in range(options.repeats):
                for name, (address, row) in pages.items():
                    taken[name].append(seconds(browser, address, row))
            browser.close()
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    print(
        json.dumps(
            {
                "benchmark": "page_load",
                "trials": options.trials,
                "s": {name: [round(value, 2) for value in values] for name, values in taken.items()},
                "median_s": {name: round(value, 2) for name, value in medians.items()},
                "ratio": round(medians["leaderboard"] / medians["own"], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
