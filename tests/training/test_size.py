"""Whether a model fits into memory is known before it is built."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from factories import arrays, trial

from models.catalogue import MODELS, build
from tuning.campaign.config import LimitOptions
from tuning.training import size
from tuning.training.loop import Training
from tuning.training.size import beyond, check_size, count_weights, memory_bytes


@pytest.mark.parametrize("family", MODELS)
def test_the_count_is_that_of_the_built_model_and_draws_nothing(family):
    config, data = trial(model={"family": family}).model, arrays()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    counted = count_weights(config, data)
    assert torch.equal(torch.get_rng_state(), before)
    built = build(config, steps=data.steps, channels=data.channels, outputs=data.outputs, tokens=data.tokens)
    assert counted == sum(weight.numel() for weight in built.parameters())


def test_a_model_larger_than_the_machine_is_refused_before_it_is_built():
    wide = trial(model__hidden=60_000)
    with pytest.raises(ValueError, match=r"the model has [\d,]+ weights: with gradients .* Lower its widths"):
        Training(wide, arrays())


def test_the_limit_is_the_machines_memory(monkeypatch):
    model, data = trial().model, arrays()
    needed = count_weights(model, data) * size.BYTES_PER_WEIGHT
    monkeypatch.setattr(size, "machine_bytes", lambda: needed)
    check_size(model, data)
    monkeypatch.setattr(size, "machine_bytes", lambda: needed - 1)
    with pytest.raises(ValueError, match="this machine has"):
        check_size(model, data)


def test_a_limit_is_on_trainable_parameters_and_names_both_figures():
    one, data = trial(), arrays()
    weights = count_weights(one.model, data)
    assert beyond(LimitOptions(parameters=weights), one, data) is None
    assert beyond(LimitOptions(parameters=weights - 1), one, data) == (
        f"{weights:,} parameters, more than limits.parameters = {weights - 1:,}"
    )


def test_classical_models_have_no_limit():
    assert beyond(LimitOptions(parameters=1), trial(model={"family": "minirocket"}), arrays()) is None


@pytest.mark.parametrize("family", MODELS)
def test_estimated_memory_grows_with_the_batch_and_with_the_optimizer_and_draws_nothing(family):
    small = trial(model={"family": family}, train={"batch_size": 4096, "optimizer": "sgd"})
    large = trial(model={"family": family}, train={"batch_size": 8192, "optimizer": "sgd"})
    adam = trial(model={"family": family}, train={"batch_size": 4096, "optimizer": "adam"})
    torch.manual_seed(1)
    before = torch.get_rng_state()
    weights = count_weights(small.model, arrays())
    a, b, c = (memory_bytes(one, arrays()) for one in (small, large, adam))
    assert torch.equal(torch.get_rng_state(), before)
    assert a < b <= 2 * a
    assert c - a == 4 * weights


@pytest.mark.parametrize(("optimizer", "copies"), [("adam", 9), ("sgd", 7)])
def test_a_checkpoint_counts_where_it_is_larger_than_the_activations(optimizer, copies):
    wide, data = trial(model={"family": "recurrent", "hidden": 1000}, train={"optimizer": optimizer}), arrays(steps=2)
    weights = count_weights(wide.model, data)
    needed = 4 * copies * weights
    assert memory_bytes(wide, data) == needed
    assert beyond(LimitOptions(memory_mb=needed / size.MIB), wide, data) is None
    assert "more than limits.memory_mb" in beyond(LimitOptions(memory_mb=(needed - 1) / size.MIB), wide, data)


MEASURE = """
import sys
from pathlib import Path
from factories import arrays, trial
from tuning.training.checkpoint import save_checkpoint
from tuning.training.loop import Training
from tuning.training.size import memory_bytes
fields = {"family": sys.argv[1], "hidden": int(sys.argv[2])}
Training(trial(model=fields | {"hidden": 8}), arrays(rows=60)).run_epoch()
large, data = trial(model=fields, train={"batch_size": 64}), arrays(rows=1280, steps=50)
def peak():  # not getrusage, whose maximum includes the process that started this one
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
before = peak()
training = Training(large, data)
for _ in range(2):
    training.run_epoch()
    save_checkpoint(training, Path(sys.argv[3]))
print(peak() - before, memory_bytes(large, data))
"""


@pytest.mark.parametrize(("family", "hidden"), [("cnn1d", 256), ("recurrent", 512)])
def test_the_estimate_is_within_a_factor_of_two_of_what_training_takes(tmp_path, family, hidden):
    command = [sys.executable, "-c", MEASURE, family, str(hidden), str(tmp_path / "checkpoint.pt")]
    path = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    out = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    measured, estimated = map(int, out.stdout.split())
    assert 0.5 < estimated / measured < 2
