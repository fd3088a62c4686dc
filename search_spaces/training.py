"""How models are trained, as optional dimensions that spaces share.

Source: the laboratory's questions (optimizer, batch size, regularisation) around the heartbeat study's protocol (Adam,
1e-3, weight decay 1e-5, batches of 32).  With ``adam`` weight decay is the gradient of an L2 penalty, so an L2
regularisation is a weight decay here; ``adamw`` decouples it.
"""

from collections.abc import Mapping

from search_spaces.dimensions import Choice, Dimension, Integer, Real

SCHEDULE: Mapping[str, Dimension] = {
    "train.optimizer": Choice("adam", "adamw"),
    "train.scheduler": Choice("plateau", "cosine", "none"),
    "train.plateau_patience": Integer(1, 10),
    "train.early_stopping_patience": Integer(5, 20),
    "train.learning_rate": Real(1e-4, 1e-2, log=True),
    "train.weight_decay": Real(1e-6, 1e-2, log=True),
}
"""The heartbeat study's second stage: bounds around its protocol's own values (patience 2 and 15, 1e-3 and 1e-5)."""

TRAINING: Mapping[str, Dimension] = {
    "train.batch_size": Choice(8, 16, 32, 64, 128, 256),
    "train.optimizer": Choice("adam", "adamw", "sgd", "rmsprop"),
    "train.learning_rate": Choice(1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "train.weight_decay": Choice(0.0, 1e-5, 1e-4, 1e-3, 1e-2),
    "train.scheduler": Choice("plateau", "cosine", "none"),
    "train.plateau_factor": Real(0.1, 0.5),
    "train.batching": Choice("shuffled", "bucketed"),
}
"""Values a factor of about 3 or 10 apart, so that a grid can have them."""
