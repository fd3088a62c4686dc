"""Reproduction of recorded trials in fresh processes: how many are exact?

    python benchmarks/reproduction_rate.py --trials 104
    python benchmarks/reproduction_rate.py --journals tests/recorded

Launches four campaigns on the synthetic beats: both models, with and without early stopping, with raw, oversample and
smote.  With ``--journals`` it reads recorded campaigns instead, one journal each.  Every trial is reproduced
by `seqtune reproduce` in its own process.  Prints one JSON line with the verdicts per campaign; a trial that cannot be
reproduced counts as `error`, and the reason is printed to stderr.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tuning.execution.adoption import CONFIRMATION, adopt_file, is_journal_file
from tuning.journal.home import Home
from tuning.journal.record import TrialRecord

CAMPAIGN = """
name = "{name}"
seed = {seed}
[data]
dataset = "synthetic"
max_rows = 700
balance = ["raw", "oversample", "smote"]
smote_neighbors = 2
[space]
name = "{space}"
narrow = {narrow}
[search]
trials = {trials}
window = 4
startup_trials = 5
[train]
epochs = 3
early_stopping = "{early_stopping}"
[resources]
concurrency = 2
"""
NARROW = {
    "cnn2d": "{ hidden = { low = 62, high = 64 }, blocks = { low = 1, high = 2 }, layers = [2, 3] }",
    "cnn-gru": "{ cnn_hidden = [32], gru_hidden = [32, 64], gru_layers = [2, 3], blocks = { low = 1, high = 2 } }",
}
PROCESSES = 2

Job = tuple[str, TrialRecord]
"""A campaign's name and one of its trials."""


def seqtune(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a fresh process, on one thread."""
    return subprocess.run(
        [sys.executable, "-c", "from tuning.cli.app import main; main()", *words, "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def launch_campaigns(home: Path, trials: int) -> None:
    """Launch the four campaigns, with ``trials`` trials in total."""
    for number, (space, early_stopping) in enumerate((s, e) for s in NARROW for e in ("none", "successive-halving")):
        name = f"{space}-{early_stopping}"
        file = home / f"{name}.toml"
        file.write_text(
            CAMPAIGN.format(
                name=name,
                seed=number,
                space=space,
                narrow=NARROW[space],
                early_stopping=early_stopping,
                trials=max(1, trials // 4),
            )
        )
        launched = seqtune("launch", str(file), home=home)
        if launched.returncode:
            raise RuntimeError(launched.stderr)
        print(f"launched {name}", file=sys.stderr)


def adopt_journals(folder: Path, home: Path) -> None:
    """Adopt recorded journals into a home; SystemExit if there are none."""
    journals = sorted(path for path in folder.iterdir() if is_journal_file(path.name) and CONFIRMATION not in path.name)
    if not journals:
        raise SystemExit(f"--journals {folder}: contains no file *.jsonl or *.jsonl.gz")
    for journal in journals:
        adopt_file(Home(home), journal)


def reproduce(job: Job, home: Path) -> str:
    """Return the verdict of one trial, or ``error``."""
    name, trial = job
    finished = seqtune("reproduce", name, "--trial", str(trial.index), "--json", home=home)
    try:
        verdict = str(json.loads(finished.stdout)["verdict"])
    except ValueError:
        verdict = "error"
    if verdict != "exact":
        print(f"{name}, {trial.name}: {verdict}\n{finished.stderr}", file=sys.stderr)
    return verdict


def main() -> None:
    """Launch or read the campaigns, then reproduce every trained trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--trials", type=int, default=104, help="number of trials in total")
    source.add_argument("--journals", type=Path, metavar="FOLDER", help="folder of recorded journals")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seqtune-repro-") as scratch:
        home = Path(scratch)
        if options.journals is None:
            launch_campaigns(home, options.trials)
        else:
            adopt_journals(options.journals, home)
        jobs: list[Job] = [
            (name, trial) for name in Home(home).names() for trial in Home(home).record(name).ended if not trial.reused
        ]
        with ThreadPoolExecutor(PROCESSES) as pool:
            # The first one alone: it creates the MLflow store and the prepared arrays.
            verdicts = [reproduce(job, home) for job in jobs[:1]]
            verdicts += pool.map(lambda job: reproduce(job, home), jobs[1:])
    campaigns: dict[str, Counter[str]] = {}
    for (name, _), verdict in zip(jobs, verdicts, strict=True):
        campaigns.setdefault(name, Counter())[verdict] += 1
    print(
        json.dumps(
            {
                "benchmark": "reproduction_rate",
                "trials": len(jobs),
                "exact": verdicts.count("exact"),
                "campaigns": campaigns,
                "statuses": Counter(trial.status for _, trial in jobs),
                "balances": Counter(trial.config.data.balance for _, trial in jobs),
                "models": Counter(trial.config.model.family for _, trial in jobs),
            }
        )
    )


if __name__ == "__main__":
    main()
