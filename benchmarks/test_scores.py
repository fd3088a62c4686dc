"""Validation and test side by side: a finished campaign's kept weights, on the test part that no choice has seen.

    python benchmarks/test_scores.py bbc-gru --home var --datasets FOLDER

For every configuration whose trials' weights were kept (the ten best stay): mean and 95 % t-interval over its seeds of
accuracy and macro recall, at each trial's best validation epoch.  ``of``: seeds that completed; where fewer have
weights they are the better ones, so the figures flatter.  Opening the test part of several configurations and
then choosing among them would make it a second validation part.  Prints one JSON line a configuration.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from safetensors.torch import load_file
from search_regret import interval

from data.arrays import open_arrays, open_test
from data.prepare import prepare
from tuning.journal.home import Home
from tuning.journal.record import TrialRecord
from tuning.training.batches import Rows
from tuning.training.files import WEIGHTS
from tuning.training.loop import Training

METRICS = ("accuracy", "recall_macro")


def scores(trial: TrialRecord, home: Home, datasets: Path | None) -> dict[str, dict[str, float]]:
    """Both parts' figures with the trial's kept weights."""
    prepared = prepare(trial.config.data, datasets=datasets, store=home.arrays)
    training = Training(trial.config, open_arrays(prepared.directory))
    training.model.load_state_dict(load_file(home.trial(trial.config.campaign, trial.config.index) / WEIGHTS))
    test, _ = training.evaluate(Rows(open_test(prepared.directory), training.device))
    valid, _ = training.evaluate(training.valid_rows)
    return {"validation": valid, "test": test}


def main() -> None:
    """Evaluate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--home", type=Path, default=Path("var"))
    parser.add_argument("--datasets", type=Path)
    options = parser.parse_args()
    home = Home(options.home.absolute())
    ranked = home.record(options.name).ranked()
    completed = Counter(json.dumps(trial.assignment) for trial in ranked)
    found: dict[str, list[dict[str, dict[str, float]]]] = {}
    for trial in ranked:
        if (home.trial(options.name, trial.config.index) / WEIGHTS).exists():
            found.setdefault(json.dumps(trial.assignment), []).append(scores(trial, home, options.datasets))
    for assignment, rows in found.items():
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
