"""UCR and UEA archives: time series in .ts files, read by aeon; an archive by its name, or any .ts file by its path.

Sources: Dau et al., "The UCR time series archive", IEEE/CAA J. Autom. Sinica 6(6), 2019; Bagnall et al., "The UEA
multivariate time series classification archive, 2018", arXiv:1811.00075; Middlehurst et al., "aeon", JMLR 25, 2024.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions
from data.errors import DataError
from data.files import hint, locate
from data.formats import TS_SUFFIX
from data.memory import check_bytes
from data.rows import DataSet, Rows, encode_as, encode_labels, part

PREFIX = "ucr/"
"""Of ``data.dataset``, and the folder of the archives among the data sets."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

LONGEST_LINE = 16 * 2**20
"""Bytes of a row: about two million values."""

# N rows, T time steps, C channels


def is_archive(dataset: str) -> bool:
    """Return whether ``data.dataset`` is ``ucr/NAME`` or the path of a .ts file."""
    return dataset.startswith(PREFIX) or Path(dataset).suffix == TS_SUFFIX


def archive_name(dataset: str) -> str:
    """Return the NAME of ``ucr/NAME``; DataError for an invalid one."""
    name = dataset.removeprefix(PREFIX)
    if not NAME.fullmatch(name):
        raise DataError(f"{dataset!r}: not an archive. Needs ucr/NAME with letters, digits, - and _ in NAME.")
    return name


def find(options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the training file and, of an archive or where ``options.test`` names one, the official test file."""
    if options.dataset.startswith(PREFIX) and not options.dataset.endswith(TS_SUFFIX):
        if options.test is not None:
            raise DataError(f"data.test: {options.dataset} has its own test part.")
        return _archive(archive_name(options.dataset), datasets)
    paths = tuple(locate(name, datasets) for name in (options.dataset, options.test) if name is not None)
    if paths[-1].suffix != TS_SUFFIX:
        raise DataError(f"{paths[-1]}: a .ts file's test part is a .ts file too.")
    return paths


def load(_options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the rows of .ts files: one or several channels, of equal or different length, and a class each."""
    cases = [read_cases(path) for path in paths]
    steps = max(int(lengths.max()) for _, lengths, _ in cases)
    x, lengths, labels = cases[0]
    y, class_names = encode_labels(labels, str(paths[0]))
    test = None
    if len(paths) > 1:
        official, test_lengths, test_labels = cases[1]
        if official.shape[2] != x.shape[2]:
            raise DataError(f"{paths[1]}: {official.shape[2]} channels; the training file has {x.shape[2]}.")
        test_y = encode_as(test_labels, class_names, str(paths[1]))
        test = _padded(official, test_y, test_lengths, steps)
    return Rows(rows=_padded(x, y, lengths, steps), class_names=class_names, test=test)


UCR = DataSet(
    about="an archive of timeseriesclassification.com (needs aeon)",
    size="any",
    find=find,
    load=load,
    splits=("stratified",),
)

Loader = Callable[..., tuple[Any, NDArray[Any], dict[str, Any]]]


def _archive(name: str, datasets: Path | None) -> tuple[Path, ...]:
    if datasets is None:
        raise DataError(f"{PREFIX}{name}: not found.{hint(datasets)}")
    paths = tuple(datasets / "ucr" / name / f"{name}_{which}{TS_SUFFIX}" for which in ("TRAIN", "TEST"))
    for path in paths:
        if not path.is_file():
            raise DataError(
                f"{PREFIX}{name}: {path.absolute()} does not exist. "
                f"`seqtune datasets fetch {PREFIX}{name}` downloads the archive."
            )
    return paths


def _loader() -> Loader:
    try:
        from aeon.datasets import load_from_ts_file
    except ImportError as error:
        raise DataError(
            f'Reading .ts files needs the package aeon ({error}). Install it: pip install "seqtune[ucr]".'
        ) from error
    return load_from_ts_file  # type: ignore[no-any-return] # aeon has no types


def read_cases(path: Path, *, labelled: bool = True) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[Any]]:
    """Return (N, T, C) values, zero after each row's length, (N,) lengths and (N,) labels.

    labelled: whether the file must have a class in each row; else the labels are whatever it has.
    """
    read = _loader()
    try:
        _check_header(path, labelled=labelled)
        _check_lines(path)
        values, labels, header = read(str(path), return_meta_data=True)
    except (OSError, ValueError, IndexError) as error:
        if isinstance(error, DataError):
            raise
        reason = re.sub(r"Error loading <.*?>\. ", "", str(error))
        raise DataError(f"{path}: cannot be read as a .ts file: {reason}") from error
    if len(values) == 0:
        raise DataError(f"{path}: the file has no rows after @data.")
    if len(values[0]) == 0:
        raise DataError(f"{path}: row 1 has no class: it must follow the last colon (@classLabel true).")
    declared = np.unique(header["class_values"])
    if labelled and len(declared) > 1:  # encode_labels reports a single class
        encode_as(labels, encode_labels(declared, f"{path}: @classLabel")[1], str(path))
    x, lengths = _stacked(values, path)
    _check_no_missing(x, lengths, path)
    return x, lengths, labels


def _check_header(path: Path, *, labelled: bool) -> None:
    """Raise DataError for a broken header, or one that declares a kind of file that cannot be read.

    aeon ignores lines that it does not know, and loses the signs of values in rows with time stamps.
    """
    tags: dict[str, str] = {}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            text = line.strip().lower()
            if text == "@data":
                break
            if text.startswith("@"):
                tag, _, value = text.partition(" ")
                tags[tag] = value.strip()
            elif text and not text.startswith("#"):
                raise DataError(
                    f"{path}: line {number}: got {line.strip()[:40]!r}; above the line @data a header has only "
                    "comments (#) and tags (@). Is the line @data missing?"
                )
        else:
            raise DataError(f"{path}: broken header: no line @data. Is the file cut off?")
    if tags.get("@timestamps") == "true":
        raise DataError(f"{path}: @timeStamps true: rows with time stamps are not read. Store the values without them.")
    if tags.get("@targetlabel") == "true":
        raise DataError(f"{path}: @targetLabel true: a regression problem; .ts files are read for classification.")
    if labelled and not tags.get("@classlabel", "").startswith("true"):
        raise DataError(f"{path}: broken header: no line @classLabel true with the names of the classes.")


def _check_lines(path: Path) -> None:
    """Raise DataError for a line that aeon would take apart in many times its size."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise DataError(f"{path}: line {number}: longer than {LONGEST_LINE:,} bytes. Is it a .ts file?")


def _stacked(values: Any, path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return N arrays (C, t) as (N, T, C) float32 with T the longest t, and (N,) t.

    Raises DataError where one long row would make all others take too much memory.
    """
    lengths = np.array([case.shape[1] for case in values], dtype=np.int64)
    check_bytes(str(path), len(values) * int(lengths.max()) * len(values[0]) * 4, file_bytes=path.stat().st_size)
    x = np.zeros((len(values), int(lengths.max()), len(values[0])), dtype=np.float32)
    with np.errstate(over="ignore"):
        for row, case in enumerate(values):
            x[row, : case.shape[1]] = case.T
    return x, lengths


def _check_no_missing(x: NDArray[np.float32], lengths: NDArray[np.int64], path: Path) -> None:
    bad = ~np.isfinite(x)
    if bad.any():
        row, step, channel = np.argwhere(bad)[0]
        raise DataError(
            f"{path}: row {row + 1}, channel {channel + 1}, time step {step + 1} of {lengths[row]}: got "
            f"{x[row, step, channel]} (missing, infinite or beyond float32), {bad.sum():,} such values in all. "
            "Fill them, or drop the rows."
        )


def _padded(x: NDArray[np.float32], y: NDArray[np.int64], lengths: NDArray[np.int64], steps: int) -> Part:
    return part(np.pad(x, ((0, 0), (0, steps - x.shape[1]), (0, 0))), y, lengths)
