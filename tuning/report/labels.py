"""Names of classes and values as labels of figures: short, distinct, and free of markup.

Plotly reads ``<b>``, ``<a href=...>`` and entities in every label, tick, legend and hover text.
"""

import html
from collections.abc import Iterable, Sequence

from search_spaces.dimensions import Choice, Value
from search_spaces.fields import toml

MOST = 28
"""Characters of a label; the CSV file of a figure has the whole name."""


def label(text: str, most: int = MOST) -> str:
    """Return a text shortened to ``most`` characters, as Plotly shows it literally."""
    return html.escape(text if len(text) <= most else f"{text[: most - 1]}…", quote=False)


def labels(names: Iterable[str], most: int = MOST) -> list[str]:
    """Return distinct labels; those that would be equal after shortening get a number."""
    texts = [label(name, most) for name in names]
    return [f"{text} ({number})" if texts.count(text) > 1 else text for number, text in enumerate(texts, start=1)]


def value_text(value: Value) -> str:
    """Return a value as a campaign file spells it, strings without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_numeric(choice: Choice) -> bool:
    """Return whether all options are numbers."""
    return all(isinstance(option, int | float) and not isinstance(option, bool) for option in choice.options)


def option_values(choice: Choice) -> Sequence[int | float | str]:
    """Return the options as a campaign file spells them, distinct: numbers unchanged."""
    if is_numeric(choice):
        return [option for option in choice.options if isinstance(option, int | float)]
    texts = [value_text(option) for option in choice.options]
    return texts if len(set(texts)) == len(texts) else [toml(option) for option in choice.options]  # true and "true"


def option_labels(choice: Choice) -> Sequence[int | float | str]:
    """Return the options as figures name them: numbers unchanged, all else as labels."""
    return option_values(choice) if is_numeric(choice) else labels(map(str, option_values(choice)))
