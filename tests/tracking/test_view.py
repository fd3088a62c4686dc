"""The saved view "Leaderboard" of a campaign's experiment."""

import json

import factories
import pytest
from journals import data_record
from tracking_journals import eventful, interrupted_first, opened, write
from tracking_stores import experiment_tags, home_with_store

from tuning.journal.events import Opened
from tuning.journal.lines import Entry
from tuning.journal.log import read
from tuning.journal.record import opened as record_of
from tuning.tracking.client import Store
from tuning.tracking.publisher import sync
from tuning.tracking.view import leaderboard_view, view_tag


def view(event):
    value = json.loads(leaderboard_view(record_of(Entry(n=0, at=12.5, event=event)), "abc", "run"))
    return value, json.loads(value["state"])


def test_it_lists_trials_best_first_with_metrics_and_searched_values():
    value, state = view(opened())
    assert (value["name"], value["createdAt"], value["updatedAt"]) == ("Leaderboard", 12_500, 12_500)
    assert state["searchFilter"] == "tags.`seqtune.campaign.id` = 'abc' and tags.`seqtune.kind` != 'reproduce'"
    assert state["runsPinned"] == ["run"]
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`best_recall_macro`", False)
    assert state["selectedColumns"] == [
        "metrics.`best_recall_macro`",
        "metrics.`best_accuracy`",
        "params.`model.hidden`",
        "params.`train.learning_rate`",
        "metrics.`best_f1_macro`",
        "metrics.`best_epoch`",
        "tags.`seqtune.trial.status`",
    ]
    assert state["columnOrder"] == ["attributes.`Run Name`", *state["selectedColumns"]]
    assert {*state["columnWidths"]} == {*state["columnOrder"]}


def test_an_objective_to_be_minimised_is_sorted_ascending():
    event = Opened(
        config=factories.campaign(objective__metric="mae"),
        dimensions={"data.window": "4, 8"},
        data={"raw": data_record(classes=())},
    )
    _, state = view(event)
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`best_mae`", True)
    assert [column for column in state["selectedColumns"] if column.startswith("metrics")] == [
        f"metrics.`best_{name}`" for name in ("mae", "rmse", "r2", "epoch")
    ]


@pytest.mark.server
def test_a_view_that_a_user_edited_stays(tmp_path):
    home = home_with_store(tmp_path)
    key = view_tag(write(home, interrupted_first())[0].event.id)
    sync(home, "beats")
    store = Store(home.tracking_uri)
    store.tag_experiment(store.find_experiment("beats"), key, "edited")
    sync(home, "beats")
    assert experiment_tags(home.tracking_uri)[key] == "edited"


@pytest.mark.server
def test_an_experiment_without_the_view_gets_it_and_keeps_its_other_tags(tmp_path):
    home = home_with_store(tmp_path)
    key = view_tag(write(home, eventful())[0].event.id)
    sync(home, "beats")
    before = experiment_tags(home.tracking_uri)
    store = Store(home.tracking_uri)
    experiment = store.find_experiment("beats")
    store.tag_experiment(experiment, "own", "kept")
    store.untag_experiment(experiment, key)
    sync(home, "beats")
    assert experiment_tags(home.tracking_uri) == before | {"own": "kept"}
    (parent,) = store.runs(experiment, {"seqtune.kind": "campaign"})
    assert before[key] == leaderboard_view(home.record("beats"), read(home.journal("beats"))[0].event.id, parent.id)
