"""The parts of a split as they are, not balanced: rows with a class each, or windows of a series."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.arrays import Counts, Part
from data.balance import epoch_order
from data.config import DataConfig
from data.content import Content, PreparationProgress, class_counts, write_array, write_part
from data.duplicates import conflicting, first_of_equals, sequence_digests, verify_rows
from data.manifest import GROUPS
from data.rows import Rows, classes
from data.scaling import Scaling, fit, one_step_notes, scale_notes
from data.series import Series, cut
from data.split import Split, sample, split
from data.texts import Texts, encode

WITHOUT_LEVEL = (
    'data.scale = "per-sequence": each window is standardised by its own steps, its target by the training part: '
    "models do not see a window's level."
)


def write_raw(config: DataConfig, loaded: Rows | Series, folder: Path, progress: PreparationProgress) -> Content:
    """Write the parts of a data set as they are; an epoch has every training row once."""
    if isinstance(loaded, Series):
        return _write_series(config, loaded, folder, progress)
    return _write_split(config, loaded, folder, progress)


def divide(rows: Rows, digests: Sequence[bytes], config: DataConfig) -> tuple[NDArray[np.int64], Split, list[str]]:
    """Return the row numbers that are kept, those of each part, and notes.

    Duplicates are dropped, then rows are sampled, then split.

    digests: of ``rows.rows``, as from ``row_digests``.  Raises DataError where a class or group does not allow it.
    """
    y = classes(rows.rows)
    kept, notes = _distinct(digests, y, config, "texts" if isinstance(rows.rows, Texts) else "sequences")
    if config.max_rows is not None:
        kept = kept[sample(y[kept], config.max_rows, config.split_seed)]
    parts = split(
        y[kept],
        None if rows.groups is None else rows.groups[kept],
        config,
        class_names=rows.class_names,
        official_test=rows.test is not None,
    )
    return kept, Split(train=kept[parts.train], valid=kept[parts.valid], test=kept[parts.test]), notes


def _write_split(config: DataConfig, rows: Rows, folder: Path, progress: PreparationProgress) -> Content:
    """Write rows with classes: duplicates dropped, then sampled, then split, then texts encoded."""
    y, names = classes(rows.rows), rows.class_names
    of_fold = "" if config.fold is None else f", {config.division} {config.fold} of {config.divisions}"
    progress(f"{config.dataset}{of_fold}: splitting {len(y):,} rows")
    digests = row_digests(rows.rows)
    kept, parts, notes = divide(rows, digests, config)
    train, valid = parts.train, parts.valid
    if rows.test is None:
        tested, test = rows.rows, parts.test
        test_digests = [digests[row] for row in test]
    else:
        tested, test = rows.test, np.arange(len(rows.test.y))
        test_digests = row_digests(tested)
    known = {digests[row] for row in train}
    distinct = config.duplicates == "drop"
    notes += verify_rows(known, "validation", [digests[row] for row in valid], clean=distinct)
    notes += verify_rows(known, "test", test_digests, clean=distinct and rows.test is None)
    own_parts = (train, valid) if rows.test is not None else (train, valid, test)
    notes += _shared_groups(rows, own_parts, config)
    encoded, tested, words, text_notes = _encoded(rows.rows, tested, train, kept, config)
    notes += text_notes
    if isinstance(rows.rows, Texts):
        notes += _equal_tokens(
            encoded, tested, train, {"validation": valid, "test": test}, test_apart=rows.test is not None
        )
    scaling, scale_notes = _scaling(encoded, train, rows, config)
    notes += scale_notes
    progress(f"{config.dataset}{of_fold}: writing {len(train):,} + {len(valid):,} + {len(test):,} rows")
    order = epoch_order(y[train], config)
    arrays = {
        **write_part(folder, "train", encoded, train, scaling),
        **write_part(folder, "valid", encoded, valid, scaling),
        **write_part(folder, "test", tested, test, scaling),
        "order": write_array(folder, "order", order),
    }
    if rows.groups is not None and rows.test is None and config.split != "stratified":
        arrays[GROUPS[0]] = write_array(folder, GROUPS[0], rows.groups[test])
    counts = Counts(
        train=class_counts(y[train], names),
        valid=class_counts(y[valid], names),
        test=class_counts(classes(tested)[test], names),
        epoch=class_counts(y[train][order], names),
    )
    for part, of_class in (("training", counts.train), ("validation", counts.valid), ("test", counts.test)):
        which = f" of {config.division} {config.fold}" if config.fold is not None and part == "validation" else ""
        lacking = [name for name, count in of_class.items() if count == 0] if any(of_class.values()) else []
        notes += [f"the {part} part{which} has no rows of class {name}." for name in lacking]
    _, steps, channels = encoded.x.shape
    return Content(
        arrays=arrays,
        class_names=names,
        steps=steps,
        channels=channels,
        counts=counts,
        notes=(*rows.notes, *notes),
        words=words,
        scaling=scaling,
        inputs=rows.inputs or rows.channels,
    )


def _write_series(config: DataConfig, series: Series, folder: Path, progress: PreparationProgress) -> Content:
    progress(f"{config.dataset}: cutting {len(series.values):,} rows into windows of {config.window}")
    windows = cut(series, config)
    parts = {"train": windows.parts.train, "valid": windows.parts.valid, "test": windows.parts.test}
    progress(f"{config.dataset}: writing {' + '.join(f'{len(rows):,}' for rows in parts.values())} windows")
    arrays = {"order": write_array(folder, "order", np.arange(len(parts["train"])))}
    for name, rows in parts.items():
        arrays |= write_part(folder, name, windows.whole, rows)
    counts = {name: {"rows": len(rows)} for name, rows in parts.items()}
    return Content(
        arrays=arrays,
        class_names=(),
        steps=config.window,
        channels=len(series.names),
        counts=Counts(**counts, epoch=counts["train"]),
        notes=series.notes if config.scale != "per-sequence" else (*series.notes, WITHOUT_LEVEL),
        scale=windows.scale,
        scaling=windows.scaling,
        inputs=series.names,
        target=series.names[series.target],
    )


def row_digests(rows: Part | Texts) -> list[bytes]:
    """Return 16 bytes for each sequence or text; equal ones have equal digests."""
    return rows.digests() if isinstance(rows, Texts) else sequence_digests(rows)


def _distinct(
    digests: Sequence[bytes], y: NDArray[np.int64], config: DataConfig, plural: str
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the rows that are kept, and notes about equal ones.  plural: the noun for them."""
    first = first_of_equals(digests)
    repeated = len(digests) - len(first)
    if not repeated:
        return first, []
    treated = "dropped" if config.duplicates == "drop" else "kept"
    notes = [f"{repeated:,} of {len(digests):,} rows equal an earlier one; {treated} (data.duplicates)."]
    conflicts = conflicting(digests, y)
    if conflicts:
        counted = f"{conflicts:,} {plural} occur" if conflicts > 1 else f"1 {plural.removesuffix('s')} occurs"
        notes.append(f"{counted} with more than one class.")
    return (first if config.duplicates == "drop" else np.arange(len(digests))), notes


def _equal_tokens(
    encoded: Part, tested: Part, train: NDArray[np.int64], others: dict[str, NDArray[np.int64]], *, test_apart: bool
) -> list[str]:
    """Return notes on texts that have the tokens of a training text: different ones may be equal once encoded.

    test_apart: the test part's rows are those of ``tested``, not of ``encoded``.
    """
    digests = sequence_digests(encoded)
    known = {digests[row] for row in train}
    of_test = sequence_digests(tested) if test_apart else digests
    notes = []
    for name, rows in others.items():
        part = of_test if name == "test" else digests
        count = sum(part[row] in known for row in rows)
        if count:
            notes.append(
                f"{count:,} of {len(rows):,} {name} texts have the tokens of a training text (equal but for words "
                "without a token and words beyond data.max_length): scores are optimistic."
            )
    return notes


def _shared_groups(rows: Rows, parts: Sequence[NDArray[np.int64]], config: DataConfig) -> list[str]:
    """Return a note if a group of a user's table is in several parts."""
    if rows.groups is None or rows.group_name is None or config.split != "stratified":
        return []
    in_parts = [set(rows.groups[part].tolist()) for part in parts]
    if sum(map(len, in_parts)) == len(set().union(*in_parts)):
        return []
    note = (
        f"rows of one group ({rows.group_name}) are in several parts of the split: scores are optimistic for new "
        'groups. Use data.split = "grouped".'
    )
    return [note]


def _scaling(
    encoded: Part, train: NDArray[np.int64], rows: Rows, config: DataConfig
) -> tuple[Scaling | None, list[str]]:
    """Return how the rows of every part are scaled, fitted on the rows ``train``, and notes about it."""
    if isinstance(rows.rows, Texts):
        return None, []
    channels = rows.channels or tuple(str(number) for number in range(1, encoded.x.shape[2] + 1))
    x = np.asarray(encoded.x, dtype=np.float32)
    if config.scale is None:
        return None, scale_notes(x, encoded.lengths, train, channels)
    scaling = fit(config.scale, x, encoded.lengths, train, channels)
    return scaling, one_step_notes(encoded.lengths, config.scale)


def _encoded(
    rows: Part | Texts, tested: Part | Texts, train: NDArray[np.int64], used: NDArray[np.int64], config: DataConfig
) -> tuple[Part, Part, tuple[str, ...], list[str]]:
    """Return the rows and the test part's as they are trained on, the words of a vocabulary, and notes about it."""
    if isinstance(rows, Part) and isinstance(tested, Part):
        return rows, tested, (), []
    if isinstance(rows, Texts) and isinstance(tested, Texts):
        return encode(rows, tested, train=train, used=used, options=config)
    raise TypeError(f"{config.dataset}: rows are {type(rows).__name__}, their test part is {type(tested).__name__}")
