"""Texts: words until the split, then tokens of a vocabulary fitted on the training part.

A word is a run of letters, digits and underscores, in lower case, as scikit-learn's CountVectorizer extracts it with a
pattern that keeps words of one letter ("i", "u"), which are frequent in short texts.  Texts are composed first (NFC):
decomposed, a letter's accent would end its word.
"""

import hashlib
import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions, TextRule
from data.errors import DataError
from data.memory import check_bytes

PADDING = 0
UNKNOWN = 1
"""Token of every out-of-vocabulary word."""
FIRST = 2
"""Token of the vocabulary's first word."""
DEFAULT_RULE = TextRule()
WORD = r"(?u)\b\w+\b"

# N texts, T tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Texts before encoding.  words: N strings, a text's words joined by one space;  y: (N,) classes."""

    words: tuple[str, ...]
    y: NDArray[np.int64]

    def digests(self) -> list[bytes]:
        """Return 16 bytes for each text; equal if and only if the words and their order are equal (BLAKE2b)."""
        return [hashlib.blake2b(words.encode(), digest_size=16).digest() for words in self.words]

    def lengths(self) -> NDArray[np.int64]:
        """Return (N,) the number of words of each text."""
        return np.array([words.count(" ") + 1 for words in self.words], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words with their own token: word ``words[i]`` is token ``i + 2``."""

    words: tuple[str, ...]
    rule: TextRule = DEFAULT_RULE

    def encode(self, texts: Texts, steps: int) -> Part:
        """Return up to ``steps`` words of each text as tokens: x (N, steps, 1) int32, padded at the back.

        A text has at least one token, UNKNOWN where all its words are dropped.
        """
        tokens = {word: number for number, word in enumerate(self.words, start=FIRST)}
        x = np.full((len(texts.words), steps, 1), PADDING, dtype=np.int32)
        lengths = np.empty(len(texts.words), dtype=np.int64)
        for row, joined in enumerate(texts.words):
            words = self._kept(joined, steps, tokens)
            x[row, : len(words), 0] = [tokens.get(word, UNKNOWN) for word in words]
            lengths[row] = len(words)
        return Part(x=x, lengths=lengths, y=texts.y)

    def lengths(self, texts: Texts) -> NDArray[np.int64]:
        """Return (N,) the number of tokens that each text has before it is truncated."""
        if self.rule.unknown == "token":
            return texts.lengths()
        known = frozenset(self.words)
        return np.array([max(sum(word in known for word in words.split(" ")), 1) for words in texts.words])

    def _kept(self, joined: str, steps: int, known: Container[str]) -> list[str]:
        front = self.rule.truncate == "front"
        if self.rule.unknown == "drop":
            words = [word for word in joined.split(" ") if word in known] or [""]  # which is in no vocabulary
        else:
            words = joined.rsplit(" ", steps)[-steps:] if front else joined.split(" ", steps)
        return words[-steps:] if front else words[:steps]


def texts(raw: Sequence[object], y: NDArray[np.int64], where: str) -> Texts:
    """Return raw texts as words.  Raises DataError for the first text without a word."""
    from sklearn.feature_extraction.text import CountVectorizer

    analyze = CountVectorizer(token_pattern=WORD).build_analyzer()
    words = tuple(
        " ".join(analyze(unicodedata.normalize("NFC", text))) if isinstance(text, str) else "" for text in raw
    )
    empty = [row for row, joined in enumerate(words) if not joined]
    if empty:
        raise DataError(
            f"{where}: row {empty[0] + 1} has an empty text, {raw[empty[0]]!r}: it has no word ({len(empty):,} such "
            "rows in all). Drop these rows, or fill in their texts."
        )
    return Texts(words=words, y=y)


def fit(texts: Texts, train: NDArray[np.int64], size: int) -> tuple[Vocabulary, int]:
    """Return the ``size`` most frequent words of the rows ``train``, and the number of different words in these rows.

    Most frequent first, ties in the order of code points.  CountVectorizer counts, without its ``max_features``, which
    breaks ties by an unstable sort whose result depends on the processor.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=str.split)
    counts = np.asarray(counter.fit_transform([texts.words[row] for row in train]).sum(axis=0)).ravel()
    words = counter.get_feature_names_out()  # in the order of code points
    chosen = np.argsort(-counts, kind="stable")[:size]
    return Vocabulary(words=tuple(str(word) for word in words[chosen])), len(words)


def encode(
    rows: Texts, tested: Texts, *, train: NDArray[np.int64], used: NDArray[np.int64], options: DataOptions
) -> tuple[Part, Part, tuple[str, ...], list[str]]:
    """Return ``rows`` and ``tested`` as tokens, the words of the vocabulary of the rows ``train``, and notes.

    tested: the official test part, or ``rows`` itself.  used: the numbers of the ``rows`` that are in any part.  Arrays
    have as many steps as the longest text of any part, at most ``options.max_length``.
    """
    vocabulary, different = fit(rows, train, options.vocabulary)
    vocabulary = replace(vocabulary, rule=options.text_rule)
    lengths = vocabulary.lengths(rows)[used]
    if tested is not rows:
        lengths = np.concatenate([lengths, vocabulary.lengths(tested)])
    longest = int(lengths.max())
    steps = min(longest, options.max_length)
    texts = len(rows.words) + (0 if tested is rows else len(tested.words))
    check_bytes(f"{options.dataset}, {texts:,} texts of {steps:,} words", texts * steps * 4)
    notes = []
    if different < options.vocabulary:
        notes.append(
            f"the training texts have {different:,} different words, fewer than data.vocabulary = "
            f"{options.vocabulary:,}: all of them have a token."
        )
    if longest > steps:
        notes.append(
            f"{(lengths > steps).sum():,} of {len(lengths):,} texts are longer than data.max_length = {steps} words "
            f"(up to {longest:,}); their {'last' if options.truncate == 'front' else 'first'} {steps} are kept."
        )
    encoded = vocabulary.encode(rows, steps)
    return encoded, encoded if tested is rows else vocabulary.encode(tested, steps), vocabulary.words, notes
