"""Confirmations on real Ray workers: fresh seeds and splits, the test part, interruptions, MLflow."""

import json
import shutil
from typing import Any

import numpy as np
import pytest
from factories import campaign, csv_table
from sklearn.metrics import recall_score
from typer.testing import CliRunner

from data.prepare import prepare
from data.prepared import open_arrays, open_test
from tuning.analysis.confirmation import confirmation_summary
from tuning.campaign.errors import CampaignError, JournalError, RecordError
from tuning.campaign.plan import plan
from tuning.cli.app import app
from tuning.execution.confirm import confirm
from tuning.execution.driver import LaunchInterrupted
from tuning.execution.launch import launch
from tuning.execution.ray_session import session
from tuning.execution.reproduce import reproduce
from tuning.execution.signals import STOP
from tuning.journal.events import EpochEnded, OpenedTest, Suggested
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.prediction.kept import kept_in_home
from tuning.prediction.reliability import Reliability
from tuning.report.calibration import calibrated, figures
from tuning.tracking.client import Store
from tuning.tracking.layout import Tag
from tuning.tracking.publisher import sync
from tuning.tracking.read import recorded_trial
from tuning.training.begin import begin
from tuning.training.files import WEIGHTS
from tuning.training.results import MEASURED
from tuning.training.weights import load_weights

pytestmark = pytest.mark.ray


def quiet(_message):
    pass


def asked(home, **changes):
    fields: dict[str, Any] = {"top": 2, "seeds": 2, "splits": 0, "datasets": None, "progress": quiet} | changes
    return confirm(home, "tiny", **fields)


def story(record):
    """Everything but the clock."""
    return {
        trial.confirms.model_dump_json(): (
            trial.config.model_copy(update={"index": 0}),
            [epoch.model_copy(update={"seconds": 0}) for epoch in trial.epochs],
            trial.result.model_dump(exclude=MEASURED),
        )
        for trial in record.trials.values()
    }


@pytest.fixture(scope="module", autouse=True)
def one_ray():
    with session(campaign().resources):
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return csv_table(tmp_path_factory.mktemp("table") / "table.csv")


@pytest.fixture(scope="module")
def launched(tmp_path_factory, table):
    home = Home(tmp_path_factory.mktemp("home"))
    launch(plan(campaign(data__dataset=str(table), search__trials=3)), home=home, datasets=None, progress=quiet)
    return home


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory, launched):
    home = Home(tmp_path_factory.mktemp("confirmed"))
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)
    return asked(home), home


def test_the_report_has_the_calibration_of_the_confirmed_champion(confirmed):
    done, home = confirmed
    champion = confirmation_summary(done.campaign, done.confirmation).configurations[0].trial
    best, confirmed_one = calibrated(home, done.campaign, done.confirmation)
    assert confirmed_one.title == f"the confirmed {done.campaign.trials[champion].name}"
    assert isinstance(best.found, Reliability)
    assert isinstance(confirmed_one.found, Reliability)
    assert [figure.name for figure in figures([best, confirmed_one])] == ["calibration", "calibration-confirmed"]


def test_the_best_configurations_are_trained_with_paired_fresh_seeds(confirmed):
    done, _ = confirmed
    trials = [trial for _, trial in sorted(done.confirmation.trials.items())]
    assert [(t.confirms.trial, t.confirms.seed, t.confirms.split) for t in trials] == [
        (source, seed, 0) for seed in (0, 1) for source in done.request.trials
    ]
    assert trials[0].config.seed == trials[1].config.seed != trials[2].config.seed
    assert {t.config.seed for t in trials}.isdisjoint(t.config.seed for t in done.campaign.trials.values())
    for trial in trials:
        original = done.campaign.trials[trial.confirms.trial].config
        assert (trial.config.model, trial.config.train, trial.config.data) == (
            original.model,
            original.train,
            original.data,
        )
    assert [trial.status for trial in trials] == ["completed"] * 4


def test_test_figures_are_those_of_the_kept_weights(confirmed):
    done, home = confirmed
    kept = [t for t in done.confirmation.ranked() if (home.confirmations.trial("tiny", t.index) / WEIGHTS).exists()]
    assert sorted(t.confirms.trial for t in kept) == sorted(done.request.trials)  # the better seed of each
    for trial in kept:
        prepared = prepare(trial.config.data, datasets=None, store=home.arrays)
        training = begin(trial.config, open_arrays(prepared.directory))
        path = home.confirmations.trial("tiny", trial.index) / WEIGHTS
        training.best_weights = load_weights(path, trial.result.weights_sha256)
        part = open_test(prepared.directory)
        assert training.held_out(part)[0] == trial.result.test
        counts = np.array(trial.result.test.confusion)
        truth = np.repeat(np.arange(len(counts)), counts.sum(axis=1))
        predicted = np.concatenate([np.repeat(np.arange(len(counts)), row) for row in counts])
        assert np.bincount(part.y).tolist() == counts.sum(axis=1).tolist()
        assert trial.result.test.metrics["recall_macro"] == pytest.approx(
            recall_score(truth, predicted, average="macro")
        )


def test_that_the_test_part_was_opened_is_in_the_campaigns_journal_first(confirmed):
    done, home = confirmed
    entries = read(home.journal("tiny"))
    assert isinstance(entries[-1].event, OpenedTest)
    first = next(entry for entry in read(home.confirmations.journal("tiny")) if isinstance(entry.event, Suggested))
    assert entries[-1].at <= first.at
    assert done.campaign.finished_at is not None
    out = CliRunner().invoke(app, ["top", "tiny", "--home", str(home.path)]).output
    assert "the test part was opened on" in out
    assert "finished" in CliRunner().invoke(app, ["status", "--home", str(home.path)]).output


def test_the_same_request_trains_nothing_and_a_larger_one_what_is_lacking(tmp_path, confirmed):
    done, home = confirmed
    again = Home(tmp_path)
    shutil.copytree(home.path, again.path, dirs_exist_ok=True)
    before = again.confirmations.journal("tiny").read_bytes()
    assert story(asked(again).confirmation) == story(done.confirmation)
    assert again.confirmations.journal("tiny").read_bytes() == before
    more = asked(again, top=3, seeds=2)
    assert len(more.confirmation.trials) == 6
    assert story(more.confirmation).items() >= story(done.confirmation).items()
    assert len(more.campaign.tests) == 2
    summary = confirmation_summary(more.campaign, more.confirmation)
    assert len(summary.configurations) == 3
    assert any("opened 2 times" in note for note in summary.notes)


def test_an_interrupted_confirmation_resumes_bit_for_bit(tmp_path, launched, confirmed):
    home = Home(tmp_path)
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)

    def stop(_record, entry):
        if isinstance(entry.event, EpochEnded):
            STOP.requested = True

    try:
        part = asked(home, observers=[stop])
    finally:
        STOP.requested = False
    assert part.confirmation.finished_at is None
    whole = asked(home)
    assert story(whole.confirmation) == story(confirmed[0].confirmation)
    assert len(whole.campaign.tests) == 1


def test_arrays_that_are_damaged_while_a_confirmation_needs_them_are_prepared_again(tmp_path, launched, confirmed):
    home = Home(tmp_path)
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)
    damaged: list[object] = []

    def spoil(_record, entry):
        if isinstance(entry.event, EpochEnded) and not damaged:
            for path in home.arrays.glob("raw-*/train_x.npy"):
                damaged.append(path)
                path.unlink()

    done = asked(home, observers=[spoil])
    assert damaged
    assert story(done.confirmation) == story(confirmed[0].confirmation)
    assert [event.cause for event in done.confirmation.interruptions] == ["data"]
    assert len(done.campaign.tests) == 1


def test_where_ray_does_not_start_the_test_part_is_not_opened(tmp_path, launched, monkeypatch):
    home = Home(tmp_path)
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)

    def late(*_):
        raise LaunchInterrupted("ray", "Ray did not start")

    with monkeypatch.context() as patch:
        patch.setattr("tuning.execution.ray_tune.session", late)
        part = asked(home, top=1, seeds=1)
    assert [event.cause for event in part.confirmation.interruptions] == ["ray"]
    assert part.campaign.tests == []
    assert len(asked(home, top=1, seeds=1).campaign.tests) == 1


def test_the_last_launch_s_resources_count_and_those_that_are_set(tmp_path, launched, table):
    home = Home(tmp_path)
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)
    longer = campaign(data__dataset=str(table), search__trials=4, resources__trial_wall_s=1e-6)
    launch(plan(longer), home=home, datasets=None, progress=quiet)
    failed = asked(home, top=1, seeds=1).confirmation
    assert [trial.status for trial in failed.trials.values()] == ["failed"]
    done = asked(home, top=1, seeds=2, settings=["resources.trial_wall_s="]).confirmation
    assert [trial.status for _, trial in sorted(done.trials.items())] == ["failed", "completed"]


def test_a_damaged_journal_of_a_confirmation_is_repaired_and_what_it_lost_trained_again(tmp_path, confirmed):
    done, first = confirmed
    home = Home(tmp_path)
    shutil.copytree(first.path, home.path, dirs_exist_ok=True)
    path = home.confirmations.journal("tiny")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-3], lines[-3].replace(b'"at":1', b'"at":2'), *lines[-2:]]))
    with pytest.raises(JournalError, match="seqtune repair"):
        home.confirmations.record("tiny")
    said = CliRunner().invoke(app, ["repair", "tiny", "--home", str(home.path)]).output
    assert f"tiny, confirmation: kept {len(lines) - 3} of {len(lines)} lines" in said
    assert "tiny: journal sound; nothing changed there" in said
    assert story(asked(home).confirmation) == story(done.confirmation)


def test_a_smaller_request_finishes_the_trials_that_a_larger_one_began(tmp_path, launched):
    home = Home(tmp_path)
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)

    def stop(record, entry):
        if isinstance(entry.event, EpochEnded) and record.trials[entry.event.trial].confirms.split == 2:
            STOP.requested = True

    try:
        part = asked(home, top=1, seeds=1, splits=2, concurrency=1, observers=[stop])
    finally:
        STOP.requested = False
    assert [trial.status for trial in part.confirmation.trials.values()] == ["completed", "running"]
    whole = asked(home, top=1, seeds=1, splits=1)
    assert [trial.status for trial in whole.confirmation.trials.values()] == ["completed", "completed"]
    assert confirmation_summary(whole.campaign, whole.confirmation).planned == 1


def test_fresh_splits_have_other_rows_and_the_same_seeds(tmp_path, launched):
    home = Home(tmp_path)
    shutil.copytree(launched.path, home.path, dirs_exist_ok=True)
    messages: list[str] = []
    done = asked(home, top=1, seeds=1, splits=2, progress=messages.append)
    prepared = [text.partition(": ")[0] for text in messages if "splitting" in text]
    assert prepared == ["data 1 of 2", "data 2 of 2"]
    first, second = (trial.config for _, trial in sorted(done.confirmation.trials.items()))
    own = done.campaign.trials[done.request.trials[0]].config
    assert len({first.data_sha256, second.data_sha256, own.data_sha256}) == 3
    assert first.seed == second.seed
    summary = confirmation_summary(done.campaign, done.confirmation)
    assert (summary.units, summary.planned) == ("splits", 2)
    home.record("tiny")  # both journals can be read back
    home.confirmations.record("tiny")


def test_runs_in_mlflow_are_within_the_campaigns_and_reproduce(confirmed):
    _, home = confirmed
    sync(home, "tiny")
    sync(home, "tiny")
    store = Store(home.tracking_uri)
    runs = list(store.runs(store.find_experiment("tiny"), {}))
    kinds = [run.tags[Tag.RUN_KIND] for run in runs]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "campaign": 1,
        "trial": 3,
        "confirmation": 1,
        "confirm": 4,
    }
    parents = {run.tags[Tag.RUN_KIND]: run for run in runs}
    assert parents["confirmation"].tags[Tag.PARENT] == parents["campaign"].id
    assert parents["confirm"].tags[Tag.PARENT] == parents["confirmation"].id
    assert "best 2, 2 seeds" in parents["campaign"].tags[Tag.TEST_OPENED]
    assert {run.status for run in runs} == {"FINISHED"}
    summary = json.loads(store.text(parents["confirmation"].id, "confirmation.json"))
    assert summary["planned"] == 4
    assert json.loads(store.text(parents["campaign"].id, "confirmation.json")) == summary
    recorded = recorded_trial(parents["confirm"].id, home.tracking_uri)
    assert recorded.result.test is not None
    index = recorded.config.index
    of_campaign = {path: path.read_bytes() for path in home.path.glob(f"campaigns/tiny/trials/*/{WEIGHTS}")}
    kept = home.confirmations.trial("tiny", index) / WEIGHTS
    kept.unlink(missing_ok=True)
    outcome = reproduce(recorded, home=home, datasets=None, on_epoch=quiet, progress=quiet, keep_weights=True)
    assert outcome.verdict == "exact"
    assert outcome.result.test == recorded.result.test
    load_weights(kept, recorded.result.weights_sha256)
    assert {path: path.read_bytes() for path in of_campaign} == of_campaign
    kept_in_home(home, recorded, datasets=None, progress=quiet)


def test_the_champion_is_registered_once_with_its_confirmed_figures(confirmed, tmp_path, monkeypatch):
    done, home = confirmed
    champion = confirmation_summary(done.campaign, done.confirmation).configurations[0]
    command = ["confirm", "tiny", "--show", "--register", "--home", str(home.path)]
    printed = [CliRunner().invoke(app, command, catch_exceptions=False).output.splitlines()[-1] for _ in range(2)]
    name = f"t{champion.trial:03d}"
    assert printed == [
        f"{name} registered as version 1 of the MLflow model tiny (champion)",
        f"{name} is already version 1 of the MLflow model tiny (champion)",
    ]
    store = Store(home.tracking_uri)
    (version,) = store.client.search_model_versions("name = 'tiny'")
    figure = champion.test.metrics["recall_macro"]
    assert version.tags["seqtune.confirmed.test.recall_macro"] == f"{figure.mean:.4f}"
    assert version.tags["seqtune.confirmed.test.recall_macro.interval"] == f"{figure.low:.4f} to {figure.high:.4f}"
    trial = done.campaign.trials[champion.trial]
    assert version.tags["seqtune.weights.sha256"] == trial.result.weights_sha256
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.tracking_uri)
    from mlflow.pyfunc import load_model

    predicted = load_model("models:/tiny@champion").predict(np.zeros((2, 16, 1), dtype=np.float32))
    assert list(predicted) == ["class", "probability_A", "probability_B"]
    bare = Home(tmp_path / "bare")
    shutil.copytree(home.path / "campaigns", bare.path / "campaigns")
    shutil.rmtree(bare.trial("tiny", champion.trial))
    refused = CliRunner().invoke(app, [*command[:-1], str(bare.path)])
    assert refused.exit_code == 2
    assert f"seqtune reproduce tiny --trial {champion.trial} --keep-weights" in refused.output


def test_the_command_prints_scores_and_json(confirmed):
    _, home = confirmed
    options = ["tiny", "--top", "2", "--seeds", "2", "--home", str(home.path)]
    shown = CliRunner().invoke(app, ["confirm", *options])
    assert shown.exit_code == 0, shown.output
    assert "95 % intervals over seeds" in shown.output
    data = json.loads(CliRunner().invoke(app, ["confirm", *options[:1], "--show", "--json", *options[-2:]]).stdout)
    assert [row["rank"] for row in data["configurations"]] == [1, 2]


def test_what_cannot_be_confirmed_is_refused(tmp_path, launched, table):
    with pytest.raises(RecordError, match="no campaign 'other'"):
        confirm(launched, "other", top=1, seeds=1, datasets=None, progress=quiet)
    home = Home(tmp_path / "changed")
    shutil.copytree(launched.path, home.path)
    copy = tmp_path / "copy.csv"
    shutil.copy(table, copy)
    try:
        table.write_text("\n".join(copy.read_text().splitlines()[:-4]) + "\n")
        with pytest.raises(CampaignError, match="its data has changed"):
            asked(home)
    finally:
        shutil.copy(copy, table)
    assert home.record("tiny").tests == []  # nothing was opened
    assert not home.confirmations.journal("tiny").exists()
