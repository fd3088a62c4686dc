"""The two spaces of the heartbeat study.

Source: the study's table of search spaces, bounds inclusive.  Its second stage (optimizer, scheduler, patience) has no
published bounds: those below surround the protocol's own values (plateau patience 2, early stopping patience 15).  The
remaining second-stage dimension, the balancing of the training data, is a campaign's ``[data] balance`` list.
"""

from collections.abc import Mapping

from models.configs import CNN2DConfig, CNNGRUConfig
from search_spaces.dimensions import Choice, Dimension, Integer, Real
from search_spaces.space import Space

SECOND_STAGE: Mapping[str, Dimension] = {
    "train.optimizer": Choice("adam", "adamw"),
    "train.scheduler": Choice("plateau", "cosine", "none"),
    "train.plateau_patience": Integer(1, 10),
    "train.early_stopping_patience": Integer(5, 20),
}

CNN_GRU = Space(
    name="cnn-gru",
    model=CNNGRUConfig,
    dimensions={
        "train.batch_size": Choice(16, 32, 48, 60),
        "model.gru_hidden": Choice(32, 64, 128, 256, 512),
        "model.cnn_hidden": Choice(32, 64, 128, 256, 512),
        "model.gru_layers": Choice(2, 3, 4),
        "model.blocks": Integer(1, 5),
        "model.dropout": Choice(0.2, 0.3, 0.4),
        "train.plateau_factor": Real(0.1, 0.4),
    },
    second_stage=SECOND_STAGE,
    source="heartbeat study, 1D-CNN-GRU",
)

CNN2D = Space(
    name="cnn2d",
    model=CNN2DConfig,
    dimensions={
        "train.batch_size": Choice(16, 32, 48),
        "model.hidden": Integer(62, 256),
        "model.layers": Choice(2, 3, 4),
        "model.blocks": Integer(1, 7),
        "model.dropout": Real(0.1, 0.4),
        "train.plateau_factor": Real(0.1, 0.4),
    },
    second_stage=SECOND_STAGE,
    source="heartbeat study, 2D-CNN",
)
