"""Every space by its name."""

import difflib

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


def find(name: str) -> Space:
    """Return the space of that name.  SpaceError: there is none; the nearest name is suggested."""
    if name in SPACES:
        return SPACES[name]
    near = difflib.get_close_matches(name, SPACES, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    raise SpaceError(f'space.name = "{name}": no such space. Known: {", ".join(SPACES)}.{hint}')
