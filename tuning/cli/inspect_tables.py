"""The tables and lines of ``seqtune inspect``."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from data.column_roles import SENTENCE
from data.findings import imbalance
from data.memory import shown_bytes
from data.messages import as_list, quoted, shortened
from data.overview import Opened, Overview, Spread
from data.rows import Rows, classes
from data.table_profile import ColumnProfile
from data.texts import Texts
from tuning.cli import tables
from tuning.cli.tables import Column
from tuning.journal.text import Cell, shown

if TYPE_CHECKING:
    from rich.console import Console

    from data.inspection import Inspection

MANY = 20
"""Classes, channels and columns of which each has a line; of more the first and last few."""
ENDS = 5
"""Those first and last lines."""
NAME, VALUE, TEXT = 40, 24, 100
"""Characters of a class or column, of an example in a table, of a text."""
TEXTS = 2
"""Texts per class that are printed."""
PARTS = ("training", "validation", "test")


def show(seen: "Inspection", target: "Console", *, examples: bool) -> None:
    """Print what was found.  examples: of texts, a few of each class."""
    one = seen.overview
    if one is None:
        tables.line(target, f"{seen.keys['dataset']}: columns", "bold")
        _columns(seen.columns, target)
        return
    tables.line(target, f"{seen.keys['dataset']}: {_headline(one)}", "bold")
    for path in seen.paths[:2]:
        tables.line(target, f"file: {path} ({shown_bytes(path.stat().st_size)})")
    if len(seen.paths) > 2:  # noqa: PLR2004 - as many as are listed
        tables.line(target, f"and {len(seen.paths) - 2} more files")
    keys = {key: value for key, value in seen.keys.items() if key != "dataset"}
    if keys:
        tables.line(target, f"read with {', '.join(f'data.{key} = {_toml(value)}' for key, value in keys.items())}")
    target.print()
    if one.classes:
        _classes(one, target)
    else:
        _parts(one, target)
    target.print()
    _facts(one, target)
    if one.channels:
        target.print()
        _channels(one, target)
    if examples and seen.opened is not None:
        _examples(seen.opened, target)
    target.print()
    tables.line(target, "Findings" if seen.findings else "Findings: none", "bold")
    for finding in seen.findings:
        tables.line(target, f"- {finding.text} {finding.advice}".rstrip())


def _headline(one: Overview) -> str:
    if one.kind == "series":
        return f"a series of {one.rows:,} time steps, {_counted(len(one.channels), 'channel')}"
    what = f"{one.rows:,} {one.kind}, {_counted(len(one.classes), 'class', 'classes')}"
    if one.kind == "texts":
        return what
    length = one.lengths
    steps = f"{length.largest:,}" if length.smallest == length.largest else f"{length.smallest:,} to {length.largest:,}"
    return f"{what}, {steps} x {len(one.channels)}"


def _counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def _classes(one: Overview, target: "Console") -> None:
    """Print the classes; of many the largest and the smallest."""
    ordered = one.classes
    hidden = None
    if len(ordered) > MANY:
        ranked = sorted(ordered, key=lambda row: -row.rows)
        first, middle, last = ranked[:ENDS], ranked[ENDS:-ENDS], ranked[-ENDS:]
        low, high = middle[-1].rows, middle[0].rows
        each = f"{low:,} rows each" if low == high else f"{low:,} to {high:,} rows"
        hidden = f"... {len(middle)} classes of {each}"
        ordered = (*first, *last)
    parts = [part for part in PARTS if part in ordered[0].parts]
    rows: list[list[Cell]] = [
        [shortened(row.name, NAME), f"{row.rows:,}", f"{row.share:.1%}", *(f"{row.parts[part]:,}" for part in parts)]
        for row in ordered
    ]
    if hidden is not None:
        rows.insert(ENDS, [hidden, *[""] * (2 + len(parts))])
    total = ["all", f"{one.rows:,}", "", *(f"{one.parts.rows[part]:,}" for part in parts)]
    heads = ["class", "rows", "share", *parts]
    tables.table(target, [Column(head=head, right=i > 0) for i, head in enumerate(heads)], [*rows, total])


def _parts(one: Overview, target: "Console") -> None:
    """Print the targets in each part of a series."""
    if one.parts.rows:
        counts = ", ".join(f"{part} {one.parts.rows[part]:,}" for part in PARTS)
        tables.line(target, f"forecasts: {counts}, in order of time")
    else:
        tables.line(target, "forecasts: none, see below")


def _facts(one: Overview, target: "Console") -> None:
    rows = list(_fact_rows(one))
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        tables.line(target, f"{name:<{width}}  {text}")


def _fact_rows(one: Overview) -> Iterator[tuple[str, str]]:
    if one.classes:
        official = "official test file" if one.parts.official_test else "no official test file"
        yield "split", f"{one.parts.method}, {official}" + (": not possible, see below" if one.parts.fault else "")
        ratio = imbalance(one)
        larger = f"the largest class has {ratio:,.3g} times the rows of the smallest"
        yield "balance", larger if ratio > 1 else "all classes have the same number of rows"
    if one.kind != "series":
        noun = "words" if one.kind == "texts" else "steps"
        shorter = f"; {one.padded:,} rows are shorter than the longest" if one.padded else ""
        yield "lengths", f"{_spread(one.lengths)} {noun}{shorter}"
    if one.words is not None:
        words = one.words
        frequent = f"the {min(words.vocabulary, words.different):,} most frequent are {words.covered:.1%} of all words"
        yield "vocabulary", f"{words.different:,} different words; {frequent} (data.vocabulary = {words.vocabulary})"
        many = f"{words.long:,} of {one.rows:,} texts are" if words.long else "no text is"
        yield "truncated", f"{many} longer than data.max_length = {words.max_length}; 95 % have at most {words.p95:,}"
    if one.channels:
        yield "missing", "none; every value is a finite number"
    if one.groups is not None:
        groups = one.groups
        of = "" if groups.name is None else f" ({groups.name})"
        yield (
            "groups",
            f"{groups.count:,}{of}; rows of each: {_spread(groups.rows)}; classes of each: {_spread(groups.classes)}",
        )
    if one.duplicates is not None:
        same = one.duplicates
        conflicts = f"; contradicting classes: {same.conflicts:,}" if same.conflicts else ""
        yield "duplicates", f"{_rows_equal(same.rows)} an earlier one{conflicts}" if same.rows else "none"
    if one.constant_rows:
        yield "constant", f"{one.constant_rows:,} sequences"
    if one.zero_tails.rows:
        tails = one.zero_tails
        yield "zeros", f"{tails.rows:,} sequences end with zeros, the median of all with {tails.median:,.6g} of them"


def _channels(one: Overview, target: "Console") -> None:
    """Print the ranges of the channels; of many the first and the last."""
    rows: list[list[Cell]] = [
        [shortened(c.name, NAME), c.smallest, c.largest, c.mean, c.std, "constant" if c.constant else ""]
        for c in one.channels
    ]
    if len(rows) > MANY:
        rows[ENDS:-ENDS] = [[f"... {len(rows) - 2 * ENDS} more", "", "", "", "", ""]]
    heads = ["channel", "min", "max", "mean", "sd", ""]
    cells = [[shown(cell) for cell in row] for row in rows]
    tables.table(target, [Column(head=head, right=0 < i < len(heads) - 1) for i, head in enumerate(heads)], cells)


def _columns(columns: Sequence[ColumnProfile], target: "Console") -> None:
    """Print a table's columns; runs of plain numbers as one line."""
    rows: list[list[Cell]] = []
    for plain, run in groupby(columns, key=lambda c: c.kind in {"number", "integer"} and not c.missing):
        some = list(run)
        if plain and len(some) > ENDS:
            between = f"{shortened(some[0].name, VALUE)} ... {shortened(some[-1].name, VALUE)}"
            rows.append([between, f"{len(some)} columns of numbers", "", "0", ""])
        else:
            rows += [_column(one) for one in some]
    if len(rows) > 2 * MANY:
        rows[MANY:-MANY] = [[f"... {len(rows) - 2 * MANY} more", "", "", "", ""]]
    heads = ["column", "holds", "different", "missing", "examples"]
    tables.table(target, [Column(head=head, right=head in {"different", "missing"}) for head in heads], rows)


def _column(one: ColumnProfile) -> list[Cell]:
    kinds = {"number": "numbers", "integer": "integers", "text": "text", "time": "times", "list": "lists or bytes"}
    kind, others = kinds[one.kind], one.rows - one.missing - one.numbers
    if one.kind == "text" and others < one.numbers:
        kind = f"numbers, and {_counted(others, 'other value')}"
    elif one.kind == "text" and one.words >= SENTENCE:
        kind = f"text, {one.words:.0f} words each"
    different = "" if one.distinct is None else f"{one.distinct:,}"
    examples = ", ".join(shortened(text, VALUE) for text in one.examples)
    return [shortened(one.name, NAME), kind, different, f"{one.missing:,}", examples]


def _examples(opened: Opened, target: "Console") -> None:
    """Print the first texts of each class; of many classes, of the first."""
    if not isinstance(opened.loaded, Rows) or not isinstance(opened.loaded.rows, Texts):
        return
    texts, y = opened.loaded.rows, classes(opened.loaded.rows)
    target.print()
    for number, name in enumerate(opened.loaded.class_names[:MANY]):
        for row in np.flatnonzero(y == number)[:TEXTS]:
            tables.line(target, f"{shortened(name, NAME)}: {shortened(texts.words[row], TEXT)}")


def _rows_equal(rows: int) -> str:
    return "1 row equals" if rows == 1 else f"{rows:,} rows equal"


def _spread(counts: Spread) -> str:
    if counts.smallest == counts.largest:
        return f"{counts.smallest:,}"
    return f"{counts.smallest:,} to {counts.largest:,} (median {counts.median:,.6g})"


def _toml(value: object) -> str:
    if isinstance(value, tuple | list):
        return as_list(value)
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(inner)}' for key, inner in value.items())} }}"
    return quoted(value) if isinstance(value, str) else str(value)
