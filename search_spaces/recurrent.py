"""The space of the gestures study: recurrent classifiers, with or without a convolutional front end.

Source: its GRU and LSTM with hidden 64 to 1024, 1 to 3 layers and some values of dropout, then Conv1d (kernel 3, 5 or
7, batch normalisation) before the GRU.  The vanilla RNN, and all but the front end in the second stage, are from the
laboratory's questions.
"""

from models.configs import RecurrentConfig
from search_spaces.dimensions import Choice, Integer
from search_spaces.space import Space
from search_spaces.training import TRAINING

RECURRENT = Space(
    name="recurrent",
    models=(RecurrentConfig,),
    dimensions={
        "model.cell": Choice("rnn", "gru", "lstm"),
        "model.hidden": Choice(64, 128, 256, 512, 1024),
        "model.layers": Integer(1, 3),
        "model.dropout": Choice(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    },
    optional={
        "model.conv_channels": Choice(0, 16, 32, 64, 128),
        "model.conv_kernel": Choice(3, 5, 7),
        "model.conv_norm": Choice(True, False),
        "model.bidirectional": Choice(False, True),
        "model.layer_norm": Choice(False, True),
        "model.padding": Choice("packed", "back", "front"),
        "model.reverse": Choice(False, True),
        "model.dense_layers": Integer(1, 3),
        "model.dense_hidden": Choice(32, 64, 128, 256),
        "model.embedding": Choice(16, 32, 64, 128),
        **TRAINING,
    },
    source="gestures study, recurrent classifiers and a Conv1d front end",
    advice="sensor sequences of unequal length, such as gestures: RNN, GRU and LSTM",
)
