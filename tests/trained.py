"""Campaigns whose trials are trained here, one after the other, by the workers' own code: without Ray, in seconds."""

from functools import partial
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
from factories import campaign
from typer.testing import CliRunner

from data.preparation import Preparation
from data.prepare import prepare
from tuning.campaign.config import CampaignConfig
from tuning.campaign.plan import Plan, plan
from tuning.campaign.variants import variants
from tuning.cli.app import app
from tuning.execution.driver import Driver
from tuning.execution.launch import recorded_data
from tuning.execution.search_trials import SearchTrials
from tuning.execution.trial_files import TrialFiles
from tuning.execution.worker import TrialWorker
from tuning.journal.events import Launched, Opened
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.journal.record import CampaignRecord
from tuning.search.suggest import ordered_search
from tuning.training.environment import current


def train_campaign(home: Home, config: CampaignConfig, *, datasets: Path | None = None) -> CampaignRecord:
    """Run a campaign from its first trial to its end, as a launch does."""
    return train_plan(home, plan(config), datasets=datasets)


def train_plan(home: Home, planned: Plan, *, datasets: Path | None = None) -> CampaignRecord:
    """Run the campaign of a file, whose code is loaded."""
    config = planned.config
    home.keep_code(planned.sources)
    prepared = {
        variant: prepare(data, datasets=datasets, store=home.arrays) for variant, data in variants(config).items()
    }
    with Journal(home.journal(config.name)) as journal:
        data = recorded_data(prepared)
        journal.append(Opened(config=planned.complete, dimensions=planned.space.described(), data=data))
        home.keep_preparations(config.name, (Preparation.of(entry.manifest) for entry in prepared.values()))
        launched = Launched(environment=current("cpu"), trials=planned.trials, concurrency=1)
        new_search = partial(ordered_search, planned.complete, planned.space, data)
        driver = Driver(journal, SearchTrials(planned.space, new_search), launched=launched)
        files = TrialFiles(home, driver.record)
        while (trial := driver.next_trial()) is not None:
            arrays = prepared[driver.record.variant(trial)].directory
            worker = TrialWorker(trial, arrays, home.trial(config.name, trial.index))
            driver.started(trial.index)
            while (message := worker.step()).result is None:
                driver.reported(trial.index, message.reports)
            driver.reported(trial.index, message.reports)
            driver.ended(trial.index, message.result, message.environment)
            files.ended(driver.record, trial.index)
        return driver.record


def small(data: dict, **changes: object) -> CampaignConfig:
    """A campaign of two small one-dimensional CNNs on some data."""
    return campaign(
        data=data,
        space={"model": "cnn1d", "fix": {"layers": 2, "blocks": 1}, "dimensions": {"model.hidden": [4, 6]}},
        search={"trials": 2, "window": 2, "algorithm": "grid"},
        resources={"concurrency": 1},
        **changes,
    )


def run(home: Home, *words: object, code: int = 0) -> str:
    """Run a command, check its exit code, and return what it prints."""
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, [*map(str, words), "--home", str(home.path)])
    assert done.exit_code == code, done.output + str(done.exception)
    return done.output


def predicted(home: Home, *words: object, out: Path) -> dict:
    run(home, "predict", *words, "--out", out)
    table = pyarrow.parquet.read_table(out) if out.suffix == ".parquet" else pyarrow.csv.read_csv(out)
    return table.to_pydict()


def refused(home: Home, *words: object, out: Path) -> str:
    """Return the message of a command that fails, and check that it wrote nothing."""
    before = sorted(out.parent.iterdir())
    message = run(home, "predict", *words, "--out", out, code=2)
    assert sorted(out.parent.iterdir()) == before
    assert "Traceback" not in message
    return message


def write_rows(path: Path, columns: dict) -> Path:
    table = pyarrow.table(columns)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    return path


def steps(table: Path) -> dict:
    columns = pyarrow.csv.read_csv(table).to_pydict()
    return {name: values for name, values in columns.items() if name != "label"}
