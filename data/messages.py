"""Names and lists as error messages show them."""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

LONGEST = 8
"""Names that a list shows: sequences have hundreds of columns, and the label is first or last."""


def quoted(text: str) -> str:
    """Return a text as one writes it in TOML."""
    return json.dumps(text, ensure_ascii=False)


def as_list(texts: Iterable[str]) -> str:
    """Return texts as one writes a list of them in TOML."""
    return f"[{', '.join(map(quoted, texts))}]"


def listed(names: Sequence[str]) -> str:
    """Return names with commas between; of many the first and the last four."""
    return ", ".join(names if len(names) <= LONGEST else [*names[:4], "...", *names[-4:]])


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return `` Did you mean 'x'?``, upper or lower case, or nothing; it follows a sentence."""
    spelled = {word.lower(): word for word in known}
    close = get_close_matches(name.lower(), spelled, n=1, cutoff=cutoff)
    return f" Did you mean {spelled[close[0]]!r}?" if close else ""
