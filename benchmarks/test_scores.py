"""Validation and test scores of the kept weights of a finished campaign.

    python benchmarks/test_scores.py bbc-gru --home var --datasets FOLDER

Evaluates every configuration of which weights were kept (those of the ten best trials).  Prints one JSON line per
configuration: mean and 95 % t-interval over seeds of accuracy and macro recall, at the best validation epoch of each
trial.  ``seeds``: trials with weights; ``of``: completed trials.  If weights of some trials are missing, the remaining
ones are the better ones, and the scores are biased upward.  Do not select a configuration by these test scores: that
would turn the test part into validation data.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from safetensors.torch import load_file
from search_regret import interval

from data.prepare import prepare
from data.prepared import open_arrays, open_test
from tuning.journal.home import Home
from tuning.journal.record import TrialRecord
from tuning.training.batches import BatchSource
from tuning.training.files import WEIGHTS
from tuning.training.loop import Training

METRICS = ("accuracy", "recall_macro")


def scores(trial: TrialRecord, home: Home, datasets: Path | None) -> dict[str, dict[str, float]]:
    """Return validation and test metrics with the kept weights of a trial."""
    prepared = prepare(trial.config.data, datasets=datasets, store=home.arrays)
    training = Training(trial.config, open_arrays(prepared.directory))
    training.model.load_state_dict(load_file(home.trial(trial.config.campaign, trial.config.index) / WEIGHTS))
    test, _ = training.evaluate(BatchSource(open_test(prepared.directory), training.device))
    valid, _ = training.evaluate(training.valid_rows)
    return {"validation": valid, "test": test}


def main() -> None:
    """Evaluate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of a campaign")
    parser.add_argument("--home", type=Path, default=Path("var"), metavar="FOLDER", help="folder of the campaign")
    parser.add_argument("--datasets", type=Path, metavar="FOLDER", help="folder of the data sets")
    options = parser.parse_args()
    home = Home(options.home.absolute())
    ranked = home.record(options.name).ranked()
    completed = Counter(json.dumps(trial.assignment) for trial in ranked)
    evaluated: dict[str, list[dict[str, dict[str, float]]]] = {}
    for trial in ranked:
        if (home.trial(options.name, trial.config.index) / WEIGHTS).exists():
            evaluated.setdefault(json.dumps(trial.assignment), []).append(scores(trial, home, options.datasets))
    for assignment, rows in evaluated.items():
        parts = {
            part: {metric: interval([row[part][metric] for row in rows]) for metric in METRICS}
            for part in ("validation", "test")
        }
        print(
            json.dumps(
                {"benchmark": "test_scores", "campaign": options.name}
                | {"seeds": len(rows), "of": completed[assignment]}
                | parts
                | {"configuration": json.loads(assignment)}
            )
        )


if __name__ == "__main__":
    main()
