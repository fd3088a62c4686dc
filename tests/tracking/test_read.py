"""What comes back from a run: the recorded trial, and reproductions of it."""

import math

import pytest
from journals import ENVIRONMENT
from tracking_journals import eventful, interrupted_first, report, result, write
from tracking_stores import contents, home_with_store

from tuning.campaign.errors import RecordError
from tuning.execution.reproduce import Reproduction
from tuning.journal.record import RecordedTrial
from tuning.tracking.artifacts import trial_json
from tuning.tracking.client import Store
from tuning.tracking.publisher import sync
from tuning.tracking.read import recorded_trial, trial_run
from tuning.tracking.reproduction import log_reproduction

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    home = home_with_store(tmp_path_factory.mktemp("home"))
    write(home, eventful())
    sync(home, "beats")
    return home


@pytest.fixture
def store(published):
    return Store(published.tracking_uri)


def again(verdict="exact", first=None, differences=()):
    return Reproduction(
        verdict=verdict,
        first_difference=first,
        beyond_tolerance=None,
        largest_difference=0.0,
        epochs=[report(2, epoch) for epoch in (1, 2, 3)],
        result=result(2, 3),
        environment=ENVIRONMENT,
        environment_differences=list(differences),
    )


def test_a_run_gives_back_the_trial_that_the_journal_has(published, store):
    recorded = recorded_trial(trial_run(store, "beats", 2).id, published.tracking_uri)
    trial = published.record("beats").trials[2]
    assert recorded.config == trial.config
    assert recorded.assignment == trial.assignment
    assert recorded.epochs == tuple(trial.epochs)
    assert (recorded.result, recorded.environment) == (trial.result, trial.environment)


def test_a_failed_trial_comes_back_with_the_epochs_it_had(published, store):
    recorded = recorded_trial(trial_run(store, "beats", 1).id, published.tracking_uri)
    assert (recorded.result.status, [epoch.epoch for epoch in recorded.epochs]) == ("failed", [1])


def test_not_a_number_survives(published, store):
    recorded = recorded_trial(trial_run(store, "beats", 2).id, published.tracking_uri)
    odd = recorded.epochs[0].model_copy(update={"train_loss": math.nan})
    text = trial_json(recorded.model_copy(update={"epochs": (odd,)}))
    assert math.isnan(RecordedTrial.from_json(text).epochs[0].train_loss)


def test_an_unknown_run_is_a_clear_error(published):
    with pytest.raises(RecordError, match=r"run 0{32} in sqlite:.*: no such run\. Copy the id"):
        recorded_trial("0" * 32, published.tracking_uri)


def test_the_campaign_s_own_run_is_no_trial(published, store):
    (parent,) = store.runs(store.find_experiment("beats"), {"seqtune.kind": "campaign"})
    with pytest.raises(RecordError, match=r"is the whole campaign 'beats', not a trial"):
        recorded_trial(parent.id, published.tracking_uri)


def test_a_run_of_somebody_else_is_no_trial(published, store):
    foreign = store.client.create_run("0")
    with pytest.raises(RecordError, match=r"was not written by seqtune"):
        recorded_trial(foreign.info.run_id, published.tracking_uri)


def test_a_trial_that_has_not_ended_is_a_clear_error(tmp_path):
    home = home_with_store(tmp_path / "home")
    write(home, interrupted_first())
    sync(home, "beats")
    run = trial_run(Store(home.tracking_uri), "beats", 2)
    with pytest.raises(RecordError, match=r"trial 2 of 'beats' has not ended \(it is interrupted\)"):
        recorded_trial(run.id, home.tracking_uri)


def test_a_campaign_that_the_store_does_not_have_has_no_runs(store):
    assert trial_run(store, "other", 0) is None
    assert trial_run(store, "beats", 77) is None


def test_a_reproduction_is_a_run_beside_its_trial(published, store):
    original = trial_run(store, "beats", 2)
    recorded = recorded_trial(original.id, published.tracking_uri)
    outcome = again("differs", 2, ["torch: 2.12.0 -> 2.13.0"])
    run = log_reproduction(recorded, outcome, uri=published.tracking_uri, artifacts=published.artifacts)
    logged = store.find_run(run)
    assert logged.status == "FINISHED"
    assert {name: logged.tags[name] for name in logged.tags if "repro" in name} == {
        "seqtune.reproduces": original.id,
        "seqtune.reproduction.verdict": "differs",
        "seqtune.reproduction.differs_at_epoch": "2",
        "seqtune.reproduction.environment_differences": "torch: 2.12.0 -> 2.13.0",
    }
    assert logged.tags["mlflow.parentRunId"] == original.tags["mlflow.parentRunId"]
    assert logged.tags["seqtune.kind"] == "reproduce"
    assert [row.step for row in store.client.get_metric_history(run, "valid/recall_macro")] == [1, 2, 3]
    assert recorded_trial(run, published.tracking_uri).config == recorded.config


def test_a_reproduction_is_no_second_run_of_its_trial(tmp_path):
    home = home_with_store(tmp_path / "home")
    write(home, interrupted_first())
    sync(home, "beats")
    before = contents(home.tracking_uri)
    recorded = recorded_trial(trial_run(Store(home.tracking_uri), "beats", 0).id, home.tracking_uri)
    log_reproduction(recorded, again(), uri=home.tracking_uri, artifacts=home.artifacts)
    sync(home, "beats")
    runs = contents(home.tracking_uri)
    assert [run for run in runs if run["tags"]["seqtune.kind"] != "reproduce"] == before
    assert len(runs) == len(before) + 1


def test_a_trial_from_a_file_is_reproduced_into_an_empty_store(published, store, tmp_path):
    recorded = recorded_trial(trial_run(store, "beats", 2).id, published.tracking_uri)
    empty = home_with_store(tmp_path / "empty")
    log_reproduction(recorded, again(), uri=empty.tracking_uri, artifacts=empty.artifacts)
    (run,) = contents(empty.tracking_uri)
    assert run["name"] == "t002 exact"
    assert run["tags"]["seqtune.reproduces"] == "beats trial 2"
    assert "seqtune.campaign.id" not in run["tags"]
