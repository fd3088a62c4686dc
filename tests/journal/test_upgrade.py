"""Journals of version 1, recorded before keys were renamed: read, resumed, exported and trained again.

``tests/recorded`` has what the former version wrote: both heartbeat models, recurrent cells compared with replicates,
classical families and a series; optional dimensions, early stopping, narrowed bounds and bucketed batches among them.
"""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
from simulated import story

from search_spaces.dimensions import Bounds
from tuning.analysis.export import Export
from tuning.analysis.export import export as best_trials
from tuning.campaign.config import ComparisonOptions
from tuning.campaign.file import load
from tuning.campaign.plan import plan
from tuning.campaign.resume import resumed
from tuning.execution.driver import Driver
from tuning.execution.reproduce import reproduce
from tuning.execution.search_trials import SearchTrials
from tuning.journal.events import Finished, Launched
from tuning.journal.home import Home
from tuning.journal.log import Journal, read
from tuning.journal.record import CampaignRecord, RecordedTrial, fold
from tuning.journal.upgrade import upgrade_export
from tuning.search.suggest import ordered_search

RECORDED = sorted(Path(__file__).parents[1].joinpath("recorded").glob("*.jsonl"))


def former(path: Path) -> CampaignRecord:
    return fold(read(path))


def named(name: str) -> CampaignRecord:
    return former(next(path for path in RECORDED if path.stem == name))


@pytest.fixture(params=RECORDED, ids=lambda path: path.stem)
def recorded(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_thirty_trials_of_the_former_version_are_recorded() -> None:
    assert sum(len(former(path).ended) for path in RECORDED) == 30
    assert all(json.loads(path.read_text().splitlines()[0])["journal"] == 1 for path in RECORDED)


def test_renamed_keys_have_their_values() -> None:
    halving = named("v1-cnn2d").config
    assert (halving.train.early_stopping, halving.train.reduction_factor) == ("successive-halving", 2)
    assert halving.space.include == ["train.optimizer"]
    assert halving.space.narrow == {"hidden": Bounds(low=62, high=66), "layers": [2, 3]}
    assert halving.search.startup_trials == 3
    cells = named("v1-cells").config
    assert cells.train.batching == "bucketed"
    assert cells.comparison == ComparisonOptions(
        question="Which cell type is best on made-up beats?", factor="model.cell", response="best_epoch"
    )
    assert named("v1-cells").trials[0].config.train.batching == "bucketed"


def test_the_search_suggests_again_what_is_recorded(recorded: Path, tmp_path: Path) -> None:
    home, before = Home(tmp_path), former(recorded)
    home.campaign(recorded.stem).mkdir(parents=True)
    shutil.copy(recorded, home.journal(recorded.stem))
    again = resumed(plan(before.config), before.config, trials=before.target)
    with Journal(home.journal(recorded.stem)) as journal:
        launched = Launched(environment=before.launches[-1].environment, trials=before.target)
        new_search = partial(ordered_search, again.complete, again.space)
        driver = Driver(journal, SearchTrials(again.space, new_search), launched=launched)
        assert driver.complete
    assert story(home.record(recorded.stem)) == story(before)


def test_opening_a_former_journal_rewrites_it_and_keeps_the_original(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    shutil.copy(recorded, path)
    entries = read(path)
    with Journal(path) as journal:
        assert journal.entries == entries
        journal.append(Finished(trials=1))
    assert path.with_suffix(".v1.jsonl").read_bytes() == recorded.read_bytes()
    assert json.loads(path.read_text().splitlines()[0])["journal"] == 2
    assert [(e.at, e.event) for e in read(path)][:-1] == [(e.at, e.event) for e in entries]


def test_a_former_campaign_file_with_renamed_keys_is_the_same_campaign(tmp_path: Path) -> None:
    file = tmp_path / "v1-cnn2d.toml"
    file.write_text(
        """
name = "v1-cnn2d"
seed = 1
[data]
dataset = "synthetic"
max_rows = 900
balance = ["raw", "oversample", "smote"]
smote_neighbors = 2
[space]
name = "cnn2d"
fix = { blocks = 1 }
narrow = { hidden = { low = 62, high = 66 }, layers = [2, 3] }
include = ["train.optimizer"]
[search]
trials = 9
window = 4
[train]
epochs = 3
early_stopping = "successive-halving"
reduction_factor = 2
"""
    )
    before = named("v1-cnn2d")
    again = resumed(load(file), before.config, trials=before.target)
    assert (again.trials, again.startup_trials) == (9, 3)


def test_a_former_recorded_trial_and_a_former_export_are_read(recorded: Path) -> None:
    record = former(recorded)
    lines = [json.loads(line) for line in recorded.read_text().splitlines()]
    opened = next(line for line in lines if line["kind"] == "campaign")
    trial = next(line["trial"] for line in lines if line["kind"] == "suggestion" and line["trial"]["index"] == 0)
    assignment = next(line["assignment"] for line in lines if line["kind"] == "suggestion")
    best = best_trials(record, 1).model_dump(mode="json")
    entry = best["entries"][0] | {"config": trial, "assignment": assignment}
    document = best | {"seqtune_export": 1, "campaign": opened["config"], "entries": [entry]}
    assert Export.model_validate_json(json.dumps(upgrade_export(document))).campaign == record.config
    without_rank = {key: value for key, value in entry.items() if key not in {"rank", "configuration"}}
    assert RecordedTrial.from_json(json.dumps(without_rank)).config == record.trials[0].config


def test_a_former_trial_trains_again_bit_for_bit(recorded: Path, tmp_path: Path) -> None:
    """Bit for bit on the kind of processor that recorded it; elsewhere the difference of environment is named."""
    record = former(recorded)
    trial = min(record.ended, key=lambda t: t.result.seconds if t.result else 0.0)
    outcome = reproduce(
        record.recorded(trial), home=Home(tmp_path), datasets=None, on_epoch=lambda _: None, progress=lambda _: None
    )
    assert outcome.verdict == "exact" or outcome.environment_differences
