"""A first campaign for a data set that was looked at: each key with its reason.  The one place that chooses them."""

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.errors import DataError
from data.findings import IMBALANCED, far_from_unit, imbalance
from data.inspection import Inspection
from data.machine import cores, machine_bytes
from data.overview import Overview, overview
from models.configs import MINIROCKET_STEPS
from tuning.campaign.config import SearchOptions
from tuning.campaign.plan import STARTUP_SHARE

BALANCED = 1.5
"""Below this ratio of the largest to the smallest class, accuracy and macro recall rank alike."""
TINY = 300
"""Rows below which classical models are compared as well."""
SHORT = 64
"""Steps up to which a recurrent network is fast."""
LARGE = 20_000
"""Rows above which a first search should use a sample."""
SAMPLE = 5_000
"""Rows of that sample."""
EPOCHS = ((5_000, 30), (20_000, 15), (float("inf"), 8))
"""Training rows up to which so many epochs are suggested."""
WORKER_BYTES = 2**30
"""Memory for a worker and its share of the driver."""
MOST_WORKERS = 16
SHORT_WINDOW = 8
"""Of a series that is too short for the default."""
FRACTIONS = 0.3
"""Of validation and test part, where the default leaves a rare class out of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key of a campaign file.  table: "" for the top level.  active: False for a suggestion behind a ``#``."""

    table: str
    key: str
    value: Any
    why: str = ""
    active: bool = True


def draft(seen: Inspection, *, name: str, seed: int) -> tuple[Entry, ...]:
    """Return the keys of a campaign that can be launched, in the order of a file.

    Raises:
        DataError: the data cannot be loaded, or no split leaves rows of each class in each part.
    """
    if seen.error is not None:
        raise seen.error
    whole, split = _splittable(seen)
    kind = {"sequences": _sequences, "texts": _texts, "series": _series}[whole.kind]
    return (
        Entry(table="", key="name", value=name),
        Entry(table="", key="seed", value=seed),
        *_data(seen, whole, split),
        *kind(whole),
        *_search(),
        *_training(whole),
        *_objective(whole),
        *_machine(),
    )


def _splittable(seen: Inspection) -> tuple[Overview, tuple[Entry, ...]]:
    """Return the overview with a split that is possible, and the keys that it takes beside those that were used."""
    whole, opened = seen.overview, seen.opened
    assert whole is not None  # noqa: S101 - else there is an error
    assert opened is not None  # noqa: S101
    if whole.parts.fault is None:
        return whole, ()
    larger = {"valid_fraction": FRACTIONS, "test_fraction": FRACTIONS}
    tries: list[dict[str, Any]] = [{"window": SHORT_WINDOW}] if whole.kind == "series" else [larger]
    if whole.parts.method == "grouped":
        tries = [{"split": "stratified"}, larger | {"split": "stratified"}]
    for keys in tries:
        again = overview(replace(opened, config=opened.config.model_copy(update=keys)))
        if again.parts.fault is None:
            why = f"the default is not possible: {whole.parts.fault}"
            return again, tuple(
                Entry(table="data", key=key, value=value, why=why if place == 0 else "")
                for place, (key, value) in enumerate(keys.items())
            )
    raise DataError(whole.parts.fault)


def _data(seen: Inspection, whole: Overview, split: tuple[Entry, ...]) -> list[Entry]:
    keys = {key: value for key, value in seen.keys.items() if key not in {entry.key for entry in split}}
    if keys.keys() & {"group", "segment"} and keys.get("split") == "grouped":
        del keys["split"]  # the default with them
    reasons = {} if seen.roles is None else seen.roles.reasons
    entries = [
        Entry(table="data", key=key, value=value, why=_about(whole) if key == "dataset" else reasons.get(key, ""))
        for key, value in keys.items()
    ]
    entries += split
    group = None if seen.roles is None else seen.roles.group
    if group is not None:
        also = ", and take it out of ignore" if group.name in keys.get("ignore", ()) else ""
        why = f"{group.distinct:,} values: if rows of one belong together, declare it{also}"
        entries.append(Entry(table="data", key="group", value=group.name, why=why, active=False))
    elif (
        whole.groups is not None and not seen.keys.keys() & {"group", "segment"} and whole.parts.method == "stratified"
    ):
        why = f"{whole.groups.count:,} groups: for scores of new groups"
        entries.append(Entry(table="data", key="split", value="grouped", why=why, active=False))
    if (test := _sibling(seen)) is not None:
        entries.append(Entry(table="data", key="test", value=test, why="if it is the official test part", active=False))
    if whole.kind == "sequences" and any(map(far_from_unit, whole.channels)):
        entries.append(Entry(table="data", key="scale", value="standard", why="the values are far from unit scale"))
    if whole.kind == "series" and "window" not in {entry.key for entry in split}:
        why = "steps; a list is a dimension of the search"
        entries.append(Entry(table="data", key="window", value=(16, 32, 64), why=why, active=False))
    return entries + _sampled(whole)


def _sampled(whole: Overview) -> list[Entry]:
    entries = []
    if whole.classes and imbalance(whole) >= IMBALANCED:
        why = f"the largest class has {imbalance(whole):,.3g} times the rows of the smallest"
        entries.append(Entry(table="data", key="balance", value=("raw", "oversample", "weighted"), why=why))
    if whole.words is not None and whole.words.long:
        why = f"words; {whole.words.long:,} of {whole.rows:,} texts are longer; 95 % have at most {whole.words.p95:,}"
        entries.append(Entry(table="data", key="max_length", value=whole.words.max_length, why=why))
    if whole.kind != "series" and whole.rows > LARGE:
        why = "a stratified sample, for a quick first search"
        entries.append(Entry(table="data", key="max_rows", value=SAMPLE, why=why, active=False))
    return entries


def _about(whole: Overview) -> str:
    """Return what the data are, in a few words."""
    if whole.kind == "series":
        return f"a series of {whole.rows:,} steps x {len(whole.channels)}"
    length = whole.lengths
    steps = f"{length.largest:,}" if length.smallest == length.largest else f"{length.smallest:,} to {length.largest:,}"
    noun = "words" if whole.kind == "texts" else f"steps x {len(whole.channels)}"
    return f"{whole.rows:,} {whole.kind}, {len(whole.classes)} classes, {steps} {noun}"


def _sibling(seen: Inspection) -> str | None:
    """Return the dataset's name with ``test`` where there is such a file beside it."""
    if "test" in seen.keys or not seen.paths or not Path(seen.keys["dataset"]).suffix:
        return None
    path = seen.paths[0]
    stem = path.stem
    for train, test in (("train", "test"), ("TRAIN", "TEST"), ("Train", "Test")):
        names = [f"{stem}{mark}{test}" for mark in "_-."]
        if stem.endswith(train):
            names = [stem.removesuffix(train) + test]
        for name in names:
            if path.with_name(name + path.suffix).is_file():
                return str(Path(seen.keys["dataset"]).with_name(name + path.suffix))
    return None


def _sequences(whole: Overview) -> list[Entry]:
    entries = []
    if whole.rows < TINY:
        why = f"with {whole.rows:,} rows, classical models are hard to beat: compare them with a recurrent network"
        entries = [Entry(table="space", key="name", value="baselines", why=why)]
        if importlib.util.find_spec("aeon") is None:
            entries.append(_families("minirocket needs the extra ucr"))
        elif whole.lengths.largest < MINIROCKET_STEPS:
            entries.append(_families(f"minirocket needs {MINIROCKET_STEPS} steps"))
    elif whole.padded and whole.lengths.median <= SHORT:
        why = "recurrent networks, for short sequences of different length"
        entries = [Entry(table="space", key="name", value="recurrent", why=why)]
    else:
        why = "convolutional networks; `seqtune spaces` lists others"
        entries = [Entry(table="space", key="name", value="cnn1d", why=why)]
    return entries


def _texts(whole: Overview) -> list[Entry]:
    if whole.rows < TINY:
        why = f"with {whole.rows:,} texts, classical models are hard to beat: compare them with a recurrent network"
        entry = Entry(table="space", key="name", value="baselines", why=why)
        return [entry, _families("minirocket does not read texts")]
    return [Entry(table="space", key="name", value="news", why="recurrent networks over an embedding of words")]


def _series(_whole: Overview) -> list[Entry]:
    return [Entry(table="space", key="name", value="laboratory", why="recurrent networks from small to large")]


def _families(why: str) -> Entry:
    families = ["recurrent", "majority", "linear", "random-forest"]
    return Entry(table="space", key="narrow", value={"family": families}, why=why)


def _workers() -> tuple[int, int]:
    """Return the number of workers, one per core as far as memory allows, and the cores."""
    return max(1, min(cores(), machine_bytes() // WORKER_BYTES, MOST_WORKERS)), cores()


def _search() -> list[Entry]:
    """Return trials and window: a window's suggestions know no result, so that it is no more than the random share."""
    workers, _ = _workers()
    usual = SearchOptions().window
    window = max(usual, 2 * workers)
    trials = round(window / STARTUP_SHARE)
    entries = [Entry(table="search", key="trials", value=trials, why="a first look; raise it later")]
    if window > usual:
        entries.append(Entry(table="search", key="window", value=window, why="twice the workers, so that few wait"))
    return entries


def _machine() -> list[Entry]:
    workers, cores = _workers()
    return [Entry(table="resources", key="concurrency", value=workers, why=f"trials at a time; cores here: {cores}")]


def _training(whole: Overview) -> list[Entry]:
    rows = whole.parts.rows["training"]
    epochs = next(count for most, count in EPOCHS if rows <= most)
    entries = [Entry(table="train", key="epochs", value=epochs, why=f"of {rows:,} training rows each")]
    if whole.kind != "series" and imbalance(whole) >= BALANCED:
        why = "rare classes are learned late"
        entries.append(Entry(table="train", key="early_stopping_warmup", value=True, why=why))
    return entries


def _objective(whole: Overview) -> list[Entry]:
    if whole.kind == "series":
        target = "in the unit of the target"
        return [Entry(table="objective", key="metric", value="rmse", why=target)]
    ratio = imbalance(whole)
    if ratio < BALANCED:
        return [Entry(table="objective", key="metric", value="accuracy", why="the classes are balanced")]
    why = "every class counts the same, whatever its rows"
    return [Entry(table="objective", key="metric", value="recall_macro", why=why)]
