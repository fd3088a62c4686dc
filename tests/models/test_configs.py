import pytest
from pydantic import ValidationError

from models.configs import CNNGRUConfig, RecurrentConfig, TransformerConfig


def test_heads_must_share_out_a_transformer_s_width():
    expected = "hidden = 12 cannot be shared out to heads = 5: .* Choose one of 1, 2, 3, 4, 6, 12 heads"
    with pytest.raises(ValidationError, match=expected):
        TransformerConfig(hidden=12, heads=5)


def test_heads_must_share_out_a_gru_s_width():
    with pytest.raises(ValidationError, match="gru_hidden = 8 cannot be shared out to attention_heads = 3"):
        CNNGRUConfig(gru_hidden=8, attention_heads=3)
    assert CNNGRUConfig(gru_hidden=7, attention_heads=0).attention_heads == 0


@pytest.mark.parametrize("other", [{"conv_channels": 16}, {"bidirectional": True}, {"layer_norm": True}])
def test_one_hot_words_go_into_plain_recurrent_layers(other):
    name = next(iter(other))
    with pytest.raises(ValidationError, match=f"so {name} cannot be .* Leave {name} out, or set one_hot = false"):
        RecurrentConfig(one_hot=True, **other)
