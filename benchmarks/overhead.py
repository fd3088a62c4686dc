"""Cost of a trial beyond its training, and of a start: seqtune, Optuna and Ray Tune, two trials at once.

    python benchmarks/overhead.py
    python benchmarks/overhead.py --rows 1500       # trials of about one second

Runs 60 trials of a short training (five epochs on a table of 120 rows, or of ``--rows``), each tool in a fresh process,
in turns.  All train by the same code, so that only what surrounds it differs:

- seqtune: as launched by its users, with journal, checkpoints, and every epoch in MLflow on SQLite;
- optuna: TPE in two threads of one process, one MLflow run per trial and one log_batch per epoch on SQLite; no
  checkpoints, no journal and no worker processes;
- ray: Ray Tune with HyperOptSearch and a function trainable, with the files that it logs by default and no MLflow;
- bare: two processes that train the same number of trials and do nothing else: the ideal.

Prints one JSON line with medians.  ``trial_ms``: worker time per trial, from the first training step to the end of the
last trial.  ``training_ms``: of which the epochs of a trial.  ``overhead_ms``: the difference.  ``of_training``: the
ratio.  ``of_ideal``: ratio of ``trial_ms`` to that of ``bare`` in the same round; it needs an idle machine.
``first_step_s``: from the start of the process to the first training step; ``whole_s``: from its start to its end;
``processor_s``: processor time of all its processes.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from peer_process import ray_space, start_ray
from peer_process import run as run_script

if TYPE_CHECKING:
    from tuning.campaign.plan import Plan
    from tuning.campaign.trial import TrialConfig
    from tuning.journal.home import Home

WORKERS = 2
EPOCHS = 5
Span = tuple[float, float, float]
"""When the first training step began and the last trial ended, in seconds since the epoch, and the seconds of training
of all trials."""


def campaign(data: Path, trials: int) -> dict[str, Any]:
    """Return a campaign of short trials."""
    return {
        "name": "overhead",
        "seed": 1,
        "data": {"dataset": str(data)},
        "space": {"name": "cnn2d", "fix": {"hidden": 62, "blocks": 1, "layers": 2, "batch_size": 48}},
        "search": {"trials": trials},
        "train": {"epochs": EPOCHS},
        "resources": {"concurrency": WORKERS},
    }


def planned(folder: Path, trials: int) -> "Plan":
    from tuning.campaign.file import from_dict

    return from_dict(campaign(folder / "table.csv", trials), printed=print)


def per_trial(home: "Home", name: str) -> tuple[float, float]:
    """Return worker ms per trial of a campaign, from the first start to the last end, and training ms per trial."""
    from tuning.journal.events import Ended, Started
    from tuning.journal.log import read

    entries = read(home.journal(name))
    begin = min(entry.at for entry in entries if isinstance(entry.event, Started))
    end = max(entry.at for entry in entries if isinstance(entry.event, Ended))
    seconds = [entry.event.result.seconds for entry in entries if isinstance(entry.event, Ended)]
    return 1000 * (end - begin) * WORKERS / len(seconds), 1000 * fmean(seconds)


def seqtune(folder: Path, trials: int) -> Span:
    from tuning import api
    from tuning.journal.events import Ended, EpochEnded, Event

    begun: list[float] = []
    ended: list[float] = []
    trained: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, EpochEnded):
            begun.append(time.time() - event.report.seconds)
            trained.append(event.report.seconds)
        if isinstance(event, Ended):
            ended.append(time.time())

    api.launch(campaign(folder / "table.csv", trials), home=folder / f"home-{time.time_ns()}", on_event=watch)
    return min(begun), max(ended), sum(trained)


def one_trial(plan: "Plan", folder: Path, index: int, values: dict[str, Any]) -> "TrialConfig":
    """Return a trial of seqtune with these values."""
    from data.prepared import open_arrays
    from tuning.search.ordered import Suggestion
    from tuning.search.suggest import trial_config

    sha256 = {"raw": open_arrays(prepared_folder(folder)).sha256}
    return trial_config(plan.config, plan.space, Suggestion(index=index, assignment=values), data_sha256=sha256)


def prepared_folder(folder: Path) -> Path:
    """Return where the arrays were written before anything was measured."""
    return Path((folder / "arrays.txt").read_text())


def bare_trial(folder: Path, trials: int, index: int) -> Span:
    """Train one trial and nothing else."""
    from data.prepared import open_arrays
    from tuning.training.loop import Training

    plan = planned(folder, trials)
    values = {path: dimension.low for path, dimension in plan.space.dimensions.items()}
    training = Training(one_trial(plan, folder, index, values), open_arrays(prepared_folder(folder)))
    begin = time.time()
    while not training.done:
        training.run_epoch()
    return begin, time.time(), training.seconds


def bare(folder: Path, trials: int) -> Span:
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        list(pool.map(bare_trial, *zip(*[(folder, trials, 0)] * WORKERS, strict=True)))  # imports
        spans = list(pool.map(bare_trial, *zip(*((folder, trials, index) for index in range(trials)), strict=True)))
    begun, ended, trained = zip(*spans, strict=True)
    return min(begun), max(ended), sum(trained)


def optuna_script(folder: Path, trials: int) -> Span:
    import mlflow
    import optuna
    from mlflow.entities import Metric, Param

    from data.prepared import open_arrays
    from search_spaces.dimensions import Choice, Integer, Real
    from tuning.training.loop import Training

    plan = planned(folder, trials)
    arrays = open_arrays(prepared_folder(folder))
    mark = time.time_ns()
    client = mlflow.MlflowClient(f"sqlite:///{folder / f'optuna-{mark}.db'}")
    experiment = client.create_experiment("optuna", artifact_location=(folder / f"artifacts-{mark}").as_uri())
    begun: list[float] = []
    trained: list[float] = []

    def objective(trial: optuna.Trial) -> float:
        values: dict[str, Any] = {}
        for path, dimension in plan.space.dimensions.items():
            match dimension:
                case Choice():
                    values[path] = trial.suggest_categorical(path, list(dimension.options))
                case Integer():
                    values[path] = trial.suggest_int(path, dimension.low, dimension.high)
                case Real():
                    values[path] = trial.suggest_float(path, dimension.low, dimension.high)
        run = client.create_run(experiment).info.run_id
        client.log_batch(run, params=[Param(path, str(value)) for path, value in values.items()])
        training = Training(one_trial(plan, folder, trial.number, values), arrays)
        begun.append(time.time())
        while not training.done:
            report = training.run_epoch()
            now = int(1000 * time.time())
            metrics = [Metric(f"valid/{k}", v, now, report.epoch) for k, v in report.metrics.items()]
            client.log_batch(run, metrics=metrics)
        client.set_terminated(run)
        trained.append(training.seconds)
        return training.result().objective or 0.0

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=trials, n_jobs=WORKERS)
    return min(begun), time.time(), sum(trained)


def ray_trial(values: dict[str, Any], *, plan: "Plan", folder: Path) -> None:
    """Train one trial; reports to Ray Tune."""
    from ray import tune

    from data.prepared import open_arrays
    from tuning.training.loop import Training

    paths = {path.rsplit(".", 1)[-1]: path for path in plan.space.dimensions}
    assignment = {paths[name]: value for name, value in values.items()}
    training = Training(one_trial(plan, folder, 0, assignment), open_arrays(prepared_folder(folder)))
    begin = time.time()
    while not training.done:
        report = training.run_epoch()
        times = {"begin": begin, "seconds": report.seconds}
        tune.report({"objective": report.metrics["recall_macro"], **times, **report.metrics})


def ray_tune(folder: Path, trials: int) -> Span:
    from ray import tune
    from ray.tune.search.hyperopt import HyperOptSearch

    plan = planned(folder, trials)
    start_ray(WORKERS, folder)
    begun: list[float] = []
    ended: list[float] = []
    trained: list[float] = []

    class Times(tune.Callback):
        def on_trial_result(self, *_: Any, **info: Any) -> None:
            begun.append(info["result"]["begin"])
            trained.append(info["result"]["seconds"])

        def on_trial_complete(self, *_: Any, **__: Any) -> None:
            ended.append(time.time())

    tune.Tuner(
        tune.with_parameters(ray_trial, plan=plan, folder=folder),
        param_space=ray_space(plan.space),
        tune_config=tune.TuneConfig(
            metric="objective", mode="max", num_samples=trials, search_alg=HyperOptSearch(random_state_seed=1)
        ),
        run_config=tune.RunConfig(storage_path=str(folder / f"results-{time.time_ns()}"), callbacks=[Times()]),
    ).fit()
    return min(begun), max(ended), sum(trained)


TOOLS = {"bare": bare, "seqtune": seqtune, "optuna": optuna_script, "ray": ray_tune}


def run(tool: str, folder: Path, trials: int) -> dict[str, float]:
    """Run a tool in a fresh process."""
    begin = time.time()
    result = run_script(["overhead.py", "--one", tool, "--trials", trials], folder)
    return {
        "trial_ms": 1000 * (result["end"] - result["begin"]) * WORKERS / trials,
        "training_ms": 1000 * result["trained"] / trials,
        "first_step_s": result["begin"] - begin,
        "whole_s": time.time() - begin,
        "processor_s": result["processor_s"],
    }


def measure(*, trials: int, rows: int, repeats: int) -> dict[str, dict[str, float]]:
    """Return the medians of each tool over the repeats."""
    from benchmark_data import write_table

    from data.prepare import prepare
    from tuning.campaign.variants import variants

    runs: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        folder = Path(scratch)
        write_table(folder / "table.csv", rows)
        data = variants(planned(folder, trials).config)["raw"]
        arrays = prepare(data, datasets=None, store=folder / "arrays").directory
        (folder / "arrays.txt").write_text(str(arrays))
        for _ in range(repeats):
            for tool in TOOLS:
                runs[tool].append(run(tool, folder, trials))
                print(tool, runs[tool][-1], file=sys.stderr, flush=True)
    return {
        tool: {
            "trial_ms": round(median(each["trial_ms"] for each in rounds)),
            "training_ms": round(median(each["training_ms"] for each in rounds)),
            "overhead_ms": round(median(each["trial_ms"] - each["training_ms"] for each in rounds)),
            "of_training": round(median(each["trial_ms"] / each["training_ms"] for each in rounds), 2),
            "of_ideal": round(
                median(each["trial_ms"] / floor["trial_ms"] for each, floor in zip(rounds, runs["bare"], strict=True)),
                2,
            ),
            "first_step_s": round(median(each["first_step_s"] for each in rounds), 1),
            "whole_s": round(median(each["whole_s"] for each in rounds), 1),
            "processor_s": round(median(each["processor_s"] for each in rounds), 1),
        }
        for tool, rounds in runs.items()
    }


def main() -> None:
    """Measure all tools in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60, help="number of trials")
    parser.add_argument("--rows", type=int, default=120, help="rows of the table")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each tool")
    parser.add_argument("--one", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        begin, end, trained = TOOLS[options.one](Path.cwd(), options.trials)
        print(json.dumps({"begin": begin, "end": end, "trained": trained}))
        return
    tools = measure(trials=options.trials, rows=options.rows, repeats=options.repeats)
    print(json.dumps({"benchmark": "overhead", "trials": options.trials, "rows": options.rows, **tools}))


if __name__ == "__main__":
    main()
