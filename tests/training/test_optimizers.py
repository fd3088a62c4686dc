"""Optimizers are torch's own, without what it wraps around them for ``torch.compile``."""

import subprocess
import sys

import pytest
import torch
from factories import arrays, trial
from torch.optim.lr_scheduler import StepLR

from tuning.training import determinism, optimizers
from tuning.training.loop import Training

KINDS = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW, "SGD": torch.optim.SGD, "RMSprop": torch.optim.RMSprop}

TRAINS = """
import sys
from factories import arrays, trial
from tuning.training.loop import Training
for name, schedule in (("adam", "plateau"), ("sgd", "cosine"), ("rmsprop", "none")):
    training = Training(trial(train={"epochs": 2, "optimizer": name, "scheduler": schedule}), arrays())
    while not training.done:
        training.run_epoch()
print(*(name for name in ("torch._dynamo", "torch._inductor", "sympy") if name in sys.modules))
"""


def test_training_imports_no_compiler(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
    done = subprocess.run([sys.executable, "-c", TRAINS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def steps(kind, *, resume):
    """Weights after six steps with a schedule; with ``resume`` a new optimizer goes on from a state after three."""
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(7, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    x, y = torch.randn(20, 7), torch.randn(20, 3)

    def made():
        options = {"momentum": 0.9} if issubclass(kind, torch.optim.SGD) else {}
        one = kind(network.parameters(), lr=0.1, weight_decay=0.01, foreach=True, **options)
        return one, StepLR(one, step_size=2, gamma=0.5)

    optimizer, schedule = made()
    for step in range(6):
        if resume and step == 3:
            states = optimizer.state_dict(), schedule.state_dict()
            optimizer, schedule = made()
            optimizer.load_state_dict(states[0])
            schedule.load_state_dict(states[1])
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(network(x), y).backward()
        optimizer.step()
        schedule.step()
    assert not any(weight.requires_grad is False for weight in network.parameters())
    assert torch.is_grad_enabled()
    return [weight.detach().clone() for weight in network.parameters()], optimizer.state_dict()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("resume", [False, True])
def test_an_optimizer_makes_the_steps_of_torchs_own(name, resume):
    ours, state = steps(getattr(optimizers, name), resume=resume)
    theirs, expected = steps(KINDS[name], resume=False)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert state["param_groups"] == expected["param_groups"]
    for a, b in zip(state["state"].values(), expected["state"].values(), strict=True):
        assert a.keys() == b.keys()


def test_an_optimizer_is_of_torchs_class():
    one = Training(trial(), arrays()).optimizer
    assert isinstance(one, torch.optim.Adam)
    assert type(one).__name__ == "Adam"


def test_code_that_compiles_is_compiled_deterministically(monkeypatch):
    import torch._inductor.config as compiler

    monkeypatch.setenv("TORCHINDUCTOR_DETERMINISTIC", "0")
    before = torch.are_deterministic_algorithms_enabled()
    for mode in (True, False):
        determinism.use_deterministic_algorithms(mode)
        assert torch.are_deterministic_algorithms_enabled() is mode
        assert compiler.deterministic is mode
    fresh = "import torch._inductor.config as compiler; print(compiler.deterministic)"
    for mode in (True, False):
        determinism.use_deterministic_algorithms(mode)  # sets what a process reads that imports the compiler later
        done = subprocess.run([sys.executable, "-c", fresh], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(mode)
    determinism.use_deterministic_algorithms(before)
