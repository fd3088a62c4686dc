"""One trial in its folder: checkpoints, failures, budgets, a full disk."""

import shutil
import subprocess
import sys
import time
from typing import Any

import pytest
import torch
from factories import campaign, csv_table, trial
from safetensors.torch import load_file

from data.prepare import prepare
from data.prepared import open_arrays
from tuning.campaign.variants import variants
from tuning.execution.worker import TrialWorker
from tuning.training.begin import begin
from tuning.training.files import CHECKPOINT, WEIGHTS
from tuning.training.latency import latencies_ms
from tuning.training.loop import weights_sha256

TIMES = {"seconds": 0.0, "latency_ms": None, "latency_batch_ms": None}
"""Of a result; two runs differ in them."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    config = campaign(data__dataset=str(csv_table(folder / "t.csv")), data__balance="raw")
    return prepare(variants(config)["raw"], datasets=None, store=folder / "arrays")


@pytest.fixture
def made(prepared):
    def make(**changes):
        return trial(data_sha256=prepared.sha256, **changes)

    return make


def to_end(run):
    steps = [run.step()]
    while steps[-1].result is None:
        steps.append(run.step())
    return steps


def figures(steps):
    reports = {r.epoch: r.model_copy(update={"seconds": 0.0}) for step in steps for r in step.reports}
    return reports, steps[-1].result.model_copy(update=TIMES)


def test_each_step_is_an_epoch_and_the_last_brings_result_weights_and_environment(made, prepared, tmp_path):
    steps = to_end(TrialWorker(made(), prepared.directory, tmp_path / "t"))
    assert [[r.epoch for r in step.reports] for step in steps] == [[1], [2], [3]]
    assert steps[-1].environment.threads == 1
    assert weights_sha256(load_file(tmp_path / "t" / WEIGHTS)) == steps[-1].result.weights_sha256


@pytest.mark.parametrize("done", [1, 2, 3])
def test_another_worker_goes_on_from_the_checkpoint(made, prepared, tmp_path, done):
    whole = figures(to_end(TrialWorker(made(), prepared.directory, tmp_path / "whole")))
    first = TrialWorker(made(), prepared.directory, tmp_path / "t")
    for _ in range(done):
        first.step()
    rest = to_end(TrialWorker(made(), prepared.directory, tmp_path / "t"))
    assert len(rest) == max(1, 3 - done)
    assert figures(rest) == whole


@pytest.mark.parametrize("damage", ["truncated", "empty", "another trial's"])
def test_a_checkpoint_that_cannot_be_used_is_noted_and_the_trial_begins_anew(made, prepared, tmp_path, damage):
    whole = figures(to_end(TrialWorker(made(), prepared.directory, tmp_path / "whole")))
    path = tmp_path / "t" / CHECKPOINT
    TrialWorker(made(seed=8) if damage == "another trial's" else made(), prepared.directory, path.parent).step()
    if damage != "another trial's":
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else 1000])
    again = to_end(TrialWorker(made(), prepared.directory, path.parent))
    assert "trained from epoch 1 again" in again[0].note
    assert figures(again) == whole


def test_a_failure_is_a_result_with_its_reason(made, prepared, tmp_path):
    step = TrialWorker(made(train__learning_rate=1e30), prepared.directory, tmp_path / "t").step()
    assert step.result.status == "failed"
    assert step.result.reason.startswith("DivergedError: ")


def test_data_that_is_not_the_trials_is_nobodys_failure(prepared, tmp_path):
    step = TrialWorker(trial(data_sha256="1" * 64), prepared.directory, tmp_path / "t").step()
    assert (step.result, step.blocked) == (None, "data")
    assert "is not the trial's" in step.note


@pytest.mark.parametrize("damage", ["changed", "cut", "deleted"])
def test_arrays_that_change_during_an_epoch_are_noticed_before_its_figures_are_kept(made, prepared, tmp_path, damage):
    folder = tmp_path / "arrays"
    shutil.copytree(prepared.directory, folder)
    run = TrialWorker(made(), folder, tmp_path / "t")
    assert run.step().blocked is None
    path = folder / "valid_y.npy"
    if damage == "deleted":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-8])
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    step = run.step()
    assert (step.reports, step.result, step.blocked) == ([], None, "data")
    assert "valid_y.npy" in step.note


def test_a_trial_beyond_its_time_fails_after_the_epoch(made, prepared, tmp_path):
    steps = to_end(TrialWorker(made(), prepared.directory, tmp_path / "t", wall_s=1e-9))
    assert [r.epoch for r in steps[-1].reports] == [1]
    assert steps[-1].result.status == "failed"
    assert "more than trial_wall_s" in steps[-1].result.reason


def test_a_full_disk_is_nobodys_failure_and_the_trial_goes_on_when_there_is_room(made, prepared, tmp_path):
    whole = figures(to_end(TrialWorker(made(), prepared.directory, tmp_path / "whole")))
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("a small file system needs the right to mount one")
    try:
        run = TrialWorker(made(), prepared.directory, small / "t")
        step = run.step()
        assert step.result is None
        assert step.blocked == "storage"
        assert "No space left on device" in step.note
        assert list((small / "t").iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    shutil.rmtree(small)
    torch.manual_seed(0)
    assert figures(to_end(TrialWorker(made(), prepared.directory, small / "t"))) == whole


FOREST = {"family": "random-forest", "trees": 5}


def test_a_classical_trial_is_one_step_with_result_weights_and_environment(made, prepared, tmp_path):
    (step,) = to_end(TrialWorker(made(model=FOREST), prepared.directory, tmp_path / "t"))
    assert [r.epoch for r in step.reports] == [1]
    assert step.result.status == "completed"
    assert weights_sha256(load_file(tmp_path / "t" / WEIGHTS)) == step.result.weights_sha256
    assert step.environment.threads == 1


def test_a_classical_trial_whose_worker_died_is_fitted_again(made, prepared, tmp_path):
    first = to_end(TrialWorker(made(model=FOREST), prepared.directory, tmp_path / "t"))
    again = to_end(TrialWorker(made(model=FOREST), prepared.directory, tmp_path / "t"))
    assert figures(again) == figures(first)
    assert again[0].note is None


def test_a_classical_family_on_data_that_it_cannot_take_fails_with_its_reason(tmp_path):
    table = csv_table(tmp_path / "short.csv", steps=5)
    short = prepare(
        variants(campaign(data__dataset=str(table), data__balance="raw"))["raw"], datasets=None, store=tmp_path
    )
    config = trial(model={"family": "minirocket"}, data_sha256=short.sha256)
    step = TrialWorker(config, short.directory, tmp_path / "t").step()
    assert step.result.status == "failed"
    assert step.result.reason == "ValueError: minirocket: the longest sequence has 5 steps; it needs at least 9"


def test_a_worker_of_neural_trials_loads_neither_scikit_learn_nor_aeon(prepared, tmp_path):
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from pathlib import Path\nfrom factories import trial\nfrom tuning.execution.worker import TrialWorker\n"
        f"config, data = trial(data_sha256={prepared.sha256!r}), Path({str(prepared.directory)!r})\n"
        f"run = TrialWorker(config, data, Path({str(tmp_path)!r}))\n"
        "print(len(run.step().reports), {'sklearn', 'aeon', 'numba', 'pandas'} & set(sys.modules))"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.split(maxsplit=1) == ["1", "set()\n"]


@pytest.mark.parametrize("model", [{}, {"family": "minirocket"}])
def test_the_end_brings_bytes_and_latency_and_changes_no_bit(made, prepared, tmp_path, model):
    changes = {"model": model} if model else {}
    worker = TrialWorker(made(**changes), prepared.directory, tmp_path / "t")
    threads = torch.get_num_threads()
    result = to_end(worker)[-1].result
    weights = load_file(tmp_path / "t" / WEIGHTS)
    assert result.weight_bytes == sum(value.nbytes for value in weights.values())
    assert 0 < result.latency_batch_ms < 32 * result.latency_ms
    assert weights_sha256(weights) == result.weights_sha256
    assert torch.get_num_threads() == threads


def test_latency_takes_less_than_two_tenths_of_a_second(made, prepared):
    run = begin(made(), open_arrays(prepared.directory))
    run.run_epoch()
    start = time.perf_counter()
    assert latencies_ms(run)["latency_ms"] > 0
    assert time.perf_counter() - start < 1  # on a busy machine


def test_a_model_that_cannot_predict_one_row_has_no_latency(made, prepared):
    class Refusing(torch.nn.Module):
        def forward(self, *_):
            raise ValueError("a batch needs two rows")

    run: Any = begin(made(), open_arrays(prepared.directory))
    run.model = Refusing()
    assert latencies_ms(run) == {"latency_ms": None, "latency_batch_ms": None}
