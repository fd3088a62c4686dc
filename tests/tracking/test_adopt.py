"""Adoption: a campaign's journal out of its MLflow store alone."""

import json
import os
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from factories import campaign, csv_table
from journals import ENVIRONMENT
from simulated import crash, on_random, simulate, story, when
from tracking_journals import eventful, write
from tracking_stores import contents, free_port, home_with_store
from typer.testing import CliRunner

from tuning.analysis import status
from tuning.analysis.export import export
from tuning.analysis.leaderboard import leaderboard
from tuning.campaign.errors import CampaignError, RecordError, StoreError
from tuning.campaign.file import load
from tuning.campaign.plan import plan
from tuning.cli import app as cli
from tuning.execution.launch import launch
from tuning.execution.ray_session import session
from tuning.journal import log as journal
from tuning.journal.events import Interrupted
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.tracking.adopt import adopt
from tuning.tracking.client import Store
from tuning.tracking.environment_tags import environment_from, environment_tags
from tuning.tracking.layout import configuration
from tuning.tracking.publisher import Publisher, sync
from tuning.tracking.ui import server
from tuning.training.files import WEIGHTS

pytestmark = pytest.mark.server


def with_trials(config, trials):
    return config.model_copy(update={"search": config.search.model_copy(update={"trials": trials})})


TREE = campaign(
    search__trials=8,
    search__window=3,
    search__startup_trials=3,
    train__early_stopping="successive-halving",
    train__reduction_factor=2,
    train__epochs=3,
)
RANDOM = on_random(TREE)
SMALL = with_trials(RANDOM, 3)
REUSING = on_random(
    campaign(
        search__trials=8,
        search__window=3,
        search__on_duplicate="reuse",
        space__fix={"hidden": 62, "blocks": 1, "layers": 2, "plateau_factor": 0.1, "dropout": 0.1},
    )
)


def quiet(*_):
    pass


@pytest.fixture
def old(tmp_path):
    return home_with_store(tmp_path / "old")


@pytest.fixture
def new(tmp_path, old, monkeypatch):
    """Another machine that writes on into the old one's store."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", old.tracking_uri)
    return Home(tmp_path / "new")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished campaign, published; for looking only."""
    home = home_with_store(tmp_path_factory.mktemp("finished"))
    record = simulate(home, RANDOM)
    sync(home, "tiny")
    return home, record


def adopted(home, uri, name="tiny"):
    result = adopt(home, name, uri, quiet)
    return result, home.record(name)


def doubled(uri):
    """Runs of one name, and rows of one run, metric and step, that are there more than once."""
    runs = contents(uri, "tiny")
    names = Counter(run["name"] for run in runs)
    rows = Counter(
        (run["name"], key, step) for run in runs for key in run["metrics"] for step, *_ in run["metrics"][key]
    )
    return [what for counts in (names, rows) for what, count in counts.items() if count > 1]


def forget(uri, *indices):
    """Remove what a store has of trials' results."""
    store = Store(uri)
    for run in store.runs(store.find_experiment("tiny"), {"seqtune.kind": "trial"}):
        if int(run.tags["seqtune.trial.index"]) in indices:
            folder = store.client.get_run(run.id).info.artifact_uri.removeprefix("file://")
            (Path(folder) / "trial.json").unlink()


def test_a_warm_start_is_recovered_without_its_source(old, new):
    simulate(old, campaign(name="first", search__trials=6))
    config = campaign(search__trials=8, search__window=3, search__warm_start=["first"])
    whole = simulate(old, config)
    sync(old, "tiny")
    result, again = adopted(new, old.tracking_uri)
    assert story(again) == story(whole)
    assert again.warm_start == whole.warm_start
    assert load(result.file).config.search.warm_start == ["first"]
    assert story(simulate(new, with_trials(config, 11))) == story(simulate(old, with_trials(config, 11)))


def test_a_finished_campaign_is_recovered_whole(finished, tmp_path):
    home, record = finished
    result, again = adopted(Home(tmp_path), home.tracking_uri)
    assert story(again) == story(record)
    assert [when(t) for t in again.trials.values()] == [when(t) for t in record.trials.values()]
    assert (again.config, again.dimensions, again.data) == (record.config, record.dimensions, record.data)
    assert (again.opened_at, again.launches) == (record.opened_at, record.launches)
    assert again.finished_at == round(record.finished_at * 1000) / 1000
    assert (result.ended, result.to_train) == (list(range(8)), [])


def test_what_is_shown_and_exported_is_the_same(finished, tmp_path):
    home, record = finished
    again = adopted(Home(tmp_path), home.tracking_uri)[1]
    assert export(again, 5) == export(record, 5)
    before, after = leaderboard(record, 5), leaderboard(again, 5)
    assert (after.ranked, after.unranked) == (before.ranked, before.unranked)
    assert status.campaign(Home(tmp_path), "tiny", read(Home(tmp_path).journal("tiny"))).state == "finished"


def test_every_epoch_has_its_time(finished, tmp_path):
    home, _ = finished
    adopted(Home(tmp_path), home.tracking_uri)

    def epochs(place):
        entries = [e for e in read(place.journal("tiny")) if e.event.kind == "epoch"]
        return [(e.event.trial, e.event.report.epoch, round(e.at * 1000)) for e in entries]

    assert sorted(epochs(Home(tmp_path))) == sorted(epochs(home))


def test_the_journal_is_in_the_order_of_time(finished, tmp_path):
    home, _ = finished
    adopted(Home(tmp_path), home.tracking_uri)
    times = [entry.at for entry in read(Home(tmp_path).journal("tiny"))]
    assert times == sorted(times)


def test_the_journal_says_that_it_was_adopted_and_from_where(finished, tmp_path):
    home, _ = finished
    (note,) = adopted(Home(tmp_path), home.tracking_uri)[1].notes
    assert note.startswith("recovered from MLflow on ")
    assert note.endswith(f" ({home.tracking_uri}): 8 trials ended")


def test_weights_of_the_best_trials_come_along(finished, tmp_path):
    home, record = finished
    result, _ = adopted(Home(tmp_path), home.tracking_uri)
    best = sorted(trial.config.index for trial in record.ranked()[:3])  # a store keeps those of three
    assert result.weights == best
    files = sorted(Home(tmp_path).campaign("tiny").glob("trials/*/*"))
    assert [file.read_bytes() for file in files] == [(home.trial("tiny", k) / WEIGHTS).read_bytes() for k in best]


def test_the_campaign_file_is_recovered_with_as_many_trials_as_there_are(old, tmp_path):
    simulate(old, SMALL)
    simulate(old, SMALL, trials=5)
    sync(old, "tiny")
    result, record = adopted(Home(tmp_path / "new"), old.tracking_uri)
    planned = load(result.file)
    assert planned.trials == record.target == 5
    assert planned.config.model_copy(update={"search": SMALL.search}) == SMALL


@pytest.mark.parametrize("config", [TREE, REUSING], ids=["hyperopt", "reuse"])
def test_publishing_an_adopted_campaign_again_changes_nothing(old, new, config):
    record = simulate(old, config)
    sync(old, "tiny")
    before = contents(old.tracking_uri, "tiny")
    again = adopted(new, old.tracking_uri)[1]
    assert story(again) == story(record)
    sync(new, "tiny")
    assert contents(old.tracking_uri, "tiny") == before


def test_writing_everything_of_an_adopted_campaign_again_changes_nothing(old, new):
    simulate(old, RANDOM)
    sync(old, "tiny")
    before = contents(old.tracking_uri, "tiny")
    adopted(new, old.tracking_uri)
    store = Store(old.tracking_uri)
    for run in store.runs(store.find_experiment("tiny"), {"seqtune.campaign": "tiny"}):
        store.set_status(run.id, "RUNNING", None)  # as after a crash, which leaves ends unwritten
    sync(new, "tiny")
    after = contents(old.tracking_uri, "tiny")
    for content in (*before, *after):
        content["artifacts"].pop("leaderboard.json", None)  # it has the note on the recovery
        note = content["tags"]["mlflow.note.content"]  # its commands name the home
        content["tags"]["mlflow.note.content"] = note.replace(str(new.path), str(old.path))
    assert after == before


@pytest.mark.parametrize(
    ("config", "crash_after"), [(TREE, 1), (TREE, 9), (REUSING, 5)], ids=["begun", "hyperopt", "reuse"]
)
def test_a_campaign_that_crashed_goes_on_elsewhere_as_if_it_had_not(old, new, tmp_path, config, crash_after):
    undisturbed = simulate(Home(tmp_path / "undisturbed"), config)
    crash(old, config, crash_after)
    sync(old, "tiny")
    result, record = adopted(new, old.tracking_uri)
    assert result.to_train == [k for k, t in record.trials.items() if t.result is None]
    assert isinstance(read(new.journal("tiny"))[-1].event, Interrupted)
    assert story(simulate(new, config)) == story(undisturbed)
    sync(new, "tiny")
    assert doubled(old.tracking_uri) == []
    assert {run["status"] for run in contents(old.tracking_uri, "tiny")} <= {"FINISHED", "FAILED"}


def test_a_recovered_interruption_keeps_its_cause_and_reason(old, new):
    crash(old, RANDOM, 5)
    stopped = Interrupted(reason="the first 5 trials all failed; the last one: out of memory", cause="failures")
    with journal.Journal(old.journal("tiny")) as log:
        log.append(stopped)
    sync(old, "tiny")
    assert adopted(new, old.tracking_uri)[1].interruptions == [stopped]


def test_an_interruption_of_a_campaign_that_finished_is_not_recovered(old, new):
    crash(old, RANDOM, 5)
    with journal.Journal(old.journal("tiny")) as log:
        log.append(Interrupted(reason="budget.wall_s is used up", cause="budget"))
    record = simulate(old, RANDOM)
    sync(old, "tiny")
    _, recovered = adopted(new, old.tracking_uri)
    assert recovered.interruptions == []
    assert recovered.finished_at is not None
    assert story(recovered) == story(record)


def test_a_store_that_was_left_in_the_middle_gets_no_run_and_no_row_by_publishing_again(old, new):
    crash(old, RANDOM, 11)
    Publisher(Store(old.tracking_uri), old).publish(read(old.journal("tiny")))
    before = contents(old.tracking_uri, "tiny")
    result, _ = adopted(new, old.tracking_uri)
    assert result.running
    sync(new, "tiny")
    after = contents(old.tracking_uri, "tiny")
    assert {"RUNNING"} < {run["status"] for run in before}
    assert {run["status"] for run in after} == {"KILLED", "FINISHED", "FAILED"}
    assert [(run["name"], run["metrics"]) for run in after] == [(run["name"], run["metrics"]) for run in before]


def test_a_store_that_is_behind_its_journal_is_adopted_wherever_it_was_left(old, tmp_path):
    undisturbed = simulate(Home(tmp_path / "undisturbed"), RANDOM)
    entries = read(simulated_journal(tmp_path))
    for n in (1, 2, 4, 17, len(entries) - 1):
        Publisher(Store(old.tracking_uri), old).publish(entries[:n])
        place = Home(tmp_path / f"after-{n}")
        record = adopted(place, old.tracking_uri)[1]
        published = {k: t for k, t in fold(entries[:n]).trials.items() if t.result is not None}
        assert {k: t.result for k, t in record.trials.items() if t.result} == {
            k: t.result for k, t in published.items()
        }
        assert story(simulate(place, RANDOM)) == story(undisturbed)


def simulated_journal(tmp_path):
    home = Home(tmp_path / "whole")
    simulate(home, RANDOM)
    return home.journal("tiny")


@pytest.mark.parametrize(
    ("config", "lost"), [(TREE, [7]), (TREE, [0, 1, 6]), (REUSING, [0, 5])], ids=["last", "several", "reuse"]
)
def test_trials_whose_results_are_gone_from_the_store_are_trained_again(old, new, config, lost):
    undisturbed = simulate(old, config)
    sync(old, "tiny")
    rows = sum(len(values) for run in contents(old.tracking_uri, "tiny") for values in run["metrics"].values())
    forget(old.tracking_uri, *lost)
    result, record = adopted(new, old.tracking_uri)
    assert result.to_train == lost
    assert record.finished_at is None
    sync(new, "tiny")
    runs = contents(old.tracking_uri, "tiny")
    assert sum(len(values) for run in runs for values in run["metrics"].values()) == rows
    again = simulate(new, config)
    assert story(again) == story(undisturbed)
    assert [k for k, t in again.trials.items() if t.result is None] == []
    sync(new, "tiny")
    assert doubled(old.tracking_uri) == []


def test_runs_that_are_gone_for_good_are_trained_again(old, new):
    undisturbed = simulate(old, TREE)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    for run in list(store.runs(store.find_experiment("tiny"), {"seqtune.kind": "trial"})):
        if run.tags["seqtune.trial.index"] in ("2", "6", "7"):
            store.delete(run.id)
            store.client._tracking_client.store._hard_delete_run(run.id)
    result, _ = adopted(new, old.tracking_uri)
    assert result.to_train == [2, 6, 7]
    assert story(simulate(new, TREE)) == story(undisturbed)
    sync(new, "tiny")
    assert len(contents(old.tracking_uri, "tiny")) == 9


def test_a_run_in_the_bin_still_tells_its_trial(old, new):
    undisturbed = simulate(old, SMALL)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    (run,) = store.runs(store.find_experiment("tiny"), {"seqtune.trial.index": "1"})
    store.delete(run.id)
    assert story(adopted(new, old.tracking_uri)[1]) == story(undisturbed)


def test_a_finished_campaign_is_extended_as_in_the_old_home(old, new):
    simulate(old, TREE)
    sync(old, "tiny")
    adopted(new, old.tracking_uri)
    assert story(simulate(new, TREE, trials=12)) == story(simulate(old, TREE, trials=12))


def test_of_several_campaigns_of_one_name_the_latest_is_adopted(old, new, tmp_path):
    simulate(old, SMALL)
    sync(old, "tiny")
    other = Home(tmp_path / "other")
    another = SMALL.model_copy(update={"seed": 5})
    simulate(other, another)
    sync(other, "tiny")
    result, record = adopted(new, old.tracking_uri)
    assert (result.others, record.config) == (1, another)


def test_a_trial_that_the_search_suggests_otherwise_is_refused_with_both_values(old, new):
    simulate(old, SMALL)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    (run,) = store.runs(store.find_experiment("tiny"), {"seqtune.trial.index": "1"})
    recorded = json.loads(store.text(run.id, "trial.json"))
    truth, recorded["config"]["model"]["dropout"] = recorded["config"]["model"]["dropout"], 0.25
    store.log_artifacts(run.id, {"trial.json": json.dumps(recorded)})
    with pytest.raises(
        RecordError, match=rf"trial 1 of 'tiny' .*\n  model\.dropout: 0\.25 -> {truth}\n.*torch 2\.13\.0"
    ):
        adopt(new, "tiny", old.tracking_uri, quiet)
    assert new.names() == []


def test_a_store_of_before_a_key_was_there_is_adopted_and_a_key_that_was_set_is_not_overlooked(old, new):
    config = SMALL.model_copy(update={"train": SMALL.train.model_copy(update={"optimizer": "adamw"})})
    undisturbed = simulate(Home(new.path / "undisturbed"), config)
    crash(old, config, 2)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    for run in list(store.runs(store.find_experiment("tiny"), {"seqtune.kind": "trial"})):
        whole = configuration(old.record("tiny").trials[int(run.tags["seqtune.trial.index"])].config)
        assert run.parameters.items() < whole.items()
        whole.pop("train.batching")
        store.write(run.id, parameters=whole)  # older versions published every key that they had
    assert story(adopted(new, old.tracking_uri)[1])
    assert story(simulate(new, config)) == story(undisturbed)
    _lose_parameter(old, "train.optimizer")
    with pytest.raises(RecordError, match=r"train\.optimizer: absent -> adamw"):
        adopt(Home(new.path / "again"), "tiny", old.tracking_uri, quiet)


def _lose_parameter(home, name):
    with sqlite3.connect(home.tracking_uri.removeprefix("sqlite:///")) as database:
        assert database.execute("DELETE FROM params WHERE key = ?", [name]).rowcount
    database.close()


def test_an_unfinished_run_that_the_search_suggests_otherwise_is_refused(old, new):
    write(old, eventful()[:4])  # made by hand: no search suggested its trials
    sync(old, "beats")
    with pytest.raises(RecordError, match=r"trial 0 of 'beats' .*\n(  .*\n)*  model\.hidden: 64 -> \d+\n"):
        adopt(new, "beats", old.tracking_uri, quiet)


def test_a_trial_json_of_another_trial_is_refused(old, new):
    simulate(old, SMALL)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    first, second = (next(store.runs(store.find_experiment("tiny"), {"seqtune.trial.index": k})).id for k in ("1", "2"))
    store.log_artifacts(second, {"trial.json": store.text(first, "trial.json")})
    with pytest.raises(RecordError, match=r"is of trial 2 of 'tiny', but its trial\.json is of trial 1"):
        adopt(new, "tiny", old.tracking_uri, quiet)


@pytest.mark.parametrize("file", ["campaign.json", "trial.json"])
def test_a_file_of_another_version_is_refused_with_the_versions_that_wrote_it(old, new, file):
    simulate(old, SMALL)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    kind = file.removesuffix(".json")
    run = next(store.runs(store.find_experiment("tiny"), {"seqtune.kind": kind}))
    fields = json.loads(store.text(run.id, file))
    store.log_artifacts(run.id, {file: json.dumps(fields | {"new_key": 1})})
    with pytest.raises(
        RecordError, match=rf"{file} is not of this version of seqtune \(new_key: .*torch 2\.13\.0, numpy 2\.3\.5"
    ):
        adopt(new, "tiny", old.tracking_uri, quiet)


def test_a_changed_campaign_json_is_refused(old, new):
    simulate(old, SMALL)
    sync(old, "tiny")
    store = Store(old.tracking_uri)
    (run,) = store.runs(store.find_experiment("tiny"), {"seqtune.kind": "campaign"})
    fields = json.loads(store.text(run.id, "campaign.json"))
    fields["config"]["seed"] += 1
    store.log_artifacts(run.id, {"campaign.json": json.dumps(fields)})
    with pytest.raises(RecordError, match="differs from the search's suggestion"):
        adopt(new, "tiny", old.tracking_uri, quiet)


def test_a_store_whose_artifacts_are_elsewhere_says_so(old, new):
    simulate(old, SMALL)
    sync(old, "tiny")
    old.artifacts.rename(old.path / "moved")
    with pytest.raises(RecordError, match=r"has no campaign\.json: its artifacts are gone, or this machine cannot"):
        adopt(new, "tiny", old.tracking_uri, quiet)


def test_a_campaign_that_this_home_has_already_is_refused(finished):
    home, _ = finished
    before = home.journal("tiny").read_bytes()
    with pytest.raises(CampaignError, match="has a campaign 'tiny' already"):
        adopt(home, "tiny", home.tracking_uri, quiet)
    assert home.journal("tiny").read_bytes() == before


def test_a_campaign_that_runs_here_is_refused(finished, tmp_path):
    home, new = finished[0], Home(tmp_path)
    with new.locked("tiny"), pytest.raises(CampaignError, match="being run by another process"):
        adopt(new, "tiny", home.tracking_uri, quiet)


def test_a_store_without_such_a_campaign_names_those_it_has(finished, tmp_path):
    home, _ = finished
    with pytest.raises(RecordError, match=r"no campaign 'other'\. Known: tiny\."):
        adopt(Home(tmp_path), "other", home.tracking_uri, quiet)
    assert not Home(tmp_path).campaign("other").exists()


def test_an_experiment_of_somebody_else_is_no_campaign(old, new):
    store = Store(old.tracking_uri)
    store.client.create_run(store.client.create_experiment("tiny"))
    with pytest.raises(RecordError, match=r"no campaign 'tiny'\. Known: none\."):
        adopt(new, "tiny", old.tracking_uri, quiet)


def test_a_store_that_is_not_there_is_refused_and_not_created(tmp_path):
    file = tmp_path / "nothing.db"
    with pytest.raises(StoreError, match=r"nothing\.db: no such file\. Name the store with --tracking-uri"):
        adopt(Home(tmp_path / "new"), "tiny", f"sqlite:///{file}", quiet)
    assert not file.exists()


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [("http://", "Connection refused"), ("postgresql://me:secret@", "connection failed: .* Connection refused")],
)
def test_a_server_that_does_not_answer_is_a_clear_error(tmp_path, scheme, reason):
    place = f"127.0.0.1:{free_port()}"
    with pytest.raises(StoreError, match=rf"{place}: the MLflow store cannot be used: .*{reason}\. Check") as raised:
        adopt(Home(tmp_path), "tiny", scheme + place, quiet)
    assert "secret" not in str(raised.value)


def test_a_store_that_is_no_database_is_a_clear_error(tmp_path):
    file = tmp_path / "mlflow.db"
    file.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(StoreError, match=r"mlflow\.db: the MLflow store cannot be used: .*file is not a database"):
        adopt(Home(tmp_path / "new"), "tiny", f"sqlite:///{file}", quiet)
    assert file.read_bytes() == bytes(range(256)) * 40


def test_a_name_that_leads_out_of_the_home_is_refused(finished, tmp_path):
    with pytest.raises(CampaignError, match="is not the name of a campaign"):
        adopt(Home(tmp_path), "../tiny", finished[0].tracking_uri, quiet)


def test_a_failure_while_the_store_is_read_leaves_nothing(finished, tmp_path):
    def stop(done, _of):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopt(Home(tmp_path), "tiny", finished[0].tracking_uri, stop)
    assert not (tmp_path / "campaigns").exists()


def test_a_disk_that_is_full_leaves_no_journal_and_the_next_attempt_works(finished, tmp_path, monkeypatch):
    home = Home(tmp_path)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"No space left on device\. Free some space, or choose another --home"):
            adopt(home, "tiny", finished[0].tracking_uri, quiet)
    assert home.names() == []
    assert not list(home.campaign("tiny").glob("*.new"))
    assert story(adopted(home, finished[0].tracking_uri)[1]) == story(finished[1])


def test_a_home_that_cannot_be_written_is_a_clear_error(finished, tmp_path):
    (tmp_path / "campaigns").write_text("a file where a folder belongs")
    with pytest.raises(StoreError, match=r"cannot be written.*choose another --home"):
        adopt(Home(tmp_path), "tiny", finished[0].tracking_uri, quiet)


def test_a_campaign_is_adopted_through_a_server(finished, tmp_path):
    home, record = finished
    ports = {"host": "127.0.0.1", "port": free_port(), "log": tmp_path / "server.log"}
    with server(home.tracking_uri, artifacts=home.artifacts, **ports) as (url, _):
        result, again = adopted(Home(tmp_path / "new"), url.replace("//", "//me:s3cr3t@"))
    assert story(again) == story(record)
    assert len(result.weights) == 3
    assert result.source == url.replace("//", "//***@")
    assert not [file for file in (tmp_path / "new").rglob("*") if file.is_file() and b"s3cr3t" in file.read_bytes()]


def test_an_environment_comes_back_from_its_tags():
    assert environment_from(environment_tags(ENVIRONMENT)) == ENVIRONMENT
    bare = ENVIRONMENT.model_copy(update={"commit": None, "packages": {}})
    assert environment_from(environment_tags(bare)) == bare
    assert environment_from({}) is None


def test_a_journal_written_at_once_is_read_as_it_was_given(tmp_path):
    events = [(entry.at, entry.event) for entry in write(Home(tmp_path), eventful())]
    journal.create(tmp_path / "copy.jsonl", events)
    assert (tmp_path / "copy.jsonl").read_bytes() == Home(tmp_path).journal("beats").read_bytes()


TABLE = csv_table(Path(tempfile.mkdtemp(prefix="seqtune-tests-")) / "table.csv")
REAL = campaign(data__dataset=str(TABLE), search__trials=4, train__epochs=2)


@pytest.mark.ray
def test_a_real_campaign_goes_on_elsewhere_and_comes_out_the_same(old, new):
    def launched(home, planned):
        return launch(planned, home=home, datasets=None, progress=quiet)

    def trained(record):
        """Without the clock, which alone may differ in trials that both homes trained."""
        return [[*t.config, *(e.model_copy(update={"seconds": 0}) for e in t.epochs)] for t in record.trials.values()]

    with session(REAL.resources):
        before = launched(old, plan(REAL))
        sync(old, "tiny")
        result, record = adopted(new, old.tracking_uri)
        assert story(record) == story(before)
        assert len(result.weights) == 3
        longer = load(result.file, trials=6)
        here, there = launched(new, longer), launched(old, longer)
    assert len(here.trials) == 6
    assert trained(here) == trained(there)
    assert [t.config.index for t in here.ranked()] == [t.config.index for t in there.ranked()]
    sync(new, "tiny")
    sync(old, "tiny")
    assert doubled(old.tracking_uri) == []


def run(*words):
    return CliRunner(env={"COLUMNS": "300"}).invoke(cli.app, [*map(str, words)], catch_exceptions=False)


def test_the_command_says_what_was_recovered_and_how_to_go_on(old, tmp_path):
    crash(old, RANDOM, 11)
    sync(old, "tiny")
    new, ended = tmp_path / "new", old.record("tiny").ended
    done = run("adopt", "tiny", "--tracking-uri", old.tracking_uri, "--home", new)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"tiny: recovered from {old.tracking_uri} into {new}",
        f"{len(ended)} of 8 trials had ended; weights of none",
        f"to be trained again from epoch 1: t{len(ended):03d}, t{len(ended) + 1:03d}",
        f"Resume: seqtune launch {new}/campaigns/tiny/campaign.toml --home {new}",
        "To write into the same store, set MLFLOW_TRACKING_URI to it",
    ]


def test_the_command_warns_of_a_launch_that_still_runs(old, new):
    crash(old, RANDOM, 11)
    Publisher(Store(old.tracking_uri), old).publish(read(old.journal("tiny")))
    lines = run("adopt", "tiny", "--home", new.path).stdout.splitlines()
    assert "The store says that a launch is still running. End it before you resume here" in lines
    assert not any("MLFLOW_TRACKING_URI" in line for line in lines)


def test_the_command_prints_json(finished, tmp_path):
    home, record = finished
    done = run("adopt", "tiny", "--tracking-uri", home.tracking_uri, "--home", tmp_path, "--json")
    assert json.loads(done.stdout) == {
        "campaign": "tiny",
        "source": home.tracking_uri,
        "target": 8,
        "ended": list(range(8)),
        "to_train": [],
        "weights": sorted(trial.config.index for trial in record.ranked()[:3]),
        "notes": [],
        "running": False,
        "others": 0,
        "file": str(tmp_path / "campaigns" / "tiny" / "campaign.toml"),
    }


def test_the_command_uses_the_homes_own_store_where_none_is_named(old):
    record = simulate(old, SMALL)
    sync(old, "tiny")
    old.journal("tiny").unlink()
    assert run("adopt", "tiny", "--home", old.path).exit_code == 0
    assert story(old.record("tiny")) == story(record)


def test_a_refusal_is_one_message_and_exit_code_2(finished):
    home, _ = finished
    done = run("adopt", "tiny", "--tracking-uri", home.tracking_uri, "--home", home.path)
    assert done.exit_code == 2
    assert done.stderr.startswith("seqtune: ")
    assert len(done.stderr.splitlines()) == 1
