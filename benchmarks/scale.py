"""Commands, resuming, the driver and MLflow with thousands of trials.

    OMP_NUM_THREADS=1 python benchmarks/scale.py --trials 1000 10000 --sync 250 1000

Writes campaigns of these lengths with the package's own driver, search and journal (``long_campaign.py``), and times
each command and the opening for resuming in a process of its own.  Prints one JSON line for each campaign: the size of
the journal; processor time per trial and memory per trial (private, MB) of the driver that wrote it; wall and processor
time and peak memory of the commands; the same until a resumed launch could hand out its first trial, and how much of it
reading the journal and HyperOpt's own evaluations of its model took; ``seqtune sync`` for the lengths of --sync.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from memory import private_mb

from tuning.journal.home import Home

LAST = 100
"""The driver's time is also taken over so many trials at the end."""

FURTHER = 10
"""Trials by which resuming extends a campaign."""


def written(options: argparse.Namespace, home: Home, trials: int) -> dict[str, Any]:
    """Write a campaign; return what its driver took."""
    from long_campaign import PretendedWorkers, campaign, opened

    from tuning.journal.log import Journal

    planned = campaign(options.name, trials, epochs=options.epochs, early_stopping=options.early_stopping)
    with Journal(home.journal(options.name)) as journal:
        workers = PretendedWorkers(opened(planned, journal, trials), home)
        workers.work(LAST)
        began, memory = time.process_time(), private_mb()
        workers.work(2 * LAST)
        early, began = time.process_time() - began, time.process_time()
        workers.work(trials - LAST)
        middle, began = time.process_time() - began, time.process_time()
        workers.work(trials - 2)  # the last two are suggested by HyperOpt's model
        late = time.process_time() - began
        grown = private_mb() - memory
        workers.work(trials)
    return {
        "journal_mb": round(home.journal(options.name).stat().st_size / 1e6, 1),
        "events": len(journal.entries),
        "driver_cpu_ms_per_trial": {
            "first": round(1000 * early / LAST, 2),
            "mean": round(1000 * middle / (trials - 3 * LAST), 2),
            "last": round(1000 * late / (LAST - 2), 2),
        },
        "driver_mb_per_trial": round(grown / (trials - LAST - 2), 4),
    }


def resumed(options: argparse.Namespace, home: Home, trials: int) -> dict[str, Any]:
    """Open a copy of a campaign for resuming, as a launch does; return seconds."""
    import hyperopt
    from long_campaign import campaign, opened

    from tuning.journal.log import Journal
    from tuning.journal.record import fold
    from tuning.search.suggest import ordered_search
    from tuning.training.environment import current

    evaluated = []
    suggest = hyperopt.tpe.suggest

    def timed(*arguments: Any, **keywords: Any) -> Any:
        began = time.process_time()
        try:
            return suggest(*arguments, **keywords)
        finally:
            evaluated.append(time.process_time() - began)

    hyperopt.tpe.suggest = timed  # HyperOptSearch takes it from there
    planned = campaign(options.name, trials, epochs=options.epochs, early_stopping=options.early_stopping)
    ordered_search(planned.complete, planned.space), current()  # import Ray, HyperOpt and torch, which takes seconds
    memory, began, cpu = private_mb(), time.perf_counter(), time.process_time()
    fold(home.entries(options.name))
    with Journal(home.journal(options.name)) as journal:
        fold(journal.entries)
        read = time.process_time() - cpu
        driver = opened(planned, journal, trials + FURTHER)
        driver.next_trial()
        whole, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "s": round(whole, 2),
        "cpu_s": round(cpu, 2),
        "of_these_reading_cpu_s": round(read, 2),
        "of_these_hyperopt_cpu_s": round(sum(evaluated), 2),
        "evaluations": len(evaluated),
        "mb_per_trial": round((private_mb() - memory) / trials, 4),
    }


STEPS = {"write": written, "resume": resumed}


def step(options: argparse.Namespace, folder: Path, name: str, trials: int) -> dict[str, Any]:
    """Take one step in a process of its own."""
    command = [sys.executable, __file__, "--one", name, str(folder), "--trials", str(trials)]
    command += ["--epochs", str(options.epochs), "--early-stopping", options.early_stopping, "--name", options.name]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report


def timed(home: Path, *words: str) -> dict[str, float]:
    """Run a command; return seconds and peak memory."""
    began = time.perf_counter()
    process = subprocess.Popen(["seqtune", *words, "--home", str(home)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"seqtune {' '.join(words)} failed with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"s": round(time.perf_counter() - began, 2), "cpu_s": round(cpu, 2), "peak_mb": usage.ru_maxrss // 1024}


def main() -> None:
    """Measure each length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 10000], help="lengths of campaigns")
    parser.add_argument("--sync", type=int, nargs="*", default=[], help="lengths that are also published to MLflow")
    parser.add_argument("--epochs", type=int, default=10, help="of a trial")
    parser.add_argument("--early-stopping", choices=["none", "successive-halving"], default="none")
    parser.add_argument("--one", nargs=2, metavar=("STEP", "HOME"), help=argparse.SUPPRESS)
    parser.add_argument("--name", default="long", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(STEPS[options.one[0]](options, Home(Path(options.one[1])), options.trials[0])))
        return
    for trials in sorted({*options.trials, *options.sync}):
        with tempfile.TemporaryDirectory() as scratch:
            home, name = Path(scratch), options.name
            report: dict[str, Any] = step(options, home, "write", trials)
            if trials in options.trials:
                report["commands"] = {
                    "status": timed(home, "status", name),
                    "top": timed(home, "top", name),
                    "export": timed(home, "export", name, "--out", str(home / "top10.json")),
                }
            if trials in options.sync:
                report["sync"] = timed(home, "sync", name)
                report["sync again"] = timed(home, "sync", name)
            if trials in options.trials:  # last: it writes to the journal
                report["resume"] = step(options, home, "resume", trials)
        print(json.dumps({"benchmark": "scale", "trials": trials, "early_stopping": options.early_stopping, **report}))


if __name__ == "__main__":
    main()
