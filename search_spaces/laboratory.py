"""The spaces of the laboratory's questions about recurrent networks, one factor at a time.

Source: the laboratory's list of questions; widths are powers of two, from 1 on, so that the width needed to overfit can
be found from below.  ``baselines`` puts a recurrent network beside classical methods on the same data.
"""

from models.configs import LinearConfig, MajorityConfig, MiniRocketConfig, RandomForestConfig, RecurrentConfig
from search_spaces.dimensions import Choice, Integer
from search_spaces.families import FAMILY
from search_spaces.space import Space
from search_spaces.training import TRAINING

WIDTHS = Choice(1, 2, 4, 8, 16, 32, 64, 128, 256)

LABORATORY = Space(
    name="laboratory",
    models=(RecurrentConfig,),
    dimensions={
        "model.cell": Choice("rnn", "gru", "lstm"),
        "model.hidden": WIDTHS,
        "model.layers": Integer(1, 4),
    },
    optional={
        "model.dropout": Choice(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
        "model.bidirectional": Choice(False, True),
        "model.layer_norm": Choice(False, True),
        "model.padding": Choice("packed", "back", "front"),
        "model.reverse": Choice(False, True),
        "model.conv_channels": Choice(0, 8, 16, 32, 64),
        "model.conv_kernel": Choice(3, 5, 7),
        "model.conv_norm": Choice(True, False),
        "model.dense_layers": Integer(1, 3),
        "model.dense_hidden": Choice(16, 32, 64, 128),
        "model.embedding": Choice(8, 16, 32, 64, 128),
        **TRAINING,
    },
    source="laboratory, questions about recurrent networks",
    advice="questions about recurrent networks, one factor at a time, on a grid",
)

BASELINES = Space(
    name="baselines",
    models=(RecurrentConfig, MajorityConfig, LinearConfig, RandomForestConfig, MiniRocketConfig),
    dimensions={
        FAMILY: Choice("recurrent", "majority", "linear", "random-forest", "minirocket"),
        "model.cell": Choice("rnn", "gru", "lstm"),
        "model.hidden": WIDTHS,
        "model.layers": Integer(1, 3),
        "model.penalty": Choice(0.01, 0.1, 1.0, 10.0, 100.0),
        "model.trees": Choice(100, 200, 500),
        "model.min_leaf": Choice(1, 2, 5),
        "model.kernels": Choice(1_000, 2_000, 5_000, 10_000),
    },
    optional={
        "model.dropout": Choice(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
        "model.bidirectional": Choice(False, True),
        "model.layer_norm": Choice(False, True),
        "model.conv_channels": Choice(0, 8, 16, 32, 64),
        "model.embedding": Choice(8, 16, 32, 64, 128),
        **TRAINING,
    },
    source="laboratory, recurrent networks against other methods",
    advice="whether a network beats classical models on your data; a good start",
)
