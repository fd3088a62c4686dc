"""Where a launch's start goes: from the start of the process to the end of the first epoch.

    python benchmarks/start.py --repeats 5

Launches two short trials, two at once, each time in a fresh process and a new home, on a table of 120 rows.  Prints one
JSON line with medians, in seconds: ``imports``, ``data`` (read, split, written, and the campaign's journal opened),
``ray`` (its import and ``ray.init``), ``workers`` (two processes that import torch and Ray Tune), and ``first_epoch``
(the network is built, torch sets itself up, and one epoch of 0.05 s is trained).
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from peer_process import run

ENDS = {"imports": None, "data": "launch", "ray": "suggestion", "workers": "start", "first_epoch": "epoch"}
"""Phase -> the journal's event that ends it; the imports end with the call of ``launch``."""


def launch(folder: Path) -> dict[str, float]:
    """Launch in this process; return when each phase ended, Unix time, s."""
    from overhead import campaign

    from tuning import api

    ended = {"imports": time.time()}
    seen: dict[str, float] = {}
    home = folder / f"home-{time.time_ns()}"
    api.launch(
        campaign(folder / "table.csv", 2), home=home, on_event=lambda event: seen.setdefault(event.kind, time.time())
    )
    return ended | {phase: seen[kind] for phase, kind in ENDS.items() if kind is not None}


def measure(folder: Path) -> dict[str, float]:
    """Return the seconds of each phase of one launch."""
    last = time.time()
    ended = run(["start.py", "--one"], folder)
    phases = {}
    for phase in ENDS:
        phases[phase] = ended[phase] - last
        last = ended[phase]
    return phases


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(launch(Path.cwd())))
        return
    from benchmark_data import write_table

    with tempfile.TemporaryDirectory(prefix="start-") as scratch:
        write_table(Path(scratch) / "table.csv")
        rounds = []
        for _ in range(options.repeats):
            rounds.append(measure(Path(scratch)))
            print(rounds[-1], file=sys.stderr, flush=True)
    medians = {phase: round(median(each[phase] for each in rounds), 2) for phase in ENDS}
    whole = round(median(sum(each.values()) for each in rounds), 2)
    print(json.dumps({"benchmark": "start", "repeats": options.repeats, **medians, "whole": whole}))


if __name__ == "__main__":
    main()
