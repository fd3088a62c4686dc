"""What a trial costs beyond its training: seqtune against Optuna, both writing to MLflow on SQLite, two trials at once.

    python benchmarks/overhead.py

Sixty trials of a trivial training (72 rows, five epochs).  The peer is what a careful user writes by hand: Optuna's TPE
in two threads of one process, an MLflow run a trial with one log_batch an epoch; no checkpoint, no journal, no process
of its own for a trial.  Prints one JSON line: for both, ms of a worker's time a trial from the first start to the last
end, less the training itself, and their ratio.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import fmean

import mlflow
import optuna
from mlflow.entities import Metric
from study import write_table

from data.arrays import open_arrays
from data.prepare import prepare
from search_spaces.dimensions import Choice, Integer, Real
from tuning.campaign.config import CampaignConfig, TrialConfig
from tuning.campaign.plan import campaign_space, planned_trials
from tuning.campaign.variants import variants
from tuning.execution.launch import launch
from tuning.journal.events import Ended, Started
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.search.ordered import Suggestion
from tuning.search.suggest import trial_config
from tuning.tracking.background import BackgroundPublisher
from tuning.training.loop import Training

WORKERS = 2


def campaign(data: Path, trials: int) -> CampaignConfig:
    """A campaign of trivial trials."""
    return CampaignConfig.model_validate(
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


def seqtune(config: CampaignConfig, folder: Path) -> tuple[float, float]:
    """Worker ms a trial, and those of them that are training."""
    home = Home(folder)
    publisher = BackgroundPublisher(home, config.name)
    record = launch(config, home=home, datasets=None, observers=[publisher], progress=lambda _: None)
    if behind := publisher.close():
        raise RuntimeError(behind)
    entries = read(home.journal(config.name))
    begin = min(entry.at for entry in entries if isinstance(entry.event, Started))
    end = max(entry.at for entry in entries if isinstance(entry.event, Ended))
    trained = fmean(trial.result.seconds for trial in record.ended if trial.result)
    return 1000 * (end - begin) * WORKERS / len(record.ended), 1000 * trained


def by_hand(config: CampaignConfig, folder: Path) -> tuple[float, float]:
    """The same for Optuna."""
    space = campaign_space(config)
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
        made: TrialConfig = trial_config(
            config,
            space,
            Suggestion(index=trial.number, assignment=values),
            data_sha256={"raw": prepared.sha256},
        )
        run = client.create_run(experiment).info.run_id
        client.log_batch(run, params=[mlflow.entities.Param(path, str(value)) for path, value in values.items()])
        training = Training(made, arrays)
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
    trials = planned_trials(config, space)
    study.optimize(objective, n_trials=trials, n_jobs=WORKERS)
    wall = time.perf_counter() - begin
    return 1000 * wall * WORKERS / trials, 1000 * fmean(seconds)


def main() -> None:
    """Measure both in one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.chdir(scratch)  # MLflow makes ./mlruns beside a SQLite store
        config = campaign(write_table(folder / "table.csv"), options.trials)
        peer, peer_trained = by_hand(config, folder)
        ours, trained = seqtune(config, folder)
    print(
        json.dumps(
            {
                "benchmark": "overhead",
                "trials": options.trials,
                "seqtune_ms": round(ours),
                "seqtune_training_ms": round(trained),
                "optuna_ms": round(peer),
                "optuna_training_ms": round(peer_trained),
                "overhead_ms": {"seqtune": round(ours - trained), "optuna": round(peer - peer_trained)},
                "ratio": round(ours / peer, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
