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


def test_a_single_value_per_channel_is_normalised_with_the_running_statistics():
    norm = nn.BatchNorm1d(2).train()
    norm.running_mean += 1.0
    out = normalised_steps(norm, torch.tensor([[[1.0], [3.0]]]), None)
    assert torch.allclose(out.flatten(), torch.tensor([0.0, 2.0]), atol=1e-4)
    assert norm.running_mean.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("dilation", [1, 2, 9])
def test_every_kernel_and_dilation_keeps_the_length_and_the_padding_zero(kernel, dilation):
    lengths = torch.tensor([3, 6, 1])
    mask = valid_steps(lengths, 6)
    x = torch.randn(3, 2, 6).masked_fill(~mask[:, None], 0.0)
    out = ResidualBlock1d(2, 4, kernel=kernel, dilation=dilation, squeeze_excite=True)(x, mask).transpose(1, 2)
    assert out.shape == (3, 6, 4)
    assert not out[~mask].any()


def test_a_dilated_convolution_looks_as_many_steps_away():
    block = ConvBlock1d(1, 1, dilation=4, norm=False)
    torch.nn.init.ones_(block.conv.weight)
    torch.nn.init.zeros_(block.conv.bias)
    x = torch.zeros(1, 1, 11)
    x[0, 0, 5] = 1.0
    assert block(x, None)[0, 0].nonzero().flatten().tolist() == [1, 5, 9]


def test_a_dilated_image_convolution_looks_as_many_pixels_away():
    block = ConvBlock2d(1, 1, dilation=2).eval()
    torch.nn.init.ones_(block.conv.weight)
    torch.nn.init.zeros_(block.conv.bias)
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1.0
    assert block(x)[0, 0].nonzero().tolist() == [[i, j] for i in (0, 2, 4) for j in (0, 2, 4)]


def test_block_i_of_a_stage_is_dilated_by_the_base_to_the_i_up_to_the_sequence_s_length():
    assert dilations(2, 4, 187) == [2, 4, 8, 16]
    assert dilations(4, 3, 20) == [4, 16, 20]
    assert dilations(1, 3, 20) == [1, 1, 1]
    assert dilations(2, 0, 20) == []


def test_without_normalisation_a_conv_block_is_a_convolution_and_relu():
    block = ConvBlock1d(2, 3, norm=False)
    x, lengths = torch.randn(2, 2, 6), torch.tensor([6, 2])
    out = block(x, valid_steps(lengths, 6))
    assert torch.equal(out[0], torch.relu(block.conv(x))[0])
    assert not out[1, :, 2:].any()


@pytest.mark.parametrize(("family", "dims"), [(ResidualBlock1d, 1), (ResidualBlock2d, 2)])
def test_a_block_without_its_skip_is_two_conv_blocks(family, dims):
    x, rest = torch.randn(4, 2, *(6,) * dims), (None,) * (dims == 1)
    block = family(2, 3, residual=False).eval()
    assert torch.equal(block(x, *rest), block.second(block.first(x, *rest), *rest))
    assert not [name for name in block.state_dict() if "skip" in name]


@pytest.mark.parametrize(("family", "dims"), [(ResidualBlock1d, 1), (ResidualBlock2d, 2)])
def test_squeeze_and_excitation_scales_what_the_skip_is_added_to(family, dims):
    x, rest = torch.randn(4, 16, *(6,) * dims), (None,) * (dims == 1)
    block = family(16, 16, squeeze_excite=True).eval()  # so many channels that the ReLUs let some through
    inner = block.second(block.first(x, *rest), *rest)
    assert torch.equal(block(x, *rest), x + block.scale(inner))
    assert not torch.allclose(block.scale(inner), inner)


def test_squeeze_and_excitation_is_hu_et_al_s_with_the_mean_over_valid_steps():
    scale = SqueezeExcite(96)
    assert (scale.squeeze.out_features, SqueezeExcite(8).squeeze.out_features) == (6, 4)
    lengths = torch.tensor([5, 2])
    mask = valid_steps(lengths, 5)
    x = torch.randn(2, 96, 5).masked_fill(~mask[:, None], 0.0)
    out = scale(x, mask)
    for row, length in enumerate(lengths):
        hidden = torch.relu(scale.squeeze(x[row, :, :length].mean(dim=1)))
        assert torch.allclose(out[row], x[row] * torch.sigmoid(scale.excite(hidden))[:, None], atol=1e-6)
