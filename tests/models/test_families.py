"""What every family of models promises; a new one is held to it by standing in the catalogue."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional

from models.catalogue import CONFIGS, MODELS, build
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
from search_spaces.catalogue import SPACES
from search_spaces.families import family_name

STEPS = 20
TOKENS = 9

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
every_mode = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


def model(family: str, channels: int = 1) -> nn.Module:
    torch.manual_seed(0)
    return build(CASES[family], steps=STEPS, channels=channels, outputs=5)


def text_model(family: str) -> Any:
    torch.manual_seed(0)
    config = CASES[family].model_copy(update={"embedding": 4})
    return build(config, steps=STEPS, channels=1, outputs=5, tokens=TOKENS)


def batch(lengths: list[int], channels: int = 1, steps: int = STEPS, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random sequences, zero after their ends; a sequence's values do not depend on ``steps``."""
    x = torch.zeros(len(lengths), steps, channels)
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(seed * 1000 + row)
        x[row, :length] = torch.randn(length, channels, generator=generator)
    return x, torch.tensor(lengths)


def text_batch(lengths: list[int], steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """Random tokens, 0 after their ends; a text's tokens do not depend on ``steps``."""
    x = torch.zeros(len(lengths), steps, 1, dtype=torch.int32)
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(row)
        x[row, :length, 0] = torch.randint(1, TOKENS, (length,), generator=generator)
    return x, torch.tensor(lengths)


def stepped(network: nn.Module, x: Tensor, lengths: Tensor) -> nn.Module:
    """One step of training on labels 0, 1, 2, ..."""
    optimizer = torch.optim.Adam(network.parameters())
    functional.cross_entropy(network(x, lengths), torch.arange(len(x)) % 5).backward()
    optimizer.step()
    return network


def test_every_configuration_of_a_neural_model_has_its_family_in_the_catalogue():
    neural = {name: config for name, config in CONFIGS.items() if issubclass(config, NeuralConfig)}
    assert neural == {name: config for name, (config, _) in MODELS.items()}
    assert set(SMALL) == set(MODELS)


def test_every_family_s_configuration_is_found_by_its_name():
    assert list(CONFIGS) == [*MODELS, "majority", "linear", "random-forest", "minirocket"]
    assert all(config.model_fields["family"].default == name for name, config in CONFIGS.items())


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
    config: Any = CONFIGS[str(fields.pop("family", family_name(space.models[0])))](**fields)
    assume(isinstance(config, NeuralConfig))
    network = build(config, steps=12, channels=channels, outputs=outputs)
    logits = network(*batch([12, 5], channels, steps=12))
    assert logits.shape == (2, outputs)
    assert torch.isfinite(logits).all()


@every_family
@pytest.mark.parametrize("outputs", [1, 7])
def test_a_model_has_an_output_for_each_class_and_one_for_a_regression(family, outputs):
    network = build(CASES[family], steps=STEPS, channels=2, outputs=outputs)
    assert network(*batch([20, 3, 1], channels=2)).shape == (3, outputs)


@every_family
@pytest.mark.parametrize(
    ("lengths", "training", "channels"),
    [([20, 20, 20], True, 1), ([7, 13, 4], False, 3), ([1, 2, 3], True, 3), ([1, 20, 9], False, 1)],
    ids=["full", "mixed", "short", "both ends"],
)
def test_padding_never_changes_logits(family, training, channels, lengths):
    network = model(family, channels).double().train(training)
    x, given_lengths = batch(lengths, channels)
    expected = network(x.double(), given_lengths)
    for steps in (max(lengths), max(lengths) + 1, 33):
        padded, _ = batch(lengths, channels, steps)
        assert torch.allclose(network(padded.double(), given_lengths), expected, rtol=1e-9, atol=1e-12)


@every_family
@every_mode
def test_what_stands_in_the_padding_never_changes_logits(family, training):
    network = model(family).train(training)
    x, lengths = batch([3, 20, 8])
    dirty = torch.where(x == 0.0, 7.0, x)
    assert torch.equal(network(dirty, lengths), network(x, lengths))


@every_family
def test_padding_never_changes_what_is_learned(family):
    learned = []
    for steps in (9, 20):
        x, lengths = batch([9, 4, 6, 1], steps=steps)
        learned.append(stepped(model(family).double(), x.double(), lengths).state_dict())
    for name, value in learned[0].items():
        assert torch.allclose(value.double(), learned[1][name].double(), rtol=1e-6, atol=1e-9), name


@every_family
@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-5)], ids=str)
def test_a_sequence_gets_the_same_logits_alone_and_in_company(family, kind, tolerance):
    network = model(family).to(kind).eval()
    x, lengths = batch([20, 11, 1])
    together = network(x.to(kind), lengths)
    for row, length in enumerate([20, 11, 1]):
        alone = network(x[row : row + 1, :length].to(kind), lengths[row : row + 1])
        assert torch.allclose(alone[0], together[row], rtol=tolerance, atol=tolerance / 10)


@every_family
@pytest.mark.parametrize("lengths", [[20, 20, 20, 20], [3, 20, 8, 1]], ids=["full", "mixed"])
def test_every_parameter_gets_a_gradient(family, lengths):
    network = model(family).train()
    functional.cross_entropy(network(*batch(lengths)), torch.arange(4)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


@every_family
@pytest.mark.parametrize("lengths", [[20, 20, 20], [3, 20, 8]], ids=["full", "mixed"])
def test_training_under_deterministic_algorithms_gives_the_same_bits_twice(family, lengths):
    torch.use_deterministic_algorithms(mode=True)
    try:
        first, second = (stepped(model(family), *batch(lengths)).state_dict() for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(mode=False)
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@every_family
def test_weights_survive_safetensors_exactly(family):
    first = stepped(model(family), *batch([20, 8, 3])).eval()
    # Contiguous: cnn2d's weights lie channels-last, and safetensors refuses those.
    data = save({name: value.contiguous() for name, value in first.state_dict().items()})
    torch.manual_seed(99)
    second = build(CASES[family], steps=STEPS, channels=1, outputs=5).eval()
    second.load_state_dict(load(data))
    x, lengths = batch([20, 5, 1], seed=1)
    assert torch.equal(second(x, lengths), first(x, lengths))


@every_family
def test_a_single_row_of_a_single_step_can_be_trained_on(family):
    network = stepped(model(family), *batch([1]))
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


@every_family
def test_mixed_lengths_train_in_bfloat16(family):
    network = model(family).train()
    x, lengths = batch([20, 8, 3])
    with torch.autocast("cpu", torch.bfloat16):
        loss = functional.cross_entropy(network(x, lengths), torch.tensor([0, 1, 2]))
    loss.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


@every_family
def test_sixteen_rows_are_learned_by_heart(family):
    network = model(family, channels=2).train()
    x, lengths = batch([20, 13, 9, 17] * 4, channels=2)
    y = torch.arange(16) % 4
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(150):
        logits = network(x, lengths)
        if bool((logits.argmax(dim=1) == y).all()):
            return
        optimizer.zero_grad()
        functional.cross_entropy(logits, y).backward()
        optimizer.step()
    pytest.fail(f"{int((logits.argmax(dim=1) == y).sum())} of 16 rows after 150 steps")


@every_family
@every_mode
def test_padding_never_changes_a_text_s_logits(family, training):
    network = text_model(family).double().train(training)
    lengths = [20, 3, 1]
    expected = network(*text_batch(lengths))
    x, given_lengths = text_batch(lengths, steps=29)
    assert torch.allclose(network(x, given_lengths), expected, rtol=1e-9, atol=1e-12)
    dirty = torch.where(x == 0, 7, x)
    assert torch.equal(network(dirty, given_lengths), network(x, given_lengths))


@every_family
def test_a_text_model_learns_its_embedding_and_every_other_parameter(family):
    network = text_model(family).train()
    functional.cross_entropy(network(*text_batch([20, 18, 8, 3])), torch.arange(4)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.any(), name
    assert not network.embedding.weight[0].any()  # padding's
    assert not network.embedding.weight.grad[0].any()


@every_family
def test_a_text_model_trained_under_deterministic_algorithms_gives_the_same_bits_twice(family):
    torch.use_deterministic_algorithms(mode=True)
    try:
        first, second = (stepped(text_model(family), *text_batch([20, 3, 8])).state_dict() for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(mode=False)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
