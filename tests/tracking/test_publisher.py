"""What a journal becomes in MLflow, on the default store."""

import json
import re
import shlex
import sqlite3
from collections import Counter
from typing import Any

import pytest
import typer
import typer.main
from journals import ENVIRONMENT, append, config, events, table
from tracking_journals import (
    DATA,
    ended,
    epochs,
    eventful,
    interrupted_first,
    launched,
    opened,
    report,
    result,
    suggested,
    weights,
    whole_trial,
    write,
)
from tracking_stores import contents, experiment_tags, home_with_store

from tuning.campaign.errors import RecordError, StoreError
from tuning.cli.app import app
from tuning.execution.reproduce import Reproduction
from tuning.journal.events import ConfirmationRequest, Finished, Interrupted, OpenedTest, Started
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.log import read
from tuning.tracking.background import BackgroundPublisher
from tuning.tracking.changes import PARENT, RunUpdates
from tuning.tracking.client import Store
from tuning.tracking.layout import milliseconds
from tuning.tracking.publisher import Publisher, delete_runs, publishing, sync
from tuning.tracking.read import recorded_trial, trial_run
from tuning.tracking.reproduction import log_reproduction
from tuning.tracking.view import PREFIX, view_tag

pytestmark = pytest.mark.server


@pytest.fixture
def home(tmp_path):
    return home_with_store(tmp_path / "home")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The runs of the eventful campaign, published in one go; for looking only."""
    home = home_with_store(tmp_path_factory.mktemp("finished"))
    weights(home, 0)
    weights(home, 2)
    return published(home, eventful())


def published(home, events, name="beats"):
    """Write a journal, publish it, and return the runs by their names."""
    write(home, events, name)
    sync(home, name)
    return {run["name"]: run for run in contents(home.tracking_uri, name)}


def statuses(runs):
    return {name: run["status"] for name, run in runs.items()}


def test_a_campaign_is_one_parent_run_with_one_nested_run_a_trial(finished):
    runs = finished
    assert sorted(runs) == ["beats", "t000", "t001", "t002", "t003", "t004"]
    assert {run["tags"].get("mlflow.parentRunId") for name, run in runs.items() if name != "beats"} == {"beats"}
    assert {name: run["tags"]["seqtune.kind"] for name, run in runs.items()} == {
        "beats": "campaign",
        **{f"t00{k}": "trial" for k in range(5)},
    }


def test_every_epoch_metric_has_one_row_at_the_journal_s_time(home):
    entries = write(home, [opened(), launched(), *whole_trial(0)])
    sync(home, "beats")
    rows = contents(home.tracking_uri)[1]["metrics"]
    times = [milliseconds(entry.at) for entry in entries if entry.event.kind == "epoch"]
    expected = [(step, at, report(0, step).metrics["recall_macro"]) for step, at in enumerate(times, start=1)]
    assert rows["valid/recall_macro"] == expected
    assert {len(rows[f"valid/recall/{name}"]) for name in ("N", "S_2b", "V/F")} == {3}
    assert [value for _, _, value in rows["train/loss"]] == [1.0, 0.5, 1 / 3]
    assert [value for _, _, value in rows["train/recall_macro"]] == [report(0, k).train_objective for k in (1, 2, 3)]
    assert [step for step, _, _ in rows["best_recall_macro"]] == [0]


def test_parameters_have_exact_floats(home):
    trial = published(home, [opened(), launched(), *whole_trial(1)])["t001"]
    assert trial["parameters"]["train.learning_rate"] == repr(0.1 + 0.2)
    assert trial["parameters"]["model.hidden"] == "65"
    assert trial["parameters"]["data.balance"] == "oversample"
    assert trial["name"] == "t001"


def test_tags_say_where_a_trial_comes_from(home):
    tags = published(home, [opened(), launched(), *whole_trial(1)])["t001"]["tags"]
    assert tags["seqtune.campaign"] == "beats"
    assert tags["seqtune.trial.seed"] == "1001"
    assert tags["seqtune.data.sha256"] == DATA.sha256
    assert tags["seqtune.weights.sha256"] == report(1, 3).weights_sha256
    assert tags["seqtune.environment.isa"] == ENVIRONMENT.isa
    assert tags["seqtune.commit"] == "0123456789ab+"
    assert tags["mlflow.source.git.commit"] == "0123456789ab"


def test_the_data_set_is_an_input_with_its_whole_content_s_digest(home):
    runs = published(home, [opened(), launched(), *whole_trial(0)])
    ((name, digest, profile, _),) = runs["t000"]["inputs"]
    assert (name, digest) == ("synthetic, oversample", DATA.sha256[:36])
    assert json.loads(profile)["train"] == DATA.train
    assert runs["beats"]["inputs"] == runs["t000"]["inputs"]


def test_a_failed_trial_is_a_failed_run_with_its_reason(finished):
    failed = finished["t001"]
    assert failed["status"] == "FAILED"
    assert failed["tags"]["seqtune.trial.status"] == "failed"
    assert failed["tags"]["seqtune.trial.reason"] == "out of memory"
    assert "best_recall_macro" not in failed["metrics"]


def test_a_stopped_trial_is_marked_as_such(finished):
    stopped = finished["t004"]
    assert (stopped["status"], stopped["tags"]["seqtune.trial.status"]) == ("FINISHED", "stopped")
    assert stopped["tags"]["seqtune.trial.reason"] == "below the rung at epoch 1"


def test_an_interruption_ends_every_run_and_a_continuation_takes_them_up(home):
    entries = write(home, interrupted_first())
    sync(home, "beats")
    runs = {run["name"]: run for run in contents(home.tracking_uri)}
    assert statuses(runs) == {"beats": "KILLED", "t000": "FINISHED", "t001": "FAILED", "t002": "KILLED"}
    assert runs["t002"]["end"] == milliseconds(entries[-1].at)
    assert runs["t002"]["tags"]["seqtune.trial.status"] == "interrupted"

    entries = write(home, [launched(), Started(trial=2, attempt=2, from_epoch=2)])
    Publisher(Store(home.tracking_uri), home).publish(entries)
    assert statuses(runs := {run["name"]: run for run in contents(home.tracking_uri)}) == {
        "beats": "RUNNING",
        "t000": "FINISHED",
        "t001": "FAILED",
        "t002": "RUNNING",
    }
    assert runs["beats"]["tags"]["seqtune.campaign.status"] == "running"

    assert "RUNNING" not in statuses(published(home, [*epochs(2, 3, 3), ended(2, 3), Finished(trials=3)])).values()


def test_sync_ends_the_runs_of_a_launch_that_died_without_a_word(home):
    runs = published(home, [opened(), launched(), *whole_trial(0), suggested(1), Started(trial=1, attempt=1)])
    assert statuses(runs) == {"beats": "KILLED", "t000": "FINISHED", "t001": "KILLED"}


def test_sync_leaves_the_runs_of_a_living_launch_running(home):
    with home.locked("beats"):
        runs = published(home, [opened(), launched(), suggested(0), Started(trial=0, attempt=1)])
    assert statuses(runs) == {"beats": "RUNNING", "t000": "RUNNING"}


def test_the_leaderboard_of_replicates_has_their_configurations(home):
    runs = table({"lucky": [0.1, 0.9], "steady": [0.6, 0.6]})
    updates = RunUpdates(home)
    for n, event in enumerate(events(runs, config(runs, search__replicates=2))):
        updates.add(Entry(n=n, at=float(n), event=event))
    board = json.loads(updates.take()[PARENT].texts["leaderboard.json"])
    assert [(row["trials"], row["completed"]) for row in board["configurations"]] == [([2, 3], 2), ([0, 1], 2)]
    assert [row["trial"] for row in board["ranked"]] == [1, 2, 3, 0]


def test_the_finished_campaign_has_its_leaderboard_and_the_best_trials_their_weights(finished):
    runs = finished
    board = json.loads(runs["beats"]["artifacts"]["leaderboard.json"])
    assert [row["trial"] for row in board["ranked"]] == [2, 0]
    assert runs["beats"]["artifacts"]["leaderboard.csv"].startswith("rank,trial,objective")
    assert runs["beats"]["tags"]["seqtune.campaign.best_trial"] == "2"
    assert runs["beats"]["latest"]["search/best"] == report(3, 3).metrics["recall_macro"]
    shown = {"trial.json", "confusion.json", "confusion.png", "curves.csv", "weights.safetensors"}
    assert {name: set(run["artifacts"]) for name, run in runs.items() if name in ("t002", "t004")} == {
        "t002": shown,
        "t004": {"trial.json", "confusion.json", "curves.csv"},
    }


def test_weights_that_the_disk_has_damaged_are_not_published_as_the_trial_s(home):
    path = weights(home, 2)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    files = published(home, eventful())["t002"]["artifacts"]
    assert "weights.safetensors" not in files
    assert "which is not that of the trial's record" in files["weights-error.txt"]


def test_the_search_s_progress_is_a_curve_of_the_campaign(finished):
    best = finished["beats"]["metrics"]["search/best"]
    first, third = report(0, 3).metrics["recall_macro"], report(2, 3).metrics["recall_macro"]
    assert [(step, value) for step, _, value in best] == [
        (1, first),
        (3, third),
        (4, report(3, 3).metrics["recall_macro"]),
    ]


def test_live_publishing_writes_one_batch_an_epoch(home, monkeypatch):
    entries = write(home, [opened(), launched(), *whole_trial(0, count=20)])
    store = Store(home.tracking_uri)
    batches: list[str] = []
    real = store.client.log_batch

    def counted(run, **all_of_it):
        batches.append(run)
        real(run, **all_of_it)

    monkeypatch.setattr(store.client, "log_batch", counted)
    publisher = Publisher(store, home)
    for entry in entries:
        publisher.publish([entry])
    (trial,) = store.runs(store.find_experiment("beats"), {"seqtune.kind": "trial"})
    assert batches.count(trial.id) == 20 + 2  # begin and end


def test_publishing_again_changes_nothing(home):
    write(home, eventful())
    sync(home, "beats")
    before = contents(home.tracking_uri)
    sync(home, "beats")
    assert contents(home.tracking_uri) == before


def test_writing_everything_again_changes_nothing(home):
    write(home, eventful())
    sync(home, "beats")
    before = contents(home.tracking_uri)
    store = Store(home.tracking_uri)
    for run in store.runs(store.find_experiment("beats"), {"seqtune.campaign": "beats"}):
        store.set_status(run.id, "RUNNING", None)  # as after a crash, which leaves ends unwritten
    sync(home, "beats")
    assert contents(home.tracking_uri) == before


def test_a_raised_number_of_trials_goes_on_in_the_same_runs(home):
    published(home, [opened(trials=1), launched(1), *whole_trial(0), Finished(trials=1)])
    runs = published(home, [launched(2), *whole_trial(1), Finished(trials=2)])
    assert statuses(runs) == {"beats": "FINISHED", "t000": "FINISHED", "t001": "FINISHED"}
    assert runs["beats"]["tags"]["seqtune.campaign.trials"] == "2"


def test_campaigns_of_one_name_in_two_homes_stay_apart(home, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.tracking_uri)
    published(home, [opened(), launched(), *whole_trial(0), Finished(trials=1)])
    other = home_with_store(tmp_path / "other")
    write(other, [opened(), launched(), *whole_trial(0, count=2), Finished(trials=1)])
    sync(other, "beats")
    runs = contents(home.tracking_uri)
    assert [run["name"] for run in runs] == ["beats", "beats", "t000", "t000"]
    assert len({run["tags"]["seqtune.campaign.id"] for run in runs}) == 2


def test_an_experiment_of_somebody_else_keeps_its_runs(home):
    store = Store(home.tracking_uri)
    experiment = store.client.create_experiment("beats", (home.path / "theirs").as_uri())
    foreign = store.client.create_run(experiment, run_name="foreign")
    published(home, [opened(), launched(), *whole_trial(0), Finished(trials=1)])
    assert store.find_run(foreign.info.run_id).status == "RUNNING"


def test_a_deleted_experiment_is_a_clear_error(home):
    store = Store(home.tracking_uri)
    store.client.delete_experiment(store.client.create_experiment("beats"))
    write(home, eventful())
    with pytest.raises(StoreError, match=r"'beats' was deleted in MLflow\. Restore it with"):
        sync(home, "beats")


def test_a_run_that_a_user_deleted_stays_deleted(home):
    published(home, interrupted_first())
    store = Store(home.tracking_uri)
    (unwanted,) = store.runs(store.find_experiment("beats"), {"seqtune.trial.index": "1"})
    store.delete(unwanted.id)
    write(home, [launched(), Started(trial=2, attempt=2, from_epoch=2), *epochs(2, 3, 3), ended(2, 3)])
    sync(home, "beats")
    assert sorted(run["name"] for run in contents(home.tracking_uri)) == ["beats", "t000", "t002"]


def test_a_second_run_of_one_trial_is_removed(home):
    entries = write(home, interrupted_first())
    sync(home, "beats")
    before = contents(home.tracking_uri)
    store = Store(home.tracking_uri)
    experiment = store.find_experiment("beats")
    (run,) = store.runs(experiment, {"seqtune.trial.index": "2"})
    store.create(experiment, run.tags["mlflow.runName"], run.tags, milliseconds(entries[-1].at))
    sync(home, "beats")
    assert contents(home.tracking_uri) == before


def test_two_publishers_at_once_are_refused(home):
    write(home, eventful())
    with publishing(home, "beats"), pytest.raises(StoreError, match="being published to MLflow by another process"):
        sync(home, "beats")


def test_a_confirmation_does_not_publish_its_campaign_beside_another_publisher(home):
    write(home, eventful())
    append(home.confirmations.journal("beats"), [opened(), launched()])
    with publishing(home, "beats"):
        publisher = BackgroundPublisher(home.confirmations, "beats")
        assert "being published to MLflow by another process" in publisher.close()
    assert contents(home.tracking_uri) == []
    sync(home, "beats")
    kinds = Counter(run["tags"]["seqtune.kind"] for run in contents(home.tracking_uri))
    assert kinds == {"campaign": 1, "trial": 5, "confirmation": 1}


def test_a_test_part_that_is_opened_while_its_confirmation_runs_is_published_at_its_end(home):
    write(home, eventful())
    path = home.confirmations.journal("beats")
    append(path, [opened(), launched()])
    publisher = Publisher(Store(home.tracking_uri), home.confirmations)
    publisher.publish(read(path))
    request = ConfirmationRequest(trials=(0,), seeds=1, splits=0, ended=5)
    append(home.journal("beats"), [OpenedTest(confirmation=request)])
    append(path, [Interrupted(reason="interrupted by the user")])
    publisher.publish(read(path)[2:])
    (run,) = [run for run in contents(home.tracking_uri) if run["tags"]["seqtune.kind"] == "campaign"]
    assert "best 1, 1 seed" in run["tags"]["seqtune.campaign.test_opened"]


def test_an_unknown_campaign_is_a_clear_error(home):
    with pytest.raises(RecordError, match="no campaign 'nothing'"):
        sync(home, "nothing")


def test_a_store_that_cannot_be_reached_is_a_clear_error_without_its_password(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mysql+nothing://me:secret@127.0.0.1:1/runs")
    write(home, [opened()])
    with pytest.raises(StoreError, match=r"mysql\+nothing://\*\*\*@127.0.0.1:1/runs: the MLflow store") as caught:
        sync(home, "beats")
    assert "secret" not in str(caught.value)


def test_a_home_that_cannot_be_written_is_an_error_that_says_so(home):
    write(home, eventful())
    (home.campaign("beats") / "tracking.lock").mkdir()  # root may write anywhere else
    with pytest.raises(StoreError, match="campaigns/beats cannot be written"):
        sync(home, "beats")


def test_an_interruption_is_published_with_its_cause_and_reason(home):
    stopped = Interrupted(reason="resources.time_budget_hours = 1 is used up", cause="budget")
    tags = published(home, [opened(), launched(), *whole_trial(0), stopped])["beats"]["tags"]
    assert {name: tags[f"seqtune.campaign.{name}"] for name in ("status", "cause", "reason")} == {
        "status": "interrupted",
        "cause": "budget",
        "reason": "resources.time_budget_hours = 1 is used up",
    }


def test_the_cause_of_an_interruption_goes_when_the_campaign_is_resumed(home, finished):
    published(home, interrupted_first())
    resumed = published(home, eventful()[len(interrupted_first()) :])
    for runs in (resumed, finished):  # published in two parts, and in one
        tags = runs["beats"]["tags"]
        assert [tags[f"seqtune.campaign.{name}"] for name in ("status", "cause", "reason")] == ["finished", "", ""]


def test_parameters_of_a_former_version_do_not_prevent_publishing(home):
    published(home, interrupted_first())
    with sqlite3.connect(home.tracking_uri.removeprefix("sqlite:///")) as database:
        assert database.execute("UPDATE params SET value = 'x' WHERE key = 'space'").rowcount
    database.close()
    runs = published(home, [launched(), Started(trial=2, attempt=2, from_epoch=2), *epochs(2, 3, 3), ended(2, 3)])
    assert runs["t002"]["status"] == "FINISHED"
    assert runs["t002"]["parameters"]["space"] == "x"


def test_a_campaign_that_an_older_version_began_to_publish_keeps_the_names_of_its_metrics(home):
    published(home, interrupted_first())
    with sqlite3.connect(home.tracking_uri.removeprefix("sqlite:///")) as database:
        assert database.execute("DELETE FROM tags WHERE key = 'seqtune.layout'").rowcount == 1
        assert database.execute("DELETE FROM experiment_tags WHERE key LIKE 'mlflow.sharedViewState.%'").rowcount == 1
    database.close()
    runs = published(home, [launched(), Started(trial=2, attempt=2, from_epoch=2), *epochs(2, 3, 3), ended(2, 3)])
    assert {"best/epoch", "best/recall_macro", "best/recall/N"} < {*runs["t002"]["metrics"]}
    assert not [key for key in runs["t002"]["metrics"] if key.startswith("best_")]
    assert "seqtune.layout" not in runs["beats"]["tags"]
    (view,) = (value for key, value in experiment_tags(home.tracking_uri).items() if "sharedViewState" in key)
    assert "metrics.`best/recall_macro`" in view


@pytest.mark.parametrize("folder", ["home", "my home; rm 'x'"])
def test_commands_in_descriptions_are_command_lines_of_seqtune(tmp_path, folder):
    home, datasets = Home(tmp_path / folder), tmp_path / "data sets"
    datasets.mkdir()
    launch = launched().model_copy(update={"datasets": str(datasets)})
    updates = RunUpdates(home)
    for n, event in enumerate([opened(), launch, *whole_trial(0)]):
        updates.add(Entry(n=n, at=float(n), event=event))
    taken = updates.take()
    campaign, trial = (_commands(taken[index].tags["mlflow.note.content"]) for index in (PARENT, 0))
    assert [(name, given.get("name", given.get("target")), given["home"]) for name, given in campaign] == [
        (name, "beats", home.path) for name in ("reproduce", "top", "report", "export")
    ]
    ((name, given),) = trial
    assert (name, given["home"], given["datasets"], given["trial"]) == ("reproduce", home.path, datasets, 0)


def _commands(note):
    """The commands in a description, parsed as the shell and the command line do: name and options."""
    group: Any = typer.main.get_command(app)
    context = typer.Context(group, info_name="seqtune")
    for line in re.findall("`(.*?)`", note):
        program, *words = shlex.split(line)
        assert program == "seqtune"
        name, command, rest = group.resolve_command(context, words)
        yield name, command.make_context(name, rest, parent=context).params


def test_delete_runs_moves_the_runs_of_a_campaign_and_no_others_to_the_bin(home, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.tracking_uri)
    write(home, interrupted_first())
    sync(home, "beats")
    store = Store(home.tracking_uri)
    outcome = Reproduction(
        verdict="exact",
        first_difference=None,
        beyond_tolerance=None,
        largest_difference=0.0,
        epochs=[report(0, epoch) for epoch in (1, 2, 3)],
        result=result(0, 3),
        environment=ENVIRONMENT,
        environment_differences=[],
    )
    recorded = recorded_trial(trial_run(store, "beats", 0).id, home.tracking_uri)
    log_reproduction(recorded, outcome, uri=home.tracking_uri, artifacts=home.artifacts)
    other = Home(tmp_path / "other")
    write(other, [opened(), launched(), *whole_trial(0), Finished(trials=1)])
    sync(other, "beats")
    for _ in range(2):  # the second time there is nothing to do
        delete_runs(home, "beats")
        runs = list(store.runs(store.find_experiment("beats"), {"seqtune.campaign": "beats"}))
        deleted = {run.tags["mlflow.runName"] for run in runs if run.deleted}
        assert deleted == {"beats", "t000", "t001", "t002", "t000 exact"}
        assert sorted(run.tags["mlflow.runName"] for run in runs if not run.deleted) == ["beats", "t000"]
        views = [name for name in experiment_tags(home.tracking_uri) if name.startswith(PREFIX)]
        assert views == [view_tag(read(other.journal("beats"))[0].event.id)]
    store.client.delete_experiment(store.find_experiment("beats"))
    delete_runs(home, "beats")


def test_progress_counts_runs(home):
    write(home, eventful())
    seen = []
    sync(home, "beats", lambda done, of: seen.append((done, of)))
    assert seen == [(k, 5) for k in range(1, 6)]
