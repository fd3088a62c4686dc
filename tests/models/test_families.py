"""What every family of models promises; a new one is held to it by standing in the catalogue."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from models.catalogue import MODELS, build
from models.configs import (
    CNN1DConfig,
    CNN2DConfig,
    CNNGRUConfig,
    LinearConfig,
    ModelConfig,
    NeuralConfig,
    RecurrentConfig,
    TransformerConfig,
)
from models.contract import CONTRACT, STEPS, TOKENS, batch, network, text_batch
from models.registered import BUILT_IN
from search_spaces.catalogue import SPACES
from search_spaces.families import family_name

SMALL: dict[str, ModelConfig] = {
    "cnn-gru": CNNGRUConfig(cnn_hidden=6, gru_hidden=8, gru_layers=2, blocks=2, dropout=0.0),
    "cnn2d": CNN2DConfig(hidden=6, layers=3, blocks=2, dropout=0.0),
    "cnn1d": CNN1DConfig(hidden=6, layers=2, blocks=2, dropout=0.0),
    "recurrent": RecurrentConfig(hidden=8, layers=2),
    "transformer": TransformerConfig(conv_hidden=6, hidden=8, heads=2, dropout=0.0),
}
"""Every family, by its name."""

OPTIONS: dict[str, ModelConfig] = {
    "cnn-gru, options": CNNGRUConfig(
        cnn_hidden=6,
        gru_hidden=8,
        blocks=2,
        dropout=0.0,
        residual=False,
        squeeze_excite=True,
        dilation=2,
        layer_norm=True,
        attention_heads=2,
    ),
    "cnn2d, options": CNN2DConfig(
        hidden=6, layers=2, blocks=2, dropout=0.0, residual=False, squeeze_excite=True, dilation=2, pooling="average"
    ),
    "cnn1d, options": CNN1DConfig(
        hidden=8, blocks=2, kernel=7, dropout=0.0, residual=False, squeeze_excite=True, dilation=2, pooling="max"
    ),
    "rnn, back, convolution": RecurrentConfig(
        cell="rnn", hidden=8, padding="back", bidirectional=True, conv_channels=6, conv_kernel=5
    ),
    "gru, front, dense": RecurrentConfig(hidden=8, padding="front", dense_layers=3, dense_hidden=7),
    "lstm, reverse, convolution": RecurrentConfig(
        cell="lstm", hidden=8, layers=2, bidirectional=True, reverse=True, conv_channels=6, conv_norm=False
    ),
    "lstm, one-hot words": RecurrentConfig(
        cell="lstm", hidden=8, layers=2, one_hot=True, dense_layers=3, dense_hidden=7, dense_last=6
    ),
    "gru, one-hot words, front": RecurrentConfig(hidden=8, one_hot=True, padding="front"),
    "gru, tanh": RecurrentConfig(hidden=8, tanh_output=True),
    "rnn, layer norm": RecurrentConfig(cell="rnn", hidden=8, layer_norm=True, padding="front"),
    "gru, layer norm": RecurrentConfig(hidden=8, layers=2, bidirectional=True, layer_norm=True, reverse=True),
    "lstm, layer norm": RecurrentConfig(cell="lstm", hidden=8, bidirectional=True, layer_norm=True, padding="back"),
    "transformer, options": TransformerConfig(
        conv_hidden=6, hidden=8, heads=1, dropout=0.0, residual=False, squeeze_excite=True, dilation=2
    ),
    "transformer, 2d": TransformerConfig(
        front="2d", conv_hidden=6, hidden=8, heads=2, layers=1, dropout=0.0, squeeze_excite=True
    ),
}
"""The options that a family's first line has not, each at least once."""

CASES = SMALL | OPTIONS

every_family = pytest.mark.parametrize("family", CASES)


def test_every_configuration_of_a_neural_model_has_its_family_in_the_catalogue():
    neural = {name: config for name, config in BUILT_IN.items() if issubclass(config, NeuralConfig)}
    assert neural == {name: config for name, (config, _) in MODELS.items()}
    assert set(SMALL) == set(MODELS)


def test_every_family_s_configuration_is_found_by_its_name():
    assert list(BUILT_IN) == [*MODELS, "majority", "linear", "random-forest", "minirocket"]
    assert all(config.model_fields["family"].default == name for name, config in BUILT_IN.items())


def test_a_family_that_is_fitted_is_not_built():
    with pytest.raises(TypeError, match="linear is fitted, not built: it is no neural network"):
        build(LinearConfig(), steps=STEPS, channels=1, outputs=5)


def test_configurations_can_be_read_without_torch():
    script = "import sys, models.configs, search_spaces.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(sorted(SPACES)),
    st.integers(0, 2**32),
    st.integers(1, 3),
    st.integers(1, 6),
)
def test_every_sample_of_a_space_builds_a_model_that_answers(name, seed, channels, outputs):
    space = SPACES[name]
    sample = space.complete(space.sample(np.random.default_rng(seed)))
    fields = {path.removeprefix("model."): value for path, value in sample.items() if path.startswith("model.")}
    config: Any = BUILT_IN[str(fields.pop("family", family_name(space.models[0])))](**fields)
    assume(isinstance(config, NeuralConfig))
    model = build(config, steps=12, channels=channels, outputs=outputs)
    logits = model(*batch([12, 5], channels, steps=12))
    assert logits.shape == (2, outputs)
    assert torch.isfinite(logits).all()


@every_family
@pytest.mark.parametrize("promise", CONTRACT)
def test_every_family_keeps_the_contract(family, promise):
    CONTRACT[promise](CASES[family])


@every_family
def test_a_text_model_leaves_the_embedding_of_padding_at_zero(family):
    model: Any = network(CASES[family].model_copy(update={"embedding": 4}), tokens=TOKENS).train()
    functional.cross_entropy(model(*text_batch([20, 18, 8, 3])), torch.arange(4)).backward()
    for name, parameter in model.named_parameters():
        assert not parameter.requires_grad or parameter.grad.any(), name
    assert not model.embedding.weight[0].any()
    assert not model.embedding.weight.grad[0].any()


@every_family
def test_sixteen_rows_are_learned_by_heart(family):
    model = network(CASES[family], channels=2).train()
    x, lengths = batch([20, 13, 9, 17] * 4, channels=2)
    y = torch.arange(16) % 4
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        logits = model(x, lengths)
        if bool((logits.argmax(dim=1) == y).all()):
            return
        optimizer.zero_grad()
        functional.cross_entropy(logits, y).backward()
        optimizer.step()
    pytest.fail(f"{int((logits.argmax(dim=1) == y).sum())} of 16 rows after 150 steps")
