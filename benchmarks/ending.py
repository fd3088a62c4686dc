"""How long a launch takes from its last line to the end of its process.

    python benchmarks/ending.py --repeats 3

Launches two short trials by the command line, each time in a fresh process and a new home: as it is, and without the
call by which it keeps Python from looking for garbage at its end (``gc.freeze``).  The two ways take turns.  Prints one
JSON line with their medians in seconds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

CAMPAIGN = """
name = "short"
seed = 1
[data]
dataset = "synthetic"
max_rows = 800
[space]
name = "cnn2d"
fix = { blocks = 1 }
narrow = { hidden = { low = 62, high = 64 } }
[search]
trials = 2
[train]
epochs = 1
"""
MAIN = "from tuning.cli.app import main; main()"
WAYS = {"seqtune": MAIN, "without gc.freeze": f"import gc; gc.freeze = lambda: None; {MAIN}"}


def ending(code: str, folder: Path) -> float:
    """Return the seconds between a launch's last line and its end."""
    (folder / "short.toml").write_text(CAMPAIGN)
    command = [sys.executable, "-c", code, "launch", "short.toml", "--home", "home"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        last = time.perf_counter()
        for _ in process.stdout or ():
            last = time.perf_counter()
    if process.returncode != 0:
        sys.exit(f"the launch ended with exit code {process.returncode}")
    return time.perf_counter() - last


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(options.repeats):
        for way, code in WAYS.items():
            with tempfile.TemporaryDirectory(prefix="ending-") as folder:
                seconds[way].append(ending(code, Path(folder)))
    medians = {way: round(median(each), 2) for way, each in seconds.items()}
    print(json.dumps({"benchmark": "ending", "repeats": options.repeats, **medians}))


if __name__ == "__main__":
    main()
