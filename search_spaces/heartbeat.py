"""The spaces of the heartbeat study.

Source: the study's table of search spaces, bounds inclusive: ``cnn-gru`` and ``cnn2d``.  Its second stage (optimizer,
scheduler, patience) has no published bounds: those here surround the protocol's own values.  Second-stage dimensions of
the models are what the study also explored: blocks without their skip connection, squeeze-and-excitation, dilation,
layer normalisation, multi-head attention, global average pooling.  The balancing of the training data is a campaign's
``[data] balance`` list.

``cnn1d`` and ``transformer`` are two further families it explored; it gives no bounds for them, these are ours.
"""

from models.configs import CNN1DConfig, CNN2DConfig, CNNGRUConfig, TransformerConfig
from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.space import Space
from search_spaces.training import SCHEDULE

CNN_GRU = Space(
    name="cnn-gru",
    models=(CNNGRUConfig,),
    dimensions={
        "train.batch_size": Choice(16, 32, 48, 60),
        "model.gru_hidden": Choice(32, 64, 128, 256, 512),
        "model.cnn_hidden": Choice(32, 64, 128, 256, 512),
        "model.gru_layers": Choice(2, 3, 4),
        "model.blocks": Integer(1, 5),
        "model.dropout": Choice(0.2, 0.3, 0.4),
        "train.plateau_factor": Real(0.1, 0.4),
    },
    optional={
        **SCHEDULE,
        "model.residual": Choice(True, False),
        "model.squeeze_excite": Choice(False, True),
        "model.dilation": Choice(1, 2),
        "model.layer_norm": Choice(False, True),
        "model.attention_heads": Choice(0, 2, 4, 8),
    },
    source="heartbeat study, 1D-CNN-GRU",
    advice="signals such as heartbeats: convolutions, then a GRU; slower than cnn2d",
)

CNN2D = Space(
    name="cnn2d",
    models=(CNN2DConfig,),
    dimensions={
        "train.batch_size": Choice(16, 32, 48),
        "model.hidden": Integer(62, 256),
        "model.layers": Choice(2, 3, 4),
        "model.blocks": Integer(1, 7),
        "model.dropout": Real(0.1, 0.4),
        "train.plateau_factor": Real(0.1, 0.4),
    },
    optional={
        **SCHEDULE,
        "model.residual": Choice(True, False),
        "model.squeeze_excite": Choice(False, True),
        "model.dilation": Choice(1, 2),
        "model.pooling": Choice("max", "average"),
    },
    source="heartbeat study, 2D-CNN",
    advice="signals such as heartbeats: a first CNN to try",
)

CNN1D = Space(
    name="cnn1d",
    models=(CNN1DConfig,),
    dimensions={
        "train.batch_size": Choice(16, 32, 48),
        "model.hidden": Choice(32, 64, 128, 256),
        "model.layers": Choice(2, 3, 4),
        "model.blocks": Integer(1, 5),
        "model.kernel": Choice(3, 5, 7),
        "model.dropout": Real(0.1, 0.4),
        "train.plateau_factor": Real(0.1, 0.4),
    },
    optional={
        **SCHEDULE,
        "model.residual": Choice(True, False),
        "model.squeeze_excite": Choice(False, True),
        "model.dilation": Choice(1, 2),
        "model.pooling": Choice("average", "max"),
    },
    source="heartbeat study, 1D-CNN with residual blocks; bounds ours",
    advice="signals such as heartbeats: a CNN with the kernel size as a dimension",
)

TRANSFORMER = Space(
    name="transformer",
    models=(TransformerConfig,),
    dimensions={
        "train.batch_size": Choice(16, 32, 48),
        "model.front": Choice("1d", "2d"),
        "model.conv_hidden": Choice(32, 64, 128),
        "model.blocks": Integer(1, 3),
        "model.hidden": Choice(32, 64, 128, 256),
        "model.heads": Choice(2, 4, 8),
        "model.layers": Integer(1, 4),
        "model.dropout": Real(0.1, 0.4),
        "train.plateau_factor": Real(0.1, 0.4),
    },
    optional={
        **SCHEDULE,
        "model.residual": Choice(True, False),
        "model.squeeze_excite": Choice(False, True),
        "model.dilation": Choice(1, 2),
    },
    source="heartbeat study, Transformer behind a convolutional front end; bounds ours",
    advice="signals such as heartbeats: attention over convolutional features",
)
