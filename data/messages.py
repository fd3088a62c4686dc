"""Names and lists as error messages show them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

LONGEST = 8
"""Names that a list shows: sequences have hundreds of columns, and the label is first or last."""

MOST_COMPARED = 200
"""Characters of a wrong name that are compared: a value may be a file's whole text."""


def quoted(text: str) -> str:
    """Return a text as one writes it in TOML."""
    return json.dumps(text, ensure_ascii=False)


def as_list(texts: Iterable[str]) -> str:
    """Return texts as one writes a list of them in TOML."""
    return f"[{', '.join(map(quoted, texts))}]"


def listed(names: Sequence[str]) -> str:
    """Return names with commas between; of many the first and the last four."""
    return ", ".join(names if len(names) <= LONGEST else [*names[:4], "...", *names[-4:]])


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters; of a longer one the beginning and an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def nearest(
    name: object, known: Iterable[str], *, meaning: Mapping[str, str] | None = None, cutoff: float = 0.6
) -> str:
    """Return `` Did you mean "x"?``, upper or lower case, or nothing; it follows a sentence.

    meaning: known word -> what to write, where that is another.
    """
    spelled = {word.lower(): (meaning or {}).get(word, word) for word in known}
    close = get_close_matches(str(name).lower()[:MOST_COMPARED], spelled, n=1, cutoff=cutoff)
    return f" Did you mean {quoted(spelled[close[0]])}?" if close else ""
