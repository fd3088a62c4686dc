"""The script with which MLflow's start page begins."""

import json
import re

from journals import data_record
from tracking_journals import opened

from tuning.journal.lines import Entry
from tuning.journal.record import opened as record_of
from tuning.tracking.pages import DEFAULTS, TABLE, defaults_script
from tuning.tracking.view import leaderboard_view, view_tag


def values(script):
    """What the script would store."""
    return json.loads(re.search(r"Object\.entries\((.*)\)\)if\(localStorage", script)[1])


def leaderboard(at, campaign_id):
    record = record_of(Entry(n=0, at=at, event=opened()))
    return leaderboard_view(record, campaign_id, f"run-{campaign_id}")


def test_the_table_of_an_experiment_is_its_latest_leaderboard_of_all_campaigns():
    tags = {view_tag("new"): leaderboard(2.0, "new"), view_tag("old"): leaderboard(1.0, "old"), "seqtune.campaign": "x"}
    stored = values(defaults_script([("7", tags)]))
    assert DEFAULTS.items() <= stored.items()
    state = json.loads(stored[TABLE.format("7")])
    assert state["runsPinned"] == ["run-new"]
    assert state["orderByKey"] == "metrics.`best_recall_macro`"
    assert state["searchFilter"] == "tags.`seqtune.kind` = 'trial'"


def test_views_of_users_are_left_out():
    own = json.dumps({"name": "mine", "createdAt": 3, "state": "{}"})
    for value in (own, "deflate;abc", "[]", "null", json.dumps({"name": "Leaderboard"})):
        assert values(defaults_script([("7", {view_tag("x"): value})])) == DEFAULTS


def test_a_name_does_not_end_the_script():
    event = opened()
    event = event.model_copy(update={"dimensions": {"</script><b>": "1, 2"}, "data": {"raw": data_record()}})
    view = leaderboard_view(record_of(Entry(n=0, at=1.0, event=event)), "x", "run")
    script = defaults_script([("7", {view_tag("x"): view})])
    assert "<" not in script
    assert "params.`</script><b>`" in json.loads(values(script)[TABLE.format("7")])["selectedColumns"]
