"""Resuming a long campaign: the search restored from the journal, against asking for every suggestion again.

    python benchmarks/replay.py --suggestions 100 300 600

Extends one campaign on the cnn2d space to these numbers of trials, with workers that only pretend to train (every
seventh fails), and resumes it from its journal, and from a copy without the recorded proposals, which is replayed
in full.  Prints one JSON line: for each number the seconds until the driver could hand out the next trial, and their
ratio.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path

from tuning.campaign.config import CampaignConfig
from tuning.campaign.plan import Plan, plan
from tuning.execution.driver import Driver
from tuning.execution.search_trials import SearchTrials
from tuning.journal.events import DataRecord, Launched, Opened, Suggested
from tuning.journal.log import Journal, read
from tuning.search.suggest import ordered_search
from tuning.training.environment import current
from tuning.training.results import TrialResult

FAILING = 7
"""One trial in so many fails."""

COUNTS = {"rows": 1}
DATA = DataRecord(
    sha256="0" * 64, classes=(), steps=187, channels=1, train=COUNTS, valid=COUNTS, test=COUNTS, epoch=COUNTS
)


def campaign() -> Plan:
    """Return a campaign on the whole space."""
    config = CampaignConfig.model_validate(
        {
            "name": "replay",
            "seed": 1,
            "data": {"dataset": "synthetic"},
            "space": {"name": "cnn2d"},
            "search": {"trials": 50, "window": 8},
            "train": {"epochs": 1},
        }
    )
    return plan(config)


def resumed(planned: Plan, journal: Journal, trials: int) -> Driver:
    """Return the driver of a launch for so many trials."""
    new_search = partial(ordered_search, planned.complete, planned.space)
    return Driver(
        journal, SearchTrials(planned.space, new_search), launched=Launched(environment=current(), trials=trials)
    )


def extend(planned: Plan, path: Path, trials: int) -> None:
    """Bring the campaign to so many trials."""
    with Journal(path) as journal:
        if not journal.entries:
            journal.append(Opened(config=planned.complete, dimensions=planned.space.described(), data={"raw": DATA}))
        driver = resumed(planned, journal, trials)
        while trial := driver.next_trial():
            if trial.index % FAILING == 0:
                driver.ended(trial.index, TrialResult(status="failed", reason="made up", epochs=0, seconds=0.0), None)
            else:
                score = trial.train.plateau_factor + trial.model.dropout / 7
                end = TrialResult(status="completed", epochs=1, best_epoch=1, objective=score, seconds=0.0)
                driver.ended(trial.index, end, None)


def seconds(planned: Plan, path: Path, *, proposals: bool) -> float:
    """Return how long resuming takes, from a copy of the journal with or without its recorded proposals."""
    with tempfile.TemporaryDirectory() as scratch, Journal(Path(scratch, path.name)) as copy:
        for entry in read(path):
            event = entry.event
            if isinstance(event, Suggested) and not proposals:
                event = event.model_copy(update={"proposal": None})
            copy.append(event)
        trials = sum(isinstance(entry.event, Suggested) for entry in copy.entries)
        begin = time.perf_counter()
        resumed(planned, copy, trials + 1)
        return time.perf_counter() - begin


def main() -> None:
    """Measure each number of suggestions, in increasing order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suggestions", type=int, nargs="+", default=[100, 300, 600], help="numbers of trials")
    options = parser.parse_args()
    planned, rows = campaign(), {}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "journal.jsonl")
        for trials in sorted(options.suggestions):
            extend(planned, path, trials)
            replayed, restored = (seconds(planned, path, proposals=kept) for kept in (False, True))
            rows[str(trials)] = {
                "replayed_s": round(replayed, 2),
                "restored_s": round(restored, 2),
                "ratio": round(replayed / restored, 1),
            }
    print(json.dumps({"benchmark": "replay", "suggestions": rows}))


if __name__ == "__main__":
    main()
