"""The space of the tweet sentiment study: a grid of 32 for each cell type.

Source: recurrent layers 1, 2; dense layers 2, 3; dropout or none; L2 regularisation or none; learning rate 1e-3, 1e-4;
width 32.  The study names no strength of dropout and of L2: 0.2 and 1e-4 are ours, and so is the width of the dense
layers, 32.  L2 is Adam's weight decay, which adds weight_decay * w to the gradient: that of a penalty of
weight_decay / 2 * |w|^2, here on all weights, the embedding's among them.
"""

from models.configs import RecurrentConfig
from search_spaces.dimensions import Choice
from search_spaces.space import Space

TWEETS = Space(
    name="tweets",
    models=(RecurrentConfig,),
    dimensions={
        "model.cell": Choice("rnn", "lstm"),
        "model.layers": Choice(1, 2),
        "model.dense_layers": Choice(2, 3),
        "model.dropout": Choice(0.0, 0.2),
        "train.weight_decay": Choice(0.0, 1e-4),
        "train.learning_rate": Choice(1e-3, 1e-4),
    },
    optional={
        "model.embedding": Choice(16, 32, 64, 128),
        "model.padding": Choice("packed", "back", "front"),
        "model.bidirectional": Choice(False, True),
        "train.batch_size": Choice(16, 32, 64, 128),
        "train.batching": Choice("shuffled", "bucketed"),
    },
    constants={"model.hidden": 32, "model.dense_hidden": 32},
    source="tweet sentiment study, a full grid for SimpleRNN and for LSTM",
    advice="short texts: a small grid of 64 configurations",
)
