"""What ``seqtune plan`` predicts of small campaigns against what then happens.

    OMP_NUM_THREADS=1 python benchmarks/plan_accuracy.py --datasets FOLDER [--only NAME ...]

Plans each campaign, launches it at once, and prints one JSON line: predicted seconds (low, expected, high), those of
the launch from its first event to its last, their ratio (expected / real), and whether the range held.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tuning.journal.home import Home

HEARTBEATS = 'dataset = "heartbeats"\nmax_rows = 500'
CAMPAIGNS = {
    "cnn1d": (HEARTBEATS, "cnn1d", 10, 4, 4),
    "cnn2d": (HEARTBEATS, "cnn2d", 8, 2, 2),
    "gestures": ('dataset = "gestures"\nmax_rows = 800', "recurrent", 10, 4, 4),
    "patience": (HEARTBEATS, "cnn1d", 10, 12, 2),
    "baselines": (HEARTBEATS, "baselines", 12, 1, 1),
}
"""Name -> data, space, trials, epochs, patience; as many epochs of patience as epochs leave nothing uncertain."""

FILE = """\
name = "{name}"
seed = 1
[data]
{data}
[space]
name = "{space}"
[search]
trials = {trials}
[train]
epochs = {epochs}
early_stopping_patience = {patience}
"""


def measure(name: str, datasets: Path) -> dict[str, object]:
    """Plan a campaign, launch it, and compare."""
    data, space, trials, epochs, patience = CAMPAIGNS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.toml"
        path.write_text(
            FILE.format(name=name, data=data, space=space, trials=trials, epochs=epochs, patience=patience),
            encoding="utf-8",
        )
        common = [str(path), "--home", f"{folder}/var", "--datasets", str(datasets), "--json"]
        predicted = json.loads(_seqtune("plan", *common))["wall_s"]
        _seqtune("launch", *common)
        record = Home(Path(folder) / "var").record(name)
        if record.finished_at is None:
            raise RuntimeError(f"{name} did not finish")
        real = record.finished_at - record.launched_at[0]
        epochs_trained = sum(len(trial.epochs) for trial in record.trials.values())
    return {
        "campaign": name,
        **{bound: round(seconds) for bound, seconds in predicted.items()},
        "real": round(real),
        "ratio": round(predicted["expected"] / real, 2),
        "within": predicted["low"] <= real <= predicted["high"],
        "epochs": epochs_trained,
    }


def _seqtune(*arguments: str) -> str:
    command = [sys.executable, "-c", "from tuning.cli.app import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def main() -> None:
    """Print a line per campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=list(CAMPAIGNS), choices=list(CAMPAIGNS))
    options = parser.parse_args()
    for name in options.only:
        print(json.dumps(measure(name, options.datasets)), flush=True)


if __name__ == "__main__":
    main()
