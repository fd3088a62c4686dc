"""Every neural family in one space: which architecture, and what each gains from a building block.

Source: the heartbeat study's claims about architectures (oversampling and SMOTE by model, residual blocks,
squeeze-and-excitation, layer normalisation).  A dimension's field is shared by all families that have it.
"""

from models.configs import CNN1DConfig, CNN2DConfig, CNNGRUConfig, RecurrentConfig, TransformerConfig
from search_spaces.dimensions import Choice, Integer
from search_spaces.families import FAMILY
from search_spaces.space import Space
from search_spaces.training import TRAINING

ARCHITECTURES = Space(
    name="architectures",
    models=(CNN1DConfig, CNN2DConfig, CNNGRUConfig, TransformerConfig, RecurrentConfig),
    dimensions={
        FAMILY: Choice("cnn1d", "cnn2d", "cnn-gru", "transformer", "recurrent"),
        "model.hidden": Choice(16, 32, 64, 128, 256),
        "model.layers": Integer(1, 3),
        "model.blocks": Integer(1, 3),
        "model.dropout": Choice(0.0, 0.1, 0.2, 0.3, 0.4),
        "model.cnn_hidden": Choice(16, 32, 64, 128, 256),
        "model.gru_hidden": Choice(16, 32, 64, 128, 256),
        "model.gru_layers": Integer(1, 3),
        "model.conv_hidden": Choice(16, 32, 64, 128),
    },
    optional={
        "model.residual": Choice(True, False),
        "model.squeeze_excite": Choice(False, True),
        "model.dilation": Choice(1, 2),
        "model.pooling": Choice("max", "average"),
        "model.kernel": Choice(3, 5, 7),
        "model.layer_norm": Choice(False, True),
        "model.attention_heads": Choice(0, 2, 4, 8),
        "model.front": Choice("1d", "2d"),
        "model.heads": Choice(2, 4, 8),
        "model.cell": Choice("rnn", "gru", "lstm"),
        "model.bidirectional": Choice(False, True),
        **TRAINING,
    },
    source="heartbeat study, its claims about architectures",
    advice="which of five network families suits your data",
)
