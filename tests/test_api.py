"""The interface from Python: the same campaigns, results and errors as the command line's."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import factories
import nbformat
import numpy as np
import pandas as pd
import pytest
from journals import Run, journal, table, write
from nbclient import NotebookClient
from simulated import simulate

from tuning import api
from tuning.analysis.export_file import read
from tuning.campaign.errors import CampaignError, RecordError, StoreError
from tuning.campaign.file import from_dict
from tuning.campaign.file import load as load_file
from tuning.campaign.plan import first_configurations
from tuning.journal.home import Home

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "docs/quickstart.ipynb"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_the_frame_has_a_row_a_trial_with_the_recorded_values(home: Home) -> None:
    journal(home, scores=(0.5, 0.8, None, 0.65), running=1)
    campaign = api.load("tiny", home=home.path)
    frame = campaign.trials
    assert list(frame.index) == [0, 1, 2, 3, 4]
    assert frame.index.name == "trial"
    assert list(frame["status"]) == ["completed", "completed", "failed", "completed", "running"]
    assert frame["objective"].dtype == float
    assert list(frame["objective"].dropna()) == [0.5, 0.8, 0.65]
    assert list(frame["accuracy"].dropna()) == [0.5, 0.8, 0.65]
    assert list(frame["train.batch_size"]) == [16, 32, 48, 16, 32]
    assert list(frame["data.balance"]) == ["raw", "oversample", "raw", "oversample", "raw"]
    assert frame.loc[2, "reason"] == "loss is nan in epoch 1"
    assert {"seconds", "epochs", "best_epoch", "budget", "seed", "f1_macro"} < set(frame.columns)
    assert not campaign.finished


def test_curves_have_a_row_an_epoch(home: Home) -> None:
    journal(home, scores=(0.5, 0.8))
    curves = api.load("tiny", home=home.path).curves
    assert curves.index.names == ["trial", "epoch"]
    assert list(curves["recall_macro"].loc[1]) == [0.4, 0.8]
    assert {"train_loss", "loss", "learning_rate", "seconds"} < set(curves.columns)


def test_the_best_trials_are_those_of_an_export(home: Home, tmp_path: Path) -> None:
    journal(home, scores=(0.5, 0.8, None, 0.65))
    campaign = api.load("tiny", home=home.path)
    assert [(one.rank, one.trial, one.objective) for one in campaign.top(2)] == [(1, 1, 0.8), (2, 3, 0.65)]
    assert len(campaign.top()) == 3
    best = campaign.best
    assert best.configuration == campaign.record.trials[1].config
    assert best.settings["data.balance"] == "oversample"
    assert best.metrics["recall_macro"] == 0.8
    assert repr(best).startswith("<RankedTrial 1: t001 recall_macro=0.8000 batch_size=32 ")
    entries = read(campaign.export(tmp_path / "top.json"))
    assert [entry.config for entry in entries] == [one.configuration for one in campaign.top()]


@pytest.mark.parametrize("k", [0, -1])
def test_an_export_of_no_trials_is_refused(home: Home, tmp_path: Path, k: int) -> None:
    journal(home)
    campaign = api.load("tiny", home=home.path)
    for attempt in (lambda: campaign.export(tmp_path / "top.json", k), lambda: campaign.best_campaign(k)):
        with pytest.raises(CampaignError, match=rf"k = {k}: must be at least 1"):
            attempt()
    assert not (tmp_path / "top.json").exists()


def test_a_campaign_of_the_best_is_one_for_launch_and_may_be_changed(home: Home) -> None:
    simulate(home, factories.campaign(space={"name": "cnn2d"}, search__trials=5))
    campaign = api.load("tiny", home=home.path)
    longer = campaign.best_campaign(2)
    longer["train"]["epochs"] = 30
    plan = from_dict(longer)
    assert (plan.config.name, plan.config.train.epochs, plan.trials) == ("tiny-best", 30, 2)
    assert first_configurations(plan.config, plan.space) == [best.settings for best in campaign.top(2)]


def test_with_replicates_the_best_are_configurations(home: Home) -> None:
    scores = {"gru": (0.8, 0.83, 0.84), "rnn": (0.6, 0.99, 0.61)}
    write(home.journal("cells"), table(scores), name="cells", search__replicates=3)
    top = api.load("cells", home=home.path).top()
    assert [(one.trial, one.recorded.configuration.trials) for one in top] == [(0, (0, 1, 2)), (3, (3, 4, 5))]


def test_nothing_finished_is_an_empty_list_and_a_message(home: Home, tmp_path: Path) -> None:
    write(home.journal("begun"), [Run(settings={}, seed=1, score=None)], name="begun")
    campaign = api.load("begun", home=home.path)
    assert campaign.top() == []
    assert list(campaign.trials["status"]) == ["running"]
    assert campaign.trials["f1_macro"].isna().all()
    for attempt in (
        lambda: campaign.best,
        lambda: campaign.export(tmp_path / "x.json"),
        campaign.best_campaign,
        campaign.report,
    ):
        with pytest.raises(RecordError, match="campaign 'begun': no trial has"):
            attempt()
    assert not (tmp_path / "x.json").exists()


def test_a_path_that_cannot_be_written_is_named_as_the_argument(home: Home, tmp_path: Path) -> None:
    journal(home)
    tiny = api.load("tiny", home=home.path)
    for method in (tiny.export, tiny.report):
        with pytest.raises(CampaignError, match=r"^path .*x\.foo: unknown suffix"):
            method(tmp_path / "x.foo")
    with pytest.raises(StoreError, match=r"cannot be written: .* Choose another path$"):
        tiny.export(tmp_path / "nowhere" / "x.json")


def test_a_campaign_without_trials_has_empty_frames(home: Home) -> None:
    write(home.journal("empty"), [], name="empty", search__trials=3)
    campaign = api.load("empty", home=home.path)
    assert campaign.trials.empty
    columns = ["status", "objective", "accuracy", "best_epoch", "epochs", "seconds", "seed", "reason"]
    assert list(campaign.trials[columns]) == columns
    assert campaign.curves.empty


def test_a_dictionary_may_hold_numpy_scalars_and_paths() -> None:
    document = {"name": "mine", "seed": 1, "data": {"dataset": "synthetic"}}
    space = {"name": "cnn2d", "fix": {"hidden": 64}, "narrow": {"model.dropout": [0.25, 0.375]}}
    highest = np.float32(0.375)
    narrow = {"model.dropout": [np.float64(0.25), highest]}
    given = {
        "seed": np.int64(1),
        "space": {"name": np.str_("cnn2d"), "fix": {"hidden": np.int64(64)}, "narrow": narrow},
    }
    assert from_dict({**document, **given}) == from_dict({**document, "space": space})
    assert narrow["model.dropout"][1] is highest  # the caller's own is not changed


def test_a_dictionary_may_name_its_data_by_a_path(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("t0,label\n1,a\n", encoding="utf-8")
    document = {"name": "mine", "seed": 1, "data": {"dataset": path}, "space": {"name": "cnn1d"}}
    assert from_dict(document).config.data.dataset == str(path)


def test_the_home_is_that_of_the_commands(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    journal(home)
    monkeypatch.setenv("SEQTUNE_HOME", str(home.path))
    assert api.load("tiny").finished
    with pytest.raises(RecordError, match=r"no campaign 'tny'. Known: tiny\..* Did you mean \"tiny\"\?"):
        api.load("tny")


def test_a_dictionary_is_checked_like_a_file() -> None:
    path = ROOT / "campaigns/demo.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    assert from_dict(document) == replace(load_file(path), folder=Path())  # paths in a dictionary: of this process
    assert "search" in document
    document["search"]["trails"] = 3
    with pytest.raises(CampaignError, match=r"^campaign: search.trails.*trials"):
        api.launch(document)


def test_a_value_that_toml_cannot_hold_is_refused() -> None:
    document = {"name": "x", "seed": 1, "data": {"dataset": "synthetic"}, "space": {"name": "cnn2d"}}
    with pytest.raises(CampaignError, match=r"campaign: train.epochs"):
        from_dict({**document, "train": {"epochs": "three"}})
    with pytest.raises(CampaignError, match="must be a finite number"):
        from_dict({**document, "train": {"learning_rate": float("inf")}})


@pytest.mark.ray
def test_the_page_s_code_runs_and_a_launch_ended_by_its_callback_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    first, *rest = re.findall(r"^```py\n(.*?)^```$", (ROOT / "docs/python.md").read_text(), re.MULTILINE | re.DOTALL)
    seen: list[str] = []

    def stop(event: api.Event) -> None:
        seen.append(event.kind)
        if event.kind == "end":
            raise ArithmeticError

    names: dict = {"print": print, "stop": stop}
    callback = "lambda event: print(event.kind)"
    assert callback in first
    with pytest.raises(ArithmeticError):
        exec(first.replace(callback, "stop"), names)  # noqa: S102 - our own document
    assert seen[0] == "launch"
    assert seen.count("end") == 1
    before = api.load("quick", home="var").trials
    assert list(before["status"]).count("completed") == 1
    assert capsys.readouterr().out == ""

    for block in (first, *rest):
        exec(block, names)  # noqa: S102 - our own document
    campaign = names["campaign"]
    events = capsys.readouterr().out.split()
    assert events[0] == "launch"
    assert events[-1] == "finish"
    assert events.count("end") == 2
    (index,) = before.index[before["status"] == "completed"]
    assert campaign.trials.loc[index, "objective"] == before.loc[index, "objective"]
    assert set(campaign.trials["status"]) == {"completed"}
    assert names["written"].in_mlflow
    predicted = names["best"].predict(names["new"])
    assert len(predicted) == 5
    assert predicted.filter(like="probability_").sum(axis=1).tolist() == pytest.approx([1.0] * 5)
    assert {path.name for path in tmp_path.iterdir()} == {"var", "top3.json", "quick.html"}


@pytest.mark.ray
def test_the_notebook_runs_and_shows_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("SEQTUNE_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    committed = nbformat.read(NOTEBOOK, as_version=4)
    again = nbformat.read(NOTEBOOK, as_version=4)
    launch = again.cells[1]
    assert '"epochs": 3' in launch.source
    launch.source = launch.source.replace('"epochs": 3', '"epochs": 1')  # the same kinds of output, sooner
    NotebookClient(again, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert any("image/png" in shown for shown in kinds(committed))
    assert kinds(again) == kinds(committed)
    assert isinstance(api.load("quickstart", home=tmp_path / "var").trials, pd.DataFrame)


def kinds(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """The types of what each code cell shows, each once: lines may arrive in any number of parts.

    Not standard error, where libraries tell what they miss on this machine.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [[sorted(output.get("data", [output.get("name")])) for output in cell.outputs] for cell in cells]
    return [list(dict.fromkeys(kind for types in outputs for kind in types if kind != "stderr")) for outputs in shown]
