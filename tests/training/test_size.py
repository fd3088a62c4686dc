"""Whether a model fits into memory is known before it is built."""

import pytest
import torch
from factories import arrays, trial

from models.catalogue import MODELS, build
from tuning.training import size
from tuning.training.loop import Training
from tuning.training.size import check_size, count_weights


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
