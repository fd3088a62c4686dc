"""What users' files, scripts and fingers rely on: a change here is a change for them, and belongs in the changelog."""

import dataclasses
import importlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.main import get_command

from tuning.analysis.export import Export, ExportedConfiguration, ExportedTrial
from tuning.analysis.leaderboard import Leaderboard, Ranked, RankedConfiguration, Unranked
from tuning.campaign.config import CampaignConfig
from tuning.campaign.messages import dotted, key_paths
from tuning.cli.app import app

ROOT = Path(__file__).parent.parent
LEADERBOARD = (Leaderboard, Ranked, RankedConfiguration, Unranked)
PACKAGES = ["search_spaces", "data", "models", "tuning"]


def test_the_verbs_and_their_options() -> None:
    command = get_command(app)
    assert [option for parameter in command.params for option in parameter.opts] == ["--version"]
    verbs = command.commands  # type: ignore[attr-defined] # the app is a group
    below = {f"{verb} {name}": one for verb in verbs for name, one in getattr(verbs[verb], "commands", {}).items()}
    assert {verb: [" ".join(parameter.opts) for parameter in one.params] for verb, one in (verbs | below).items()} == {
        "launch": ["campaign", "--set", "--trials", "--name", "--home", "--datasets", "--json"],
        "status": ["name", "--events", "--home", "--json"],
        "top": ["name", "-k", "--plot", "--home", "--json"],
        "export": ["name", "--out", "-k", "--home"],
        "reproduce": ["target", "--trial", "--seed", "--rank", "--home", "--datasets", "--json"],
        "study": ["name", "--factor", "--by", "--measure", "--plot", "--home", "--json"],
        "sync": ["name", "--home"],
        "adopt": ["name", "--tracking-uri", "--home", "--json"],
        "ui": ["--host", "--port", "--home"],
        "spaces": ["name", "--json"],
        "datasets": ["--datasets", "--json"],
        "datasets fetch": ["name", "--datasets", "--from", "--json"],
        "doctor": ["--home", "--datasets", "--json"],
    }


def test_the_keys_of_a_campaign_file() -> None:
    assert [dotted(path) for path in key_paths(CampaignConfig)] == [
        "name",
        "seed",
        "data",
        "data.dataset",
        "data.label",
        "data.group",
        "data.text",
        "data.target",
        "data.test",
        "data.split",
        "data.valid_fraction",
        "data.test_fraction",
        "data.max_rows",
        "data.duplicates",
        "data.vocabulary",
        "data.max_length",
        "data.window",
        "data.horizon",
        "data.smote_neighbors",
        "data.majority_kept",
        "data.balance",
        "space",
        "space.name",
        "space.fix",
        "space.narrow",
        "space.also",
        "search",
        "search.algorithm",
        "search.trials",
        "search.replicates",
        "search.window",
        "search.startup_trials",
        "search.on_duplicate",
        "search.stopper",
        "search.grace_epochs",
        "search.reduction_factor",
        "train",
        "train.epochs",
        "train.batch_size",
        "train.optimizer",
        "train.learning_rate",
        "train.weight_decay",
        "train.scheduler",
        "train.plateau_factor",
        "train.plateau_patience",
        "train.early_stopping_patience",
        "train.precision",
        "train.batching",
        "objective",
        "objective.metric",
        "resources",
        "resources.threads",
        "resources.device",
        "resources.concurrency",
        "resources.max_retries",
        "resources.trial_wall_s",
        "budget",
        "budget.wall_s",
        "study",
        "study.question",
        "study.factor",
        "study.by",
        "study.measure",
    ]


def test_the_keys_of_an_export() -> None:
    assert list(Export.model_fields) == [
        "seqtune_export",
        "seqtune",
        "campaign",
        "selection",
        "data_sha256",
        "environment",
        "entries",
    ]
    assert list(Export.model_fields["selection"].annotation.model_fields) == [  # type: ignore[union-attr] # a class
        "metric",
        "goal",
        "split",
        "epoch",
        "ended",
        "target",
        "finished",
    ]
    assert list(ExportedTrial.model_fields) == [
        "config",
        "assignment",
        "epochs",
        "result",
        "environment",
        "data",
        "rank",
        "configuration",
    ]
    assert list(ExportedConfiguration.model_fields) == ["trials", "completed", "replicates", "mean", "low", "high"]
    entry = ExportedTrial.model_fields
    assert {name: list(entry[name].annotation.model_fields) for name in ("config", "result", "data")} == {  # type: ignore[union-attr]
        "config": [
            "version",
            "campaign",
            "index",
            "seed",
            "space",
            "model",
            "train",
            "data",
            "data_sha256",
            "objective",
            "device",
            "rungs",
        ],
        "result": [
            "status",
            "reason",
            "epochs",
            "best_epoch",
            "objective",
            "best_metrics",
            "confusion",
            "weights_sha256",
            "parameters",
            "seconds",
        ],
        "data": ["sha256", "classes", "steps", "channels", "train", "valid", "test", "epoch", "notes", "tokens"],
    }


def test_the_keys_of_a_leaderboard() -> None:
    assert {one.__name__: [field.name for field in dataclasses.fields(one)] for one in LEADERBOARD} == {
        "Leaderboard": [
            "campaign",
            "metric",
            "goal",
            "selection",
            "finished",
            "ended",
            "target",
            "completed",
            "ranked",
            "unranked",
            "notes",
            "configurations",
        ],
        "Ranked": [
            "rank",
            "trial",
            "objective",
            "metrics",
            "best_epoch",
            "epochs",
            "settings",
            "seed",
            "seconds",
            "status",
        ],
        "RankedConfiguration": [
            "rank",
            "trials",
            "trial",
            "mean",
            "low",
            "high",
            "metrics",
            "completed",
            "replicates",
            "complete",
            "settings",
            "seconds",
        ],
        "Unranked": ["trial", "status", "reason", "epochs", "objective", "settings", "seed"],
    }


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_with_a_common_name_is_ours(name: str) -> None:
    found = importlib.import_module(name).__file__
    assert found is not None
    assert Path(found) == ROOT / name / "__init__.py"


def test_the_wheel_holds_our_packages_whole_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docs", "benchmarks"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        archive.extractall(tmp_path / "installed")
    assert sorted(names) == sorted(
        str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )
    where = "import search_spaces, data, models, tuning.cli; print(data.__file__, models.__file__, tuning.cli.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(file).is_relative_to(tmp_path / "installed") for file in done.stdout.split())
