"""What an overview means for a search: each finding in one sentence, with what to do."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from data.column_roles import Roles
from data.messages import as_list, quoted
from data.overview import ClassRows, Overview
from data.ranges import Channel
from data.scaling import excess

Topic = Literal["split", "classes", "rows", "scale", "channels", "duplicates", "groups", "columns", "texts", "loader"]

IMBALANCED = 3.0
"""The largest class has so many times the rows of the smallest."""
FEW_VALIDATION_ROWS = 5
"""With fewer of a class, one row changes its recall by more than 0.2."""
FEW_ROWS = 100
"""Of the validation part: the interval of an accuracy of 0.8 is then wider than plus or minus 0.08."""
DOMINATES = 10.0
"""Ratio of a channel's standard deviation to the next one's."""
MANY_EQUAL = 0.1
"""Share of rows that equal an earlier one, and of texts that are truncated."""
FEW_STEPS = 6
"""Fewer are hardly a sequence."""
LONG_TAIL = 0.1
"""Share of the steps."""
LARGEST_GROUP = 0.5
"""Share of the rows in one group."""
NAMED = 4
"""Classes and channels that a finding names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """text: what was found.  advice: what to do about it."""

    topic: Topic
    text: str
    advice: str = ""


def findings(seen: Overview, roles: Roles | None = None, *, scaled: bool = False) -> tuple[Finding, ...]:
    """Return what is worth knowing before a search.

    roles: of a table's columns, where they were looked at.  scaled: ``data.scale`` is set, so ranges need no advice.
    """
    found = (
        *_split(seen),
        *_classes(seen),
        *_rows(seen),
        *_padding(seen),
        *_channels(seen),
        *_texts(seen),
        *_groups(seen),
        *(() if roles is None else _columns(roles, seen.notes)),
        *(Finding(topic="loader", text=note) for note in seen.notes),
    )
    return tuple(one for one in found if not (scaled and one.topic == "scale"))


def imbalance(seen: Overview) -> float:
    """Return how many times the rows of the smallest class the largest has; classes without rows do not count."""
    rows = [one.rows for one in seen.classes if one.rows]
    return max(rows) / min(rows) if rows else 1.0


def far_from_unit(channel: Channel) -> bool:
    """Whether a channel's values are far from zero mean and unit variance."""
    return not channel.constant and excess(channel.mean, channel.std) > 1


def _split(seen: Overview) -> Iterator[Finding]:
    if seen.parts.fault is not None:
        yield Finding(topic="split", text=f"The split is not possible: {seen.parts.fault}")


def _classes(seen: Overview) -> Iterator[Finding]:
    present = [one for one in seen.classes if one.rows]
    if not present:
        return
    if absent := [one.name for one in seen.classes if not one.rows]:
        yield Finding(topic="classes", text=f"Classes without rows: {_named(absent)}.")
    few = [one for one in present if "validation" in one.parts and one.parts["validation"] < FEW_VALIDATION_ROWS]
    if few:
        least = min(few, key=lambda one: one.parts["validation"])
        rows = least.parts["validation"]
        effect = (
            f"one row of class {least.name} changes recall_macro by {1 / (rows * len(present)):.2g}"
            if rows
            else f"nothing is known about class {least.name}"
        )
        yield Finding(
            topic="classes",
            text=f"Classes with fewer than {FEW_VALIDATION_ROWS} validation rows: {_named([one.name for one in few])}; "
            f"{effect}.",
            advice="Add rows, merge or drop rare classes, or rank by accuracy.",
        )
    ratio = imbalance(seen)
    if ratio >= IMBALANCED:
        largest, smallest = (pick(present, key=_count) for pick in (max, min))
        yield Finding(
            topic="classes",
            text=f"Imbalanced: {largest.name} has {ratio:,.0f} times the rows of {smallest.name}; always answering "
            f"{largest.name} has an accuracy of {largest.share:.2f}.",
            advice='Keep objective.metric = "recall_macro", and search data.balance = ["raw", "oversample", '
            '"weighted"].',
        )


def _rows(seen: Overview) -> Iterator[Finding]:
    valid = seen.parts.rows.get("validation", 0)
    if seen.kind != "series" and 0 < valid < FEW_ROWS:
        half = 1.96 * math.sqrt(0.8 * 0.2 / valid)
        yield Finding(
            topic="rows",
            text=f"{valid} validation rows: an accuracy of 0.8 has a 95 % interval of about ±{half:.2f}.",
            advice='Compare with space.name = "baselines", and use data.folds = 5.',
        )
    if seen.kind == "sequences" and seen.lengths.largest < FEW_STEPS:
        yield Finding(
            topic="rows",
            text=f"Sequences have only {seen.lengths.largest} steps.",
            advice="Check that the columns are steps in time, in order. Other measurements are no sequence.",
        )
    same = seen.duplicates
    if same is not None and same.conflicts:
        noun = seen.kind if same.conflicts > 1 else seen.kind.removesuffix("s")
        verb = "occur" if same.conflicts > 1 else "occurs"
        yield Finding(
            topic="duplicates",
            text=f"{same.conflicts:,} {noun} {verb} with more than one class: no model can be right about all of them.",
            advice="Correct the labels. Only the first row of equal ones is kept.",
        )
    if same is not None and same.rows > MANY_EQUAL * seen.rows:
        yield Finding(
            topic="duplicates",
            text=f"{same.rows:,} of {seen.rows:,} rows equal an earlier one and are dropped (data.duplicates).",
            advice="Check how the table was made.",
        )
    if seen.constant_rows:
        yield Finding(
            topic="rows",
            text=f"{seen.constant_rows:,} of {seen.rows:,} sequences have the same value at every step.",
            advice="Check the recording, or drop these rows.",
        )


def _padding(seen: Overview) -> Iterator[Finding]:
    if seen.zero_tails.median >= LONG_TAIL * seen.lengths.largest and not seen.padded:
        yield Finding(
            topic="rows",
            text=f"Sequences end with zeros: half of them with {seen.zero_tails.median:,.6g} or more of "
            f"{seen.lengths.largest:,} steps. These zeros are read as values.",
            advice="If they are padding, an .npz file with an array `lengths` says where sequences end.",
        )


def _channels(seen: Overview) -> Iterator[Finding]:
    if constant := [one.name for one in seen.channels if one.constant]:
        yield Finding(
            topic="channels",
            text=f"Constant over all rows: {_named(constant)}.",
            advice="Leave them out; they say nothing." if len(seen.channels) > 1 else "Check the file.",
        )
    if seen.kind == "series":
        return  # standardised in any case
    if far := [one for one in seen.channels if far_from_unit(one)]:
        worst = max(far, key=lambda one: excess(one.mean, one.std))
        others = f" ({len(far)} of {len(seen.channels)} channels)" if len(seen.channels) > 1 else ""
        yield Finding(
            topic="scale",
            text=f"Far from zero mean and unit variance: {worst.name} has mean {worst.mean:.4g} and standard deviation "
            f"{worst.std:.4g}{others}. Recurrent networks may learn nothing from such values.",
            advice='Use data.scale = "standard".',
        )
    varying = sorted((one for one in seen.channels if not one.constant), key=lambda one: -one.std)
    if len(varying) > 1 and varying[0].std >= DOMINATES * varying[1].std:
        yield Finding(
            topic="scale",
            text=f"One channel dominates: {varying[0].name} varies {varying[0].std / varying[1].std:,.0f} times as "
            f"much as the next, {varying[1].name}.",
            advice='data.scale = "standard" brings the channels to one scale.',
        )


def _texts(seen: Overview) -> Iterator[Finding]:
    if seen.words is not None and seen.words.long > MANY_EQUAL * seen.rows:
        yield Finding(
            topic="texts",
            text=f"{seen.words.long:,} of {seen.rows:,} texts have more than data.max_length = {seen.words.max_length} "
            "words; the rest of each is not read.",
            advice=f"95 % of the texts fit into data.max_length = {seen.words.p95}; each step costs time.",
        )


def _groups(seen: Overview) -> Iterator[Finding]:
    groups = seen.groups
    if groups is not None and seen.parts.method == "stratified":
        yield Finding(
            topic="groups",
            text=f"The data has {groups.count:,} groups, and this split puts rows of one group into several parts: "
            "scores are optimistic for new groups.",
            advice='Use data.split = "grouped".',
        )
    if groups is not None and groups.rows.largest > LARGEST_GROUP * seen.rows:
        yield Finding(
            topic="groups",
            text=f"One group has {groups.rows.largest:,} of {seen.rows:,} rows.",
            advice="A grouped split then depends on where that group falls.",
        )


def _columns(roles: Roles, notes: tuple[str, ...]) -> Iterator[Finding]:
    ignored = roles.options.get("ignore", ())
    if roles.group is not None:
        name = quoted(roles.group.name)
        also = f", and take it out of data.ignore = {as_list(ignored)}" if roles.group.name in ignored else ""
        yield Finding(
            topic="groups",
            text=f"Column {name} looks like a group: {roles.group.distinct:,} values in {roles.group.rows:,} rows. "
            "Rows of one group in several parts of the split make scores optimistic for new groups.",
            advice=f"Declare it with --group {roles.group.name}, in a campaign file data.group = {name}{also}.",
        )
    if roles.labels:
        yield Finding(
            topic="columns",
            text=f"Other columns that could be the label: {_named(list(roles.labels))}.",
            advice="Choose another with --label.",
        )
    if "ignore" in roles.reasons:
        yield Finding(
            topic="columns",
            text=f"Left out, being {roles.reasons['ignore']}: {', '.join(map(quoted, ignored))}.",
            advice=f"A campaign file needs data.ignore = {as_list(ignored)}.",
        )
    if roles.unsorted is not None and not any(quoted(roles.unsorted) in note for note in notes):  # which say more
        yield Finding(
            topic="columns",
            text=f"The rows are not in order of {quoted(roles.unsorted)}, and a series is split in order of its rows.",
            advice="Sort the file.",
        )


def _count(one: ClassRows) -> int:
    return one.rows


def _named(names: list[str]) -> str:
    """Return ``class a``-like lists: the first names, and how many more."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
