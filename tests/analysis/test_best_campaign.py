"""A campaign file that trains the best configurations of a campaign again: ``seqtune export --format campaign``."""

from pathlib import Path
from typing import Any

import own_code_files
import pytest
from factories import campaign
from simulated import crash, simulate
from typer.testing import CliRunner, Result

from tuning.analysis.selection import best_configurations
from tuning.campaign import own_code
from tuning.campaign.code_files import IN_USE
from tuning.campaign.config import CampaignConfig
from tuning.campaign.file import load
from tuning.campaign.plan import Plan, first_configurations
from tuning.cli.app import app
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord

SPACES: list[dict[str, Any]] = [
    {"space": {"name": "cnn2d"}},
    {"space": {"name": "laboratory", "include": ["train.scheduler", "train.optimizer"]}},
    {"space": {"name": "cnn2d", "dimensions": {"train.learning_rate": [1e-3, 3e-3]}}},
    {"space": {"name": "architectures"}},
    {
        "space": {
            "name": "cnn2d",
            "fix": {"hidden": 62},
            "dimensions": {"train.plateau_patience": {"values": [3, 9], "when": {"train.scheduler": "plateau"}}},
        },
        "train__scheduler": "plateau",  # which is the default
    },
    {"space": {"name": "cnn2d"}, "data__folds": 2, "search__replicates": 2},
    {"space": {"name": "cnn2d", "narrow": {"layers": {"low": 2, "high": 3}}}, "search__replicates": 2},
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def launched(home: Home, **changes: Any) -> tuple[CampaignRecord, CampaignConfig]:
    config = campaign(**{"search__trials": 8, "search__window": 3, "train__epochs": 4, **changes})
    return simulate(home, config), config


def export(home: Home, out: Path, *words: object, name: str = "tiny") -> Result:
    arguments = ["export", name, "--format", "campaign", "--out", out, "--home", home.path, *words]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(word) for word in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def exported(home: Home, out: Path, *words: object) -> Plan:
    done = export(home, out, *words)
    assert done.exit_code == 0, done.output
    return load(out)


@pytest.mark.parametrize("changes", SPACES)
def test_the_new_campaign_tries_the_best_configurations_and_no_others(
    home: Home, tmp_path: Path, changes: dict[str, Any]
) -> None:
    record, _ = launched(home, **changes)
    plan = exported(home, tmp_path / "best.toml", "-k", 3)
    again = simulate(Home(tmp_path / "again"), plan.config)
    best = [trial.assignment for trial in best_configurations(record, 3)]
    replicates = plan.config.search.replicates
    tried = [again.trials[k].assignment for k in sorted(again.trials)]
    assert (plan.config.name, len(tried)) == ("tiny-best", 3 * replicates)
    assert tried == [values for values in best for _ in range(replicates)]


def test_data_seed_and_training_are_those_of_the_campaign_without_what_compares_trials(
    home: Home, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "train__early_stopping": "successive-halving",
        "train__grace_epochs": 2,
        "train__reduction_factor": 2,
        "train__early_stopping_patience": 7,
        "budget": {"wall_s": 60.0},
        "resources__trial_wall_s": 60.0,
        "limits": {"parameters": 10**9},
        "comparison": {"factor": "data.balance"},
        "objective": {"metric": "f1_macro"},
        "search__algorithm": "optuna-tpe",
    }
    _, config = launched(home, **changes)
    new = exported(home, tmp_path / "best.toml").config
    assert (new.seed, new.data, new.space, new.objective) == (config.seed, config.data, config.space, config.objective)
    assert new.train.of_trial() == config.train.of_trial()
    assert (new.train.early_stopping, new.search.algorithm, new.comparison) == ("none", "random", None)
    assert (new.budget.wall_s, new.limits.parameters, new.resources.trial_wall_s) == (None, None, None)


def test_equal_configurations_are_one_and_the_message_counts_them(home: Home, tmp_path: Path) -> None:
    fix = {"hidden": 62, "blocks": 1, "layers": 2, "dropout": 0.2, "plateau_factor": 0.2}
    launched(home, space={"name": "cnn2d", "fix": fix}, search__on_duplicate="replicate")
    done = export(home, tmp_path / "best.toml")
    plan = load(tmp_path / "best.toml")
    count = len(plan.config.search.first)
    assert 2 <= count < 8
    assert f"best.toml: a campaign of the best {count} configurations of tiny by recall_macro" in done.stdout
    assert "start it: seqtune launch " in done.stdout
    assert plan.trials == count


def test_a_campaign_that_searches_nothing_is_exported_without_the_list(home: Home, tmp_path: Path) -> None:
    fix = {"hidden": 62, "blocks": 1, "layers": 2, "dropout": 0.2, "plateau_factor": 0.2, "batch_size": 16}
    launched(home, space={"name": "cnn2d", "fix": fix}, data__balance="raw", search__on_duplicate="replicate")
    plan = exported(home, tmp_path / "best.toml")
    assert (plan.trials, plan.config.search.first) == (1, [])


def test_set_changes_the_file(home: Home, tmp_path: Path) -> None:
    launched(home, train__plateau_patience=4)
    words = ("--set", "train.epochs=30", "--set", "name=longer", "--set", "data.max_rows=")
    new = exported(home, tmp_path / "best.toml", *words).config
    assert (new.name, new.train.epochs, new.data.max_rows, new.train.plateau_patience) == ("longer", 30, None, 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "train.epoch=30"], "--set train.epoch=30: train.epoch: no such key"),
        (["--set", 'train."a b"=3'], "no such key"),
        (["--set", '"my table".x=3'], "my table: no such"),
        (["--set", "search.first="], "search.first is what this command writes"),
        (["--set", "name=a\udcff"], "--set name="),
        (["--set", "train.epochs=many"], 'train.epochs = "many": must be a whole number'),
        (["--set", "search.trials=1"], "search.first: has 3 configurations, and the campaign tries 1"),
        (["--set", "epochs"], "--set epochs: no value. Write KEY=VALUE"),
        (["--set", "data.folds="], "data.folds is not set, so it cannot be removed"),
    ],
)
def test_a_change_that_no_campaign_may_have_is_refused_and_nothing_is_written(
    home: Home, tmp_path: Path, words: list[str], message: str
) -> None:
    launched(home)
    done = export(home, tmp_path / "best.toml", "-k", 3, *words)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "best.toml").exists()


def test_a_file_that_exists_is_not_overwritten(home: Home, tmp_path: Path) -> None:
    launched(home)
    (tmp_path / "best.toml").write_text("mine")
    done = export(home, tmp_path / "best.toml")
    assert (done.exit_code, "exists, and is not overwritten" in done.stderr) == (2, True)
    assert (tmp_path / "best.toml").read_text() == "mine"


def test_a_file_that_cannot_be_made_is_told_as_any_other(home: Home, tmp_path: Path) -> None:
    launched(home)
    for out in (tmp_path / f"{'x' * 300}.toml", tmp_path / "none" / "best.toml"):
        done = export(home, out)
        assert (done.exit_code, done.stderr.startswith("seqtune: ")) == (2, True), done.stderr


def test_an_unfinished_campaign_is_said_to_be_so(home: Home, tmp_path: Path) -> None:
    crash(home, campaign(search__trials=8, train__epochs=4), 20)
    done = export(home, tmp_path / "best.toml", "-k", 1)
    assert "tiny is not finished: " in done.stdout


def test_another_suffix_and_set_without_a_campaign_file_are_refused(home: Home, tmp_path: Path) -> None:
    launched(home)
    assert export(home, tmp_path / "best.json").exit_code == 2
    done = export(home, tmp_path / "best.toml", "--format", "trials", "--set", "train.epochs=3")
    assert (done.exit_code, "--set changes a campaign file. Add --format campaign" in done.stderr) == (2, True)
    assert not list(tmp_path.glob("best.*"))


def test_code_of_the_user_is_named_by_the_home_s_copy_and_not_run(home: Home, tmp_path: Path) -> None:
    plan = own_code_files.load(own_code_files.write_campaign(tmp_path, {"mine.py": own_code_files.MODEL}))
    home.keep_code(plan.sources)
    record = simulate(home, plan.config)
    own_code.forget()
    (tmp_path / "mine.py").unlink()
    done = export(home, tmp_path / "best.toml", "-k", 1, name="own")
    assert (done.exit_code, IN_USE) == (0, []), done.output
    again = own_code_files.load(tmp_path / "best.toml")
    assert [source.file.sha256 for source in again.sources] == [source.file.sha256 for source in plan.sources]
    best = best_configurations(record, 1)[0].assignment
    assert first_configurations(again.config, again.space) == [best]
    own_code.forget()
    wrong = export(home, tmp_path / "other.toml", "--set", "train.epoch=30", name="own")
    assert (wrong.exit_code, "train.epoch: no such key" in wrong.stderr) == (2, True)
    next(home.code.iterdir()).unlink()
    lacking = export(home, tmp_path / "other.toml", name="own")
    assert (lacking.exit_code, "mine.py" in lacking.stderr) == (2, True), lacking.stderr
    assert not (tmp_path / "other.toml").exists()
