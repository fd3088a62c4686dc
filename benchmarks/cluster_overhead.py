"""Cost of a trial on a cluster beside the same trial on one machine: the same campaign, two trials at once.

    python benchmarks/cluster_overhead.py

Runs 40 trials of five epochs on this machine alone and then on a head and two nodes on its loopback interface, which
has no delay.  A network adds the time that a checkpoint takes per epoch; the size of the weights in
it is printed.  Prints one JSON line:
milliseconds of worker time per trial from the first start to the last end, the training time, the difference, the
seconds of the whole launch, and the ratio of worker times.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark_data import write_table
from loopback_cluster import Cluster
from overhead import WORKERS, per_trial

from tuning.journal.home import Home

CAMPAIGN = f"""
name = "overhead"
seed = 1
[data]
dataset = "TABLE"
[space]
name = "cnn2d"
fix = {{ hidden = HIDDEN, blocks = 1, layers = 2, batch_size = 48 }}
[search]
trials = TRIALS
[train]
epochs = 5
[resources]
concurrency = {WORKERS}
"""


def measured(path: Path, home: Home, environment: dict[str, str]) -> dict[str, float]:
    """Launch a campaign, and return what its trials cost."""
    command = [sys.executable, "-c", "from tuning.cli.app import main; main()", "launch", str(path)]
    begin = time.perf_counter()
    subprocess.run(
        [*command, "--home", str(home.path)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    wall = time.perf_counter() - begin
    worker, trained = per_trial(home, "overhead")
    return {
        "worker_ms": round(worker),
        "training_ms": round(trained),
        "overhead_ms": round(worker - trained),
        "launch_s": round(wall, 1),
    }


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40, help="number of trials")
    parser.add_argument("--hidden", type=int, default=62, help="size of the model, and so of what travels")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seqtune-overhead-") as scratch:
        folder = Path(scratch)
        os.chdir(scratch)  # MLflow creates ./mlruns beside a SQLite store
        table, path = write_table(folder / "table.csv"), folder / "campaign.toml"
        path.write_text(
            CAMPAIGN.replace("TABLE", str(table))
            .replace("TRIALS", str(options.trials))
            .replace("HIDDEN", str(options.hidden))
        )
        rows = {"local": measured(path, Home(folder / "local"), dict(os.environ))}
        cluster = Cluster("a", "b")
        try:
            environment = cluster.environment | {"RAY_ADDRESS": cluster.address}
            rows["cluster"] = measured(path, Home(folder / "cluster"), environment)
        finally:
            cluster.stop()
        weights = Home(folder / "cluster").trial("overhead", 0) / "weights.safetensors"
        print(
            json.dumps(
                {
                    "benchmark": "cluster_overhead",
                    "trials": options.trials,
                    "weights_kb": round(weights.stat().st_size / 1024),
                    **rows,
                    "ratio": round(rows["cluster"]["worker_ms"] / rows["local"]["worker_ms"], 2),
                }
            )
        )


if __name__ == "__main__":
    main()
