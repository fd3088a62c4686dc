"""Families of models, as a space names them, and which of its paths mean something for each."""

from models.configs import ModelConfigBase, NeuralConfig

FAMILY = "model.family"
"""The dimension or constant that chooses among the families of a space that has several."""

Family = type[ModelConfigBase]
"""A family of models, by the class of its configurations."""


def family_name(family: Family) -> str:
    """Return what ``model.family`` is in the family's configurations."""
    return str(family.model_fields["family"].default)


def has(family: Family, path: str) -> bool:
    """Return whether a path is a parameter of a family: its own fields, and ``train.*`` if it is neural."""
    room, _, last = path.partition(".")
    return last in family.model_fields if room == "model" else room != "train" or issubclass(family, NeuralConfig)
