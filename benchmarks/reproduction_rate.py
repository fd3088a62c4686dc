"""Recorded trials, trained again one by one in fresh processes: how many are exact?

    python benchmarks/reproduction_rate.py --trials 104

Four campaigns on the built-in beats, both models, with and without early stopping, over raw, oversample and smote;
then every recorded trial through `seqtune reproduce` in a process of its own.  Prints one JSON line.
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

from tuning.journal.home import Home

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
stopper = "{stopper}"
[train]
epochs = 3
[resources]
concurrency = 2
"""
NARROW = {
    "cnn2d": "{ hidden = [62, 64], blocks = [1, 2], layers = [2, 3] }",
    "cnn-gru": "{ cnn_hidden = [32], gru_hidden = [32, 64], gru_layers = [2, 3], blocks = [1, 2] }",
}


def seqtune(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a fresh process."""
    return subprocess.run(
        [sys.executable, "-c", "from tuning.cli import main; main()", *words, "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def main() -> None:
    """Launch the campaigns, then reproduce every trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=104)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seqtune-repro-") as scratch:
        home = Path(scratch)
        jobs = []
        for number, (space, stopper) in enumerate((s, t) for s in NARROW for t in ("none", "halving")):
            name = f"{space}-{stopper}"
            file = home / f"{name}.toml"
            text = CAMPAIGN.format(
                name=name, seed=number, space=space, narrow=NARROW[space], stopper=stopper, trials=options.trials // 4
            )
            file.write_text(text)
            done = seqtune("launch", str(file), home=home)
            if done.returncode:
                raise RuntimeError(done.stderr)
            jobs += [(name, trial) for trial in Home(home).record(name).ended]
            print(f"launched {name}", file=sys.stderr)
        with ThreadPoolExecutor(2) as pool:
            again = list(
                pool.map(lambda job: seqtune("reproduce", job[0], "--trial", str(job[1].config.index), home=home), jobs)
            )
        verdicts = Counter(
            "exact" if run.returncode == 0 and "exact" in run.stdout.splitlines() else "not exact" for run in again
        )
        print(
            json.dumps(
                {
                    "benchmark": "reproduction_rate",
                    "trials": len(jobs),
                    "exact": verdicts["exact"],
                    "statuses": Counter(trial.status for _, trial in jobs),
                    "balances": Counter(trial.config.data.balance for _, trial in jobs),
                    "models": Counter(trial.config.model.family for _, trial in jobs),
                }
            )
        )


if __name__ == "__main__":
    main()
