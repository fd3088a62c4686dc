"""Cost of a trial beyond its training: seqtune against Optuna, two trials at once, both with MLflow on SQLite.

    python benchmarks/overhead.py

Runs 60 trials of a trivial training (72 rows, five epochs).  The script compared with uses Optuna's TPE in two threads
of one process, with one MLflow run per trial and one log_batch per epoch; it has no checkpoints, no journal and no
worker processes.  Prints one JSON line: for both, milliseconds of worker time per trial from the first start to the
last end, the training time, the difference, and the ratio.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import mlflow
import optuna
from benchmark_data import write_table
from mlflow.entities import Metric

from data.prepare import prepare
from data.prepared import open_arrays
from search_spaces.dimensions import Choice, Integer, Real
from tuning.campaign.config import CampaignConfig
from tuning.campaign.plan import Plan, plan
from tuning.campaign.variants import variants
from tuning.execution.launch import launch
from tuning.journal.events import Ended, Started
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.search.ordered import Suggestion
from tuning.search.suggest import trial_config
from tuning.tracking.background import BackgroundPublisher
from tuning.training.loop import Training

if TYPE_CHECKING:
    from tuning.campaign.trial import TrialConfig

WORKERS = 2


def campaign(data: Path, trials: int) -> Plan:
    """Return a campaign of trivial trials."""
    config = CampaignConfig.model_validate(
        {
            "name": "overhead",
            "seed": 1,
            "data": {"dataset": str(data)},
            "space": {"name": "cnn2d", "fix": {"hidden": 62, "blocks": 1, "layers": 2, "batch_size": 48}},
            "search": {"trials": trials},
            "train": {"epochs": 5},
            "resources": {"concurrency": WORKERS},
        }
    )
    return plan(config)


def seqtune(planned: Plan, folder: Path) -> tuple[float, float]:
    """Return worker ms per trial, and training ms per trial."""
    home, name = Home(folder), planned.config.name
    publisher = BackgroundPublisher(home, name)
    launch(planned, home=home, datasets=None, observers=[publisher], progress=lambda _: None)
    if behind := publisher.close():
        raise RuntimeError(behind)
    return per_trial(home, name)


def per_trial(home: Home, name: str) -> tuple[float, float]:
    """Return worker ms per trial of a campaign, from the first start to the last end, and training ms per trial."""
    entries = read(home.journal(name))
    begin = min(entry.at for entry in entries if isinstance(entry.event, Started))
    end = max(entry.at for entry in entries if isinstance(entry.event, Ended))
    seconds = [entry.event.result.seconds for entry in entries if isinstance(entry.event, Ended)]
    return 1000 * (end - begin) * WORKERS / len(seconds), 1000 * fmean(seconds)


def optuna_script(planned: Plan, folder: Path) -> tuple[float, float]:
    """Return the same for Optuna."""
    config, space = planned.config, planned.space
    prepared = prepare(variants(config)["raw"], datasets=None, store=folder / "arrays")
    arrays = open_arrays(prepared.directory)
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'optuna.db'}")
    experiment = client.create_experiment("optuna", artifact_location=(folder / "artifacts").as_uri())
    seconds: list[float] = []

    def objective(trial: optuna.Trial) -> float:
        values = {}
        for path, dimension in space.dimensions.items():
            match dimension:
                case Choice():
                    values[path] = trial.suggest_categorical(path, list(dimension.options))
                case Integer():
                    values[path] = trial.suggest_int(path, dimension.low, dimension.high)
                case Real():
                    values[path] = trial.suggest_float(path, dimension.low, dimension.high)
        trial_of_seqtune: TrialConfig = trial_config(
            config,
            space,
            Suggestion(index=trial.number, assignment=values),
            data_sha256={"raw": prepared.sha256},
        )
        run = client.create_run(experiment).info.run_id
        client.log_batch(run, params=[mlflow.entities.Param(path, str(value)) for path, value in values.items()])
        training = Training(trial_of_seqtune, arrays)
        while not training.done:
            report = training.run_epoch()
            now = int(1000 * time.time())
            metrics = [Metric(f"valid/{k}", v, now, report.epoch) for k, v in report.metrics.items()]
            client.log_batch(run, metrics=metrics)
        client.set_terminated(run)
        seconds.append(training.seconds)
        return training.result().objective or 0.0

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    begin = time.perf_counter()
    study.optimize(objective, n_trials=planned.trials, n_jobs=WORKERS)
    wall = time.perf_counter() - begin
    return 1000 * wall * WORKERS / planned.trials, 1000 * fmean(seconds)


def main() -> None:
    """Measure both in one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60, help="number of trials")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.chdir(scratch)  # MLflow creates ./mlruns beside a SQLite store
        planned = campaign(write_table(folder / "table.csv"), options.trials)
        peer, peer_trained = optuna_script(planned, folder)
        own, trained = seqtune(planned, folder)
    print(
        json.dumps(
            {
                "benchmark": "overhead",
                "trials": options.trials,
                "seqtune_ms": round(own),
                "seqtune_training_ms": round(trained),
                "optuna_ms": round(peer),
                "optuna_training_ms": round(peer_trained),
                "overhead_ms": {"seqtune": round(own - trained), "optuna": round(peer - peer_trained)},
                "ratio": round(own / peer, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
