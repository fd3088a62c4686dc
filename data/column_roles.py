"""Which column of a table is probably the label, the group, the text or the target; the reason of each guess."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.config import DataOptions
from data.datasets.columns import LABELS, UNNAMED
from data.datasets.table import IDENTIFIER
from data.errors import DataError
from data.long_roles import LongTable, find_long, window
from data.messages import listed, quoted
from data.rows import MOST_CLASSES
from data.table_profile import ColumnProfile

GROUP = re.compile(
    r"(?i)(.*[ _.-])?(animal|device|driver|house|household|machine|participant|patient|person|record|recording|rider|"
    r"session|site|speaker|subject|unit|user)s?([ _.-]?(id|no|nr|num|number|code|name))?"
)
"""Names that columns of groups have."""
CLOCK = re.compile(r"(?i)(.*[ _.-])?(date|datetime|time|timestamp|hour|day|week|month|year)([ _.-]?(ms|ns|s|utc))?")
"""Names that columns of times have."""
FEW_CLASSES = 50
"""Different integers that may be classes where no name says so."""
ROWS_PER_CLASS = 3
"""Mean rows of a class, at least, for a column to be a label."""
SENTENCE = 3.0
"""Mean words of a column of texts."""
FEW_NUMBERS = 16
"""A table with fewer columns of numbers, beside a column of times, is a series; one beside sentences holds texts."""
SHOWN = 8
"""Columns that a message describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What a table's columns are for.

    options: keys of ``[data]`` and their values, those that the user named too.  reasons: key -> why it was guessed.
    group: a column that was not named and looks like a group.  labels: other columns that could be the label, where it
    was guessed.  times: columns of times.  unsorted: the column of times by which a series is not sorted.
    """

    options: dict[str, Any]
    reasons: dict[str, str]
    group: ColumnProfile | None = None
    labels: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    unsorted: str | None = None


def guess_roles(path: Path, columns: Sequence[ColumnProfile], options: DataOptions) -> Roles:
    """Return the roles of a table's columns; those that ``options`` names are kept.

    Raises:
        DataError: several columns, or none, could be the label, the text or the target.
    """
    given = {key: value for key, value in options if key in options.model_fields_set and key != "dataset"}
    if options.columns:  # all others are left out
        return Roles(options=given, reasons={})
    return _Guess(path, columns, given).roles()


class _Guess:
    """The columns without a role so far, and the roles found."""

    def __init__(self, path: Path, columns: Sequence[ColumnProfile], given: dict[str, Any]) -> None:
        self.path = path
        self.columns = columns
        self.options = dict(given)
        self.reasons: dict[str, str] = {}

    @property
    def free(self) -> list[ColumnProfile]:
        """Columns without a role."""
        roles = {self.options.get(key) for key in ("label", "group", "text", "target", "sequence", "time")}
        return [one for one in self.columns if one.name not in roles and one.name not in self.options.get("ignore", ())]

    @property
    def numbers(self) -> list[ColumnProfile]:
        """Columns that could be time steps or channels."""
        return [
            one for one in self.free if one.kind in {"number", "integer"} and not _identifies(one) and not _clock(one)
        ]

    def roles(self) -> Roles:
        """Return what was found."""
        if "target" not in self.options and "text" not in self.options:
            long = find_long(self.columns, self.options.get("sequence"))
            if long is not None:
                return self._long(long)
        times = tuple(one.name for one in self.free if _clock(one))
        if "target" in self.options or self._is_series():
            return self._series(times)
        self._find_text()
        if "text" not in self.options:
            self._check_lists()
        others = self._find_label()
        groups = [] if "group" in self.options else [one for one in self.free if _groups(one)]
        if "text" not in self.options:
            self._leave_out(groups)
        return Roles(
            options=self.options, reasons=self.reasons, group=next(iter(groups), None), labels=others, times=times
        )

    def _is_series(self) -> bool:
        """Whether there is one row per time step: a column of times, all different, and few columns of numbers."""
        if {"label", "text", "group"} & self.options.keys() or self._named_label() is not None:
            return False
        unique = [one for one in self.free if _clock(one) and (one.increasing or one.distinct in {None, one.rows})]
        numbers = self.numbers
        return bool(unique) and bool(numbers) and (len(numbers) < FEW_NUMBERS or not self._labels())

    def _series(self, times: tuple[str, ...]) -> Roles:
        numbers = [one.name for one in self.numbers]
        if "target" not in self.options:
            usual = [name for name in numbers if name.lower() == "target"]
            why = "the only column of numbers" if len(numbers) == 1 else 'the column called "target"'
            found = numbers if len(numbers) == 1 else usual
            if len(found) != 1:
                raise DataError(
                    f"{self.path}: a series, since it has a column of times ({_quoted(times)}) and no label. Which "
                    f"column is to be forecast? Name it with --target, in a campaign file data.target. Columns of "
                    f"numbers: {listed(numbers)}. If each row is a sequence, name its class with --label."
                )
            self.options["target"] = found[0]
            self.reasons["target"] = why
        counted = [one.name for one in self.free if one.kind in {"number", "integer"} and one.name not in numbers]
        self._ignore(counted, "times and row numbers are no inputs")
        clocks = [one for one in self.columns if one.name in times]
        unsorted = next((one.name for one in clocks if not one.increasing and _sortable(one)), None)
        return Roles(options=self.options, reasons=self.reasons, times=times, unsorted=unsorted)

    def _long(self, long: LongTable) -> Roles:
        """Return the roles of a table with a row per time step."""
        if "sequence" not in self.options:
            mean = long.sequence.rows / (long.sequence.distinct or 1)
            self.options["sequence"] = long.sequence.name
            self.reasons["sequence"] = f"one row per time step, {mean:,.0f} rows per value on average"
        if "time" not in self.options and long.time is not None:
            self.options["time"] = long.time.name
            self.reasons["time"] = "rows of a sequence are sorted by it"
        self._check_lists()
        others = self._find_label()
        if "segment" not in self.options and (length := window(self.path, long, self.options["label"])) is not None:
            self.options["segment"] = {"length": length}
            self.reasons["segment"] = "labels change within recordings, which are cut into windows; choose their length"
        groups = [] if "group" in self.options else [one for one in self.free if _groups(one)]
        if "channels" not in self.options:
            self._leave_out(groups, "no channels")
        return Roles(options=self.options, reasons=self.reasons, group=next(iter(groups), None), labels=others)

    def _find_text(self) -> None:
        if "text" in self.options or len(self.numbers) >= FEW_NUMBERS:
            return
        found = [one for one in self.free if _sentences(one)]
        if len(found) > 1:
            raise DataError(
                f"{self.path}: {len(found)} columns hold texts. Name the one to train on with --text, in a campaign "
                f"file data.text: {listed([one.name for one in found])}."
            )
        if found:
            self.options["text"] = found[0].name
            self.reasons["text"] = f"texts of {found[0].words:.0f} words on average"

    def _find_label(self) -> tuple[str, ...]:
        """Find the label; return the other columns that it could be."""
        if "label" in self.options:
            return ()
        named = self._named_label()
        candidates = self._labels()
        others = tuple(one.name for one in candidates if one is not named)
        if named is not None:
            self.options["label"] = named.name
            self.reasons["label"] = f"a usual name of labels ({_values(named)})"
            return others
        if len(candidates) != 1:
            raise DataError(self._no_label(candidates))
        kind = "texts" if candidates[0].kind == "text" else "integers"
        self.options["label"] = candidates[0].name
        self.reasons["label"] = f"the only column of {kind} with few values ({_values(candidates[0])})"
        return ()

    def _named_label(self) -> ColumnProfile | None:
        """Return the column with a usual name, if one column has one and it can be classes."""
        usual = [one for one in self.free if one.name in LABELS] or [
            one for one in self.free if one.name.lower() in LABELS
        ]
        if len(usual) != 1:
            return None
        return None if usual[0].kind == "number" or not 0 < (usual[0].distinct or 0) <= MOST_CLASSES else usual[0]

    def _labels(self) -> list[ColumnProfile]:
        """Return the columns that could be the label: text with few values; where there is none, integers with few."""
        usable = [one for one in self.free if not _groups(one) and not _clock(one)]
        texts = [one for one in usable if one.kind == "text" and _few(one, MOST_CLASSES) and not _sentences(one)]
        integers = [one for one in usable if one.kind == "integer" and _few(one, FEW_CLASSES)]
        usual = [one for one in (*texts, *integers) if one.name.lower() in LABELS]
        return usual or texts or integers

    def _no_label(self, candidates: Sequence[ColumnProfile]) -> str:
        if candidates:
            shown = "; ".join(f"{quoted(one.name)} ({_values(one)})" for one in candidates[:SHOWN])
            more = f"; and {len(candidates) - SHOWN} more" if len(candidates) > SHOWN else ""
            return (
                f"{self.path}: {len(candidates)} columns may be the label. Name it with --label, in a campaign file "
                f"data.label: {shown}{more}."
            )
        names = [one.name for one in self.columns]
        return (
            f"{self.path}: no label column: none is called {', '.join(LABELS)} and none holds a few different texts or "
            f"integers. Name it with --label, in a campaign file data.label; or, where each row is a step in time, the "
            f"column to forecast with --target. Columns: {listed(names)}."
        )

    def _check_lists(self) -> None:
        nested = [one.name for one in self.free if one.kind == "list"]
        if nested:
            raise DataError(
                f"{self.path}: columns that hold lists or bytes are not read: {listed(nested)}. Store sequences of "
                "several channels or of different length in an .npz file, or leave the columns out with --ignore."
            )

    def _leave_out(self, groups: Sequence[ColumnProfile], why: str = "no time steps") -> None:
        """Ignore what is no time step or channel of a sequence: identifiers, times, groups and texts."""
        no_steps = [one.name for one in self.free if one in groups or _identifies(one) or _clock(one)]
        # A column of numbers in which some value is none is kept: reading it reports that value.
        texts = [one.name for one in self.free if one.kind == "text" and one.numbers <= one.rows / 2]
        no_steps += [name for name in texts if name not in no_steps]
        self._ignore(no_steps, why)

    def _ignore(self, names: Sequence[str], why: str) -> None:
        if names:
            order = [one.name for one in self.columns]
            self.options["ignore"] = (*self.options.get("ignore", ()), *sorted(names, key=order.index))
            self.reasons["ignore"] = why


def _clock(one: ColumnProfile) -> bool:
    counts = one.kind in {"number", "integer"} and CLOCK.fullmatch(one.name) is not None
    return one.kind == "time" or (counts and one.increasing)


def _sortable(one: ColumnProfile) -> bool:
    """Whether the order of a column's values is that of time: of texts only as years, months, days."""
    return one.kind != "time" or all(re.match(r"\d{4}", text) for text in one.examples)


def _identifies(one: ColumnProfile) -> bool:
    """Whether each row has a value of its own, in a column named like a row number or without a name."""
    named = one.name in UNNAMED or IDENTIFIER.fullmatch(one.name) is not None
    return named and one.kind in {"integer", "text"} and one.distinct in {None, one.rows}


def _groups(one: ColumnProfile) -> bool:
    """Whether a column is named like a group, or like an identifier, and has several rows per value."""
    named = GROUP.fullmatch(one.name) or IDENTIFIER.fullmatch(one.name)
    return bool(named) and one.kind in {"integer", "text"} and 2 <= (one.distinct or 0) <= one.rows / 2  # noqa: PLR2004


def _few(one: ColumnProfile, most: int) -> bool:
    """Whether a column has at least two different values and at most ``most``, with several rows each."""
    return one.distinct is not None and 2 <= one.distinct <= min(most, one.rows / ROWS_PER_CLASS)  # noqa: PLR2004


def _sentences(one: ColumnProfile) -> bool:
    return one.kind == "text" and one.words >= SENTENCE and (one.distinct is None or one.distinct > one.rows / 2)


def _values(one: ColumnProfile) -> str:
    shown = ", ".join(dict.fromkeys(one.examples))
    return f"{one.distinct:,}: {shown}{', ...' if (one.distinct or 0) > len(one.examples) else ''}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
