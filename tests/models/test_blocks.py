import pytest
import torch
from torch import nn

from models.blocks import (
    ConvBlock1d,
    ConvBlock2d,
    ResidualBlock1d,
    ResidualBlock2d,
    SqueezeExcite,
    dilations,
    normalised_steps,
)
from models.padding import valid_steps


@pytest.mark.parametrize(("block", "dims"), [(ConvBlock1d(2, 3), 1), (ConvBlock2d(2, 3), 2)])
def test_a_conv_block_is_a_3_1_1_convolution_then_relu_then_batch_norm(block, dims):
    x = torch.randn(4, 2, *(6,) * dims)
    arguments = (x, None) if dims == 1 else (x,)
    assert (block.conv.kernel_size, block.conv.stride, block.conv.padding) == ((3,) * dims, (1,) * dims, (1,) * dims)
    assert torch.equal(block(*arguments), block.norm(torch.relu(block.conv(x))))


@pytest.mark.parametrize(("family", "dims"), [(ResidualBlock1d, 1), (ResidualBlock2d, 2)])
def test_a_residual_block_adds_its_input_to_two_conv_blocks(family, dims):
    x, rest = torch.randn(4, 3, *(6,) * dims), (None,) * (dims == 1)
    block = family(3, 3).eval()
    assert torch.equal(block(x, *rest), x + block.second(block.first(x, *rest), *rest))


@pytest.mark.parametrize(("family", "dims"), [(ResidualBlock1d, 1), (ResidualBlock2d, 2)])
def test_a_residual_block_projects_its_input_where_widths_differ(family, dims):
    x = torch.randn(4, 2, *(6,) * dims)
    block = family(2, 5)
    assert block.skip.kernel_size == (1,) * dims
    assert block(x, *(None,) * (dims == 1)).shape == (4, 5, *(6,) * dims)


def test_full_sequences_need_no_mask():
    assert valid_steps(torch.tensor([4, 4]), 4) is None


def test_the_mask_ends_where_a_sequence_ends():
    mask = valid_steps(torch.tensor([1, 3]), 3)
    assert mask.tolist() == [[True, False, False], [True, True, True]]


def test_normalisation_takes_its_statistics_from_valid_steps_only():
    norm = nn.BatchNorm1d(2, momentum=1.0).double()
    x = torch.randn(3, 2, 5, dtype=torch.float64)
    lengths = torch.tensor([2, 5, 1])
    mask = valid_steps(lengths, 5)
    valid = torch.cat([x[i, :, :length] for i, length in enumerate(lengths)], dim=1)  # (C, valid steps)
    out = normalised_steps(norm, x, mask)
    assert torch.allclose(norm.running_mean, valid.mean(dim=1))
    assert torch.allclose(norm.running_var, valid.var(dim=1))
    expected = (valid - valid.mean(dim=1, keepdim=True)) / (valid.var(dim=1, correction=0, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(out.transpose(1, 2)[mask], expected.T)


@pytest.mark.parametrize("block", [ConvBlock1d(2, 4), ResidualBlock1d(2, 4), ResidualBlock1d(2, 2)])
def test_padding_stays_zero_through_a_block(block):
    lengths = torch.tensor([3, 6, 1])
    mask = valid_steps(lengths, 6)
    x = torch.randn(3, 2, 6).masked_fill(~mask[:, None], 0.0)
    out = block(x, mask).transpose(1, 2)
    assert not out[~mask].any()
    assert out[mask].any(dim=1).all()


@pytest.mark.parametrize(("length", "expected"), [(1, [-5.0]), (2, [-4.0]), (3, [-4.0]), (4, [-4.0, -2.0])])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_pooling_of_a_padded_sequence_equals_that_of_the_sequence_alone(length, expected, padding):
    x = torch.zeros(1, 1, length + padding)
    x[0, 0, :length] = torch.tensor([-5.0, -4.0, -3.0, -2.0])[:length]  # below the padding's zeros
    pooled, lengths = halved(x, torch.tensor([length]))
    assert pooled[0, 0, : lengths[0]].tolist() == expected


def test_pooling_leaves_zeros_after_each_end_and_a_finite_gradient():
    x = torch.randn(2, 3, 8, requires_grad=True)
    pooled, lengths = halved(x, torch.tensor([1, 5]))
    pooled.square().sum().backward()
    assert lengths.tolist() == [1, 2]
    assert not pooled[0, :, 1:].any()
    assert not pooled[1, :, 2:].any()
    assert torch.isfinite(x.grad).all()


def test_last_valid_is_the_state_before_each_end():
    states = torch.arange(12.0).reshape(2, 3, 2)
    assert last_valid(states, torch.tensor([1, 3])).tolist() == [[0.0, 1.0], [10.0, 11.0]]


def test_a_single_value_per_channel_is_normalised_with_the_running_statistics():
    norm = nn.BatchNorm1d(2).train()
    norm.running_mean += 1.0
    out = normalised_steps(norm, torch.tensor([[[1.0], [3.0]]]), None)
    assert torch.allclose(out.flatten(), torch.tensor([0.0, 2.0]), atol=1e-4)
    assert norm.running_mean.tolist() == [1.0, 1.0]
