"""Every space by its name."""

from data.messages import nearest
from search_spaces.architectures import ARCHITECTURES
from search_spaces.errors import SpaceError
from search_spaces.heartbeat import CNN1D, CNN2D, CNN_GRU, TRANSFORMER
from search_spaces.laboratory import BASELINES, LABORATORY
from search_spaces.news import NEWS
from search_spaces.recurrent import RECURRENT
from search_spaces.space import Space
from search_spaces.tweets import TWEETS

SPACES: dict[str, Space] = {
    "cnn-gru": CNN_GRU,
    "cnn2d": CNN2D,
    "cnn1d": CNN1D,
    "transformer": TRANSFORMER,
    "recurrent": RECURRENT,
    "news": NEWS,
    "tweets": TWEETS,
    "laboratory": LABORATORY,
    "architectures": ARCHITECTURES,
    "baselines": BASELINES,
}

OWN: dict[str, Space] = {}
"""The spaces of the user's code in use."""


def register(name: str, space: object) -> None:
    """Add a space of a user's code.

    Raises:
        ValueError: the name is taken, or the entry is not a space of that name.
    """
    if name in SPACES or name in OWN:
        what = "a space of this package" if name in SPACES else "defined twice"
        raise ValueError(f"is {what}. Choose another name")
    if not isinstance(space, Space):
        raise ValueError("must be a search_spaces.space.Space")  # noqa: TRY004 - as for any other entry
    if space.name != name:
        raise ValueError(f"its Space has name={space.name!r}; write the same name in both places")
    OWN[name] = space


def forget() -> None:
    """Remove every registered space."""
    OWN.clear()


def find(name: str) -> Space:
    """Return the space of that name.  SpaceError: there is none; the nearest name is suggested."""
    known = SPACES | OWN
    if name in known:
        return known[name]
    raise SpaceError(f'space.name = "{name}": no such space. Known: {", ".join(known)}.{nearest(name, known)}')
