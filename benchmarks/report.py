"""How long `seqtune report` takes, and how large its page is, at 1,000 and 5,000 recorded trials.

Usage: python benchmarks/report.py [TRIALS ...]

The journals are made up, as large as those of real campaigns: the space `cnn2d` with three balances and searched
optimizer and pooling (9 dimensions), five classes, two workers, 30 epochs; a fifth of
the trials is stopped early, one in fifty fails.  Each report is made in a new process, without an MLflow store.
"""

import argparse
import heapq
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from search_spaces.space import Assignment
from tuning.campaign.config import CampaignConfig
from tuning.campaign.plan import campaign_space
from tuning.campaign.variants import variants
from tuning.journal.events import DataRecord, Ended, EpochEnded, Event, Finished, Launched, Opened, Started, Suggested
from tuning.journal.home import Home
from tuning.journal.log import create
from tuning.search.ordered import Suggestion
from tuning.search.suggest import trial_config
from tuning.training.environment import current
from tuning.training.metrics import from_counts
from tuning.training.results import EpochReport, TrialResult

TRIALS = (1_000, 5_000)
EPOCHS = 30
WORKERS = 2
START = 1_750_000_000.0
"""Unix time, s."""
CLASSES = {"N": 3619, "S": 111, "V": 289, "F": 32, "Q": 321}
"""Rows of the validation part."""


def main() -> None:
    """Print time and size at each number of trials."""
    parser = argparse.ArgumentParser(description="Time and size of reports.")
    parser.add_argument("trials", nargs="*", type=int, default=TRIALS)
    print("trials  seconds  seconds of processor  MiB of the page  MiB of the journal  MiB of memory")
    for trials in parser.parse_args().trials:
        with tempfile.TemporaryDirectory(prefix="seqtune-report-") as folder:
            home = Home(Path(folder))
            write(home, trials)
            out = home.path / "report.html"
            command = "from tuning.cli.app import main; main()"
            words = [sys.executable, "-c", command, "report", "large", "--out", out, "--home", home.path]
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - begun
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            sizes = [path.stat().st_size / 2**20 for path in (out, home.journal("large"))]
            memory = after.ru_maxrss / 2**10
            row = f"{trials:>6}  {seconds:>7.1f}  {busy:>20.1f}  {sizes[0]:>15.1f}  {sizes[1]:>18.1f}  {memory:>13.0f}"
            print(row, flush=True)


def write(home: Home, trials: int, *, name: str = "large") -> None:
    """Write the journal of a finished campaign."""
    fields = {
        "name": name,
        "seed": 1,
        "data": {"dataset": "synthetic", "balance": ["raw", "oversample", "smote"]},
        "space": {"name": "cnn2d", "include": ["train.optimizer", "model.pooling"]},
        "search": {"trials": trials},
        "train": {"epochs": EPOCHS},
        "resources": {"concurrency": WORKERS},
    }
    config = CampaignConfig.model_validate(fields)
    home.campaign(name).mkdir(parents=True)
    create(home.journal(name), sorted(_events(config, trials), key=lambda row: row[0]))


def _events(config: CampaignConfig, trials: int) -> Iterator[tuple[float, Event]]:
    space = campaign_space(config)
    data = {
        key: DataRecord(
            sha256=f"{n:064x}",
            classes=tuple(CLASSES),
            steps=187,
            channels=1,
            train=CLASSES,
            valid=CLASSES,
            test=CLASSES,
            epoch=CLASSES,
        )
        for n, key in enumerate(variants(config))
    }
    yield START, Opened(config=config, dimensions=space.described(), data=data)
    yield START, Launched(environment=current(), trials=trials, concurrency=WORKERS)
    sha256 = {key: one.sha256 for key, one in data.items()}
    rng = np.random.default_rng(1)
    free = [START + 1.0] * WORKERS
    for index in range(trials):
        assignment = space.sample(rng)
        trial = trial_config(config, space, Suggestion(index=index, assignment=assignment), data_sha256=sha256)
        at = heapq.heappop(free)
        yield at, Suggested(trial=trial, assignment=assignment)
        yield at, Started(trial=index, attempt=1)
        if rng.random() < 0.02:  # noqa: PLR2004 - one in fifty
            at += 5.0
            yield (
                at,
                Ended(trial=index, result=TrialResult(status="failed", reason="loss is nan in epoch 1", seconds=5.0)),
            )
        else:
            last = EPOCHS if rng.random() < 0.8 else int(rng.integers(3, EPOCHS))  # noqa: PLR2004 - four fifths
            reports = list(_reports(assignment, last, rng))
            for report in reports:
                at += report.seconds
                yield at, EpochEnded(trial=index, report=report)
            yield at, Ended(trial=index, result=_result(reports, rng))
        heapq.heappush(free, at)
    yield max(free), Finished(trials=trials)


def _reports(values: Assignment, last: int, rng: np.random.Generator) -> Iterator[EpochReport]:
    dropout, hidden = float(values["model.dropout"]), float(values["model.hidden"])
    level = 0.93 - 2 * (dropout - 0.2) ** 2 - 0.08 * (values["data.balance"] == "raw") + 0.02 * (hidden / 256 - 1)
    level -= 0.1 * (values["train.optimizer"] == "sgd") + rng.normal(0, 0.01)
    for epoch in range(1, last + 1):
        skill = min(0.99, max(0.2, level - 0.4 * math.exp(-epoch / 5) + rng.normal(0, 0.004)))
        yield EpochReport(
            epoch=epoch,
            train_loss=1.2 * (1 - skill),
            train_objective=skill,
            metrics={"loss": 1.5 * (1 - skill)} | from_counts(_counts(skill), tuple(CLASSES)),
            learning_rate=1e-3,
            weights_sha256=f"{epoch:064x}",
            seconds=float(rng.uniform(20, 40)),
        )


def _counts(skill: float) -> np.ndarray:
    rows = []
    for place, count in enumerate(CLASSES.values()):
        hits = round(count * skill)
        rest = [round((count - hits) / (len(CLASSES) - 1))] * len(CLASSES)
        rest[place] = hits
        rows.append(rest)
    return np.array(rows)


def _result(reports: list[EpochReport], rng: np.random.Generator) -> TrialResult:
    best = max(reports, key=lambda report: report.metrics["recall_macro"])
    skill = best.metrics["recall_macro"]
    return TrialResult(
        status="completed" if len(reports) == EPOCHS else "stopped",
        reason=None if len(reports) == EPOCHS else f"below the rung after epoch {len(reports)}",
        epochs=len(reports),
        best_epoch=best.epoch,
        objective=skill,
        best_metrics=best.metrics,
        confusion=_counts(skill).tolist(),
        weights_sha256=best.weights_sha256,
        parameters=int(rng.integers(10**5, 10**6)),
        seconds=sum(report.seconds for report in reports),
    )


if __name__ == "__main__":
    main()
