import math
from typing import Any

import pytest
import torch
from torch import nn

from models.attention import Encoder, StateAttention, positions, slow_path

LENGTHS = torch.tensor([5, 2])


def test_positions_are_sines_and_cosines_of_falling_frequency():
    found = positions(50, 8, like=torch.zeros(1))
    assert found.shape == (50, 8)
    for step, pair in ((0, 0), (7, 1), (49, 3)):
        angle = step / 10_000 ** (pair / 4)
        assert found[step, pair].item() == pytest.approx(math.sin(angle), abs=1e-5)
        assert found[step, 4 + pair].item() == pytest.approx(math.cos(angle), abs=1e-5)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_positions_have_any_width_and_the_type_that_is_asked_for(width):
    found = positions(6, width, like=torch.zeros(1, dtype=torch.float64))
    assert (found.shape, found.dtype) == ((6, width), torch.float64)
    assert len(found.unique(dim=0)) == 6


@pytest.mark.parametrize("fast", [True, False])
def test_the_slow_path_is_left_as_it_was_found(fast):
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(fast)
    try:
        with slow_path():
            assert not torch.backends.mha.get_fastpath_enabled()
        assert torch.backends.mha.get_fastpath_enabled() == fast
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def test_an_evaluation_has_the_same_bits_with_and_without_gradients():
    encoder, x = Encoder(8, 2, 2, 0.1).eval(), torch.randn(2, 5, 8)
    with torch.no_grad():
        without = encoder(x, LENGTHS)
    assert torch.equal(encoder(x, LENGTHS), without)


def layers(encoder: Encoder) -> Any:
    return encoder.layers


def test_encoder_layers_begin_with_weights_of_their_own():
    first, second = layers(Encoder(8, 2, 2, 0.0))
    assert not torch.equal(first.linear1.weight, second.linear1.weight)
    assert (first.linear1.out_features, first.norm_first) == (32, True)


def test_state_attention_is_torch_s_over_valid_states_asked_by_the_last_one():
    attention, states = StateAttention(8, 2), torch.randn(2, 5, 8)
    found = attention(states, LENGTHS)
    for row, length in enumerate(LENGTHS):
        valid = states[row : row + 1, :length]
        expected, _ = attention.attention(valid[:, -1:], valid, valid)
        assert torch.allclose(found[row], valid[0, -1] + expected[0, 0], atol=1e-6)


def test_an_encoder_layer_is_attention_and_feedforward_each_after_a_normalisation():
    encoder, x = Encoder(8, 2, 1, 0.0), torch.randn(1, 5, 8)
    (layer,) = layers(encoder)
    h = x + positions(5, 8, like=x)
    normed = layer.norm1(h)
    h = h + layer.self_attn(normed, normed, normed)[0]
    h = h + layer.linear2(nn.functional.relu(layer.linear1(layer.norm2(h))))
    assert torch.allclose(encoder(x, torch.tensor([5])), encoder.norm(h), atol=1e-6)
