"""The space of the news study: one recurrent layer over embedded words.

Source: its RNN and GRU with embedding 64 and hidden 128 are one point each; it searched nothing, the bounds are ours.
"""

from models.configs import RecurrentConfig
from search_spaces.dimensions import Choice, Integer
from search_spaces.space import Space
from search_spaces.training import TRAINING

NEWS = Space(
    name="news",
    models=(RecurrentConfig,),
    dimensions={
        "model.cell": Choice("rnn", "gru", "lstm"),
        "model.embedding": Choice(32, 64, 128),
        "model.hidden": Choice(32, 64, 128, 256),
    },
    optional={
        "model.layers": Integer(1, 3),
        "model.bidirectional": Choice(False, True),
        "model.dropout": Choice(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
        "model.layer_norm": Choice(False, True),
        "model.padding": Choice("packed", "back", "front"),
        "model.reverse": Choice(False, True),
        "model.dense_layers": Integer(1, 3),
        "model.dense_hidden": Choice(32, 64, 128),
        **TRAINING,
    },
    source="news study, RNN against GRU",
    advice="articles and other texts: cell, embedding and width",
)
