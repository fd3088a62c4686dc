"""The benchmark against other tools, in small: the parts that need no Ray, on a table of short rows."""

import importlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

import overhead  # noqa: E402
import peer_quality  # noqa: E402
import peer_training  # noqa: E402
import peers  # noqa: E402
from benchmark_data import trial, write_table  # noqa: E402
from peer_process import environment  # noqa: E402

from data.config import DataConfig  # noqa: E402
from data.prepare import prepare  # noqa: E402
from data.prepared import open_arrays  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peers")
    write_table(path / "table.csv")
    data = DataConfig(dataset=str(path / "table.csv"), split_seed=1, balance_seed=1)
    prepared = prepare(data, datasets=None, store=path / "arrays")
    (path / "arrays.txt").write_text(str(prepared.directory))
    (path / "data.json").write_text(data.model_dump_json())
    return path


@pytest.mark.filterwarnings("ignore")  # Lightning comments on the machine
@pytest.mark.parametrize("tool", sorted(peer_training.TOOLS))
def test_a_tool_trains_the_epochs_that_are_timed(folder: Path, tool: str) -> None:
    if tool not in peer_training.available():
        pytest.skip(f"{tool} is not installed; `make bench` installs it")
    if tool not in ("bare", "seqtune"):
        importlib.import_module(tool)
    data = DataConfig.model_validate_json((folder / "data.json").read_text())
    prepared = prepare(data, datasets=None, store=folder / "arrays")
    network = {"family": "cnn2d", "hidden": 8, "layers": 1, "blocks": 1}
    config = trial(data, prepared, network, seed=1, epochs=10, batch_size=peer_training.BATCH)
    epoch = peer_training.TOOLS[tool](config, open_arrays(prepared.directory), folder)
    for _ in range(2):
        seconds = epoch()
        assert 0.0 < seconds["wall"] < 60.0
        assert 0.0 < seconds["processor"] < 60.0


def test_trials_without_any_tool_give_the_ideal(folder: Path) -> None:
    measured = overhead.run("bare", folder, 2)
    assert 0.0 < measured["training_ms"] <= measured["trial_ms"] < 1000 * measured["whole_s"]
    assert 0.0 < measured["first_step_s"] < measured["whole_s"]


@pytest.mark.server
def test_the_optuna_script_runs_its_trials(folder: Path) -> None:
    measured = overhead.run("optuna", folder, 2)
    assert 0.0 < measured["training_ms"] < measured["trial_ms"]
    assert 0.0 < measured["first_step_s"] < measured["whole_s"]


def test_a_failed_script_is_reported_with_its_log(folder: Path, tmp_path: Path) -> None:
    del folder
    with pytest.raises(RuntimeError, match=r"arrays\.txt"):  # nothing was prepared there
        overhead.run("bare", tmp_path, 2)


def test_macro_recall_follows_from_the_means_of_counts_over_batches() -> None:
    import torch

    batches = [(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1])), (torch.tensor([0, 1]), torch.tensor([0, 0]))]
    counts = [peer_quality.ClassCount(label, hits=hits) for label in range(2) for hits in (True, False)]
    result = {
        str(count): sum(count(y, torch.eye(2)[predicted]) for y, predicted in batches) / len(batches)
        for count in counts
    }
    assert peer_quality.recall(result, 2) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_the_summary_counts_a_seed_that_did_not_reach_the_quality() -> None:
    def row(*reached: float | None) -> dict[str, object]:
        arms = {arm: {"reached_s": list(reached), "processor_s": 30.0} for arm in peer_quality.ARMS}
        return {
            "mltrainer": {"seconds": 100.0, "end": 0.5, "best": 0.6, "best_at_s": 70.0, "processor_s": 120.0},
            **arms,
        }

    found = peer_quality.summary([row(40.0, None), row(60.0, None), row(50.0, 90.0)])
    assert found["raw_end"] == {"reached": 3, "at_most_half": 2, "median_ratio": 0.5}
    assert found["balanced_best"] == {"reached": 1, "at_most_half": 0, "median_ratio": None}
    assert found["processor_ratio"] == {"raw": 0.25, "balanced": 0.25}
    assert "not reached" in peers.table({"quality": {"seeds": 3, **found}})


@pytest.mark.skipif(find_spec("mltrainer") is not None, reason="mltrainer is installed")
def test_a_part_whose_package_is_absent_is_left_out_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "peers.py"), "--parts", "quality"]
    env = environment() | {"SEQTUNE_DATASETS": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert "quality: left out, not installed: mltrainer" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"benchmark": "peers"}
