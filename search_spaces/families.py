"""Families of models, as a space names them, and which of its paths mean something for each."""

from data.messages import nearest
from models.configs import ModelConfigBase, NeuralConfig
from models.registered import BUILT_IN, OWN
from search_spaces.errors import SpaceError

FAMILY = "model.family"
"""The dimension or constant that chooses among the families of a space that has several."""

Family = type[ModelConfigBase]
"""A family of models, by the class of its configurations."""


def family_name(family: Family) -> str:
    """Return what ``model.family`` is in the family's configurations."""
    return str(family.model_fields["family"].default)


def families() -> dict[str, Family]:
    """Return every family by its name, those of the code in use too."""
    return {**BUILT_IN, **{name: own.config for name, own in OWN.items()}}


def find_family(name: str) -> Family:
    """Return the family of that name.  SpaceError: there is none; the nearest name is suggested."""
    known = families()
    if name in known:
        return known[name]
    raise SpaceError(f'space.model = "{name}": no such model family. Known: {", ".join(known)}.{nearest(name, known)}')


def has(family: Family, path: str) -> bool:
    """Return whether a path is a parameter of a family: its own fields, and ``train.*`` if it is neural."""
    room, _, last = path.partition(".")
    return last in family.model_fields if room == "model" else room != "train" or issubclass(family, NeuralConfig)
