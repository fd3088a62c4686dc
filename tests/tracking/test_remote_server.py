"""A real MLflow server on PostgreSQL: models and pages of a campaign that was launched with its address alone."""

import re
import urllib.request

import numpy as np
import pytest
from factories import campaign, csv_table
from postgres_server import Postgres
from tracking_stores import free_port
from typer.testing import CliRunner

from tuning.campaign.plan import plan
from tuning.cli.app import app
from tuning.execution.launch import launch
from tuning.execution.ray_session import session
from tuning.journal.home import Home
from tuning.tracking.client import Store
from tuning.tracking.observer import Tracking
from tuning.tracking.pages import TABLE
from tuning.tracking.ui import server

pytestmark = [pytest.mark.server, pytest.mark.ray]


def test_models_registered_versions_and_page_defaults_are_on_the_server(tmp_path, monkeypatch):
    postgres = Postgres()
    try:
        log = tmp_path / "server.log"
        with server(postgres.uri, artifacts=tmp_path / "artifacts", host="127.0.0.1", port=free_port(), log=log) as (
            url,
            _,
        ):
            monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
            _check(url, tmp_path)
    finally:
        postgres.remove()


def _check(url, folder):
    home = Home(folder / "home")
    config = campaign(
        data={"dataset": str(csv_table(folder / "table.csv"))},
        space={"model": "cnn1d", "dimensions": {"model.hidden": [4, 6]}},
        search={"trials": 2, "window": 2, "algorithm": "grid"},
        train={"epochs": 1},
    )
    with session(config.resources):
        with Tracking(home, "tiny") as tracking:
            launch(plan(config), home=home, datasets=None, observers=[tracking], progress=lambda _: None)
        assert tracking.behind is None
        words = ["confirm", "tiny", "--top", "1", "--seeds", "1", "--register", "--home", str(home.path)]
        confirmed = CliRunner().invoke(app, words, catch_exceptions=False)
    assert confirmed.exit_code == 0, confirmed.output
    assert "registered as version 1 of the MLflow model tiny (champion)" in confirmed.output
    assert not (home.path / "mlflow.db").exists()

    from mlflow.pyfunc import load_model

    store = Store(url)
    experiment = store.find_experiment("tiny")
    assert experiment is not None
    run = next(iter(store.runs(experiment, {"seqtune.kind": "trial", "seqtune.trial.index": "0"}))).id
    rows = np.zeros((3, 16, 1), dtype=np.float32)
    for address in (f"runs:/{run}/model", "models:/tiny@champion"):
        assert list(load_model(address).predict(rows)) == ["class", "probability_A", "probability_B"]

    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own http address
        page = answer.read().decode()
    script = re.search(r"<head><script>(.*?)</script>", page, re.DOTALL)
    assert script
    assert TABLE.format(experiment).replace('"', '\\"') in script[1]
    assert "mlflow.workflowType_v1" in script[1]
