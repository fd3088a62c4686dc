"""Kept trials as MLflow models: loaded in a fresh process, served, not doubled."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from factories import csv_table
from tracking_stores import free_port, home_with_store
from trained import predicted, run, small, train_campaign

from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord
from tuning.tracking.adopt import adopt
from tuning.tracking.client import Store
from tuning.tracking.publisher import sync

pytestmark = pytest.mark.server

LOAD = """
import json, sys
import numpy as np, mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(f"runs:/{sys.argv[2]}/model")
x = np.loadtxt(sys.argv[3], delimiter=",", skiprows=1, usecols=range(16), dtype=np.float32)[:, :, None]
print(json.dumps({
    "predicted": model.predict(x).to_dict("list"),
    "inputs": model.metadata.get_input_schema().to_dict(),
    "outputs": model.metadata.get_output_schema().input_names(),
    "example": np.asarray(model.input_example).shape,
}))
"""


class Published(NamedTuple):
    home: Home
    table: Path
    record: CampaignRecord
    runs: dict[int, str]
    """Trial -> run."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    home, table = home_with_store(folder / "home"), csv_table(folder / "table.csv")
    record = train_campaign(home, small({"dataset": str(table), "scale": "standard"}))
    sync(home, "tiny")
    return Published(home, table, record, runs(home))


def runs(home: Home) -> dict[int, str]:
    store = Store(home.tracking_uri)
    found = store.runs(store.find_experiment("tiny"), {"seqtune.kind": "trial"})
    return {int(one.tags["seqtune.trial.index"]): one.id for one in found}


def files(home: Home) -> dict[str, bytes]:
    """All artifacts but for what MLflow draws at random or from the clock."""
    found = {str(path.relative_to(home.artifacts)): path for path in home.artifacts.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if path.name not in ("MLmodel", "confusion.png")}


def test_a_kept_trial_loads_in_a_fresh_process_and_predicts_what_seqtune_predicts(published, tmp_path):
    best = published.record.ranked()[0].index
    words = [published.home.tracking_uri, published.runs[best], str(published.table)]
    done = subprocess.run([sys.executable, "-c", LOAD, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected = predicted(published.home, "tiny", published.table, out=tmp_path / "p.parquet")
    assert found["predicted"] == {name: values for name, values in expected.items() if name != "row"}
    assert found["outputs"] == ["class", "probability_A", "probability_B"]
    assert found["inputs"] == [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, -1, 1]}}]
    assert found["example"] == [1, 16, 1]


def test_a_model_holds_json_and_safetensors_and_nothing_pickled(published):
    names = {Path(name).name for name in files(published.home) if "/model/" in name}
    assert names == {
        "model.py",
        "trial.json",
        "preparation.json",
        "weights.safetensors",
        "input_example.json",
        "serving_input_example.json",
        "conda.yaml",
        "python_env.yaml",
        "requirements.txt",
    }


def test_publishing_again_doubles_nothing(published):
    home = Home(published.home.path)
    before = files(home)
    sync(home, "tiny")
    assert runs(home) == published.runs
    assert files(home) == before
    store = Store(home.tracking_uri)
    assert store.client.search_logged_models([store.find_experiment("tiny")]) == []


def test_a_run_predicts_where_the_home_has_nothing_else(published, tmp_path):
    expected = predicted(published.home, "tiny", published.table, out=tmp_path / "p.csv")
    bare = Home(tmp_path / "bare")
    bare.path.mkdir()
    shutil.copy(published.home.path / "mlflow.db", bare.path)  # artifacts stay where the store says
    best = published.runs[published.record.ranked()[0].index]
    assert predicted(bare, best, published.table, out=tmp_path / "q.csv") == expected
    message = run(bare, "predict", best, published.table, "--rank", 2, "--out", tmp_path / "r.csv", code=2)
    assert "an MLflow run is one trial" in message


def test_a_run_whose_weights_are_gone_is_refused(published, tmp_path):
    bare = Home(tmp_path / "bare")
    shutil.copytree(published.home.path, bare.path)
    shutil.rmtree(bare.path / "campaigns")
    best = published.runs[published.record.ranked()[0].index]
    path = next(published.home.artifacts.glob(f"tiny/{best}/artifacts/model/artifacts/trial/weights.safetensors"))
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        message = run(bare, "predict", best, published.table, "--out", tmp_path / "q.csv", code=2)
        assert "is not that of the trial's record" in message
        path.unlink()
        message = run(bare, "predict", best, published.table, "--out", tmp_path / "q.csv", code=2)
        assert "its weights are not kept" in message
    finally:
        path.write_bytes(content)
    assert not (tmp_path / "q.csv").exists()


def test_an_adopted_campaign_predicts(published, tmp_path):
    expected = predicted(published.home, "tiny", published.table, out=tmp_path / "p.csv")
    adopted = Home(tmp_path / "adopted")
    adoption = adopt(adopted, "tiny", published.home.tracking_uri, lambda *_: None)
    assert adoption.weights == [0, 1]
    assert predicted(adopted, "tiny", published.table, out=tmp_path / "q.csv") == expected


def test_a_model_is_served(published, tmp_path):
    expected = predicted(published.home, "tiny", published.table, out=tmp_path / "p.csv")
    best, port = published.runs[published.record.ranked()[0].index], free_port()
    rows = [[float(v)] for v in published.table.read_text().splitlines()[1].split(",")[:16]]
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "models",
        "serve",
        "--env-manager",
        "local",
        "-p",
        str(port),
    ]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "-m", f"runs:/{best}/model"],
            stdout=log,
            stderr=log,
            env=os.environ
            | {
                "MLFLOW_TRACKING_URI": published.home.tracking_uri,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
        )
    try:
        for _ in range(300):
            try:
                answer = requests.post(f"http://127.0.0.1:{port}/invocations", json={"inputs": [rows]}, timeout=30)
                break
            except requests.ConnectionError:
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
        (found,) = answer.json()["predictions"]
        assert found["class"] == expected["class"][0]
        assert found["probability_A"] == pytest.approx(expected["probability_A"][0])
        wrong = requests.post(f"http://127.0.0.1:{port}/invocations", json={"inputs": [[[1.0, 2.0]]]}, timeout=30)
        assert wrong.status_code == 400
    finally:
        server.terminate()
        server.wait(30)
