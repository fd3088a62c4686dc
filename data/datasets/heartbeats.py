"""MIT-BIH heartbeats, "heartbeat categorization" version: 109,446 beats, 187 samples x 1, five AAMI classes.

Source: Moody and Mark, IEEE Eng. in Med. and Biol. 20(3), 2001; Kachuee, Fazeli, Sarrafzadeh, ICHI 2018
(arXiv:1805.00794).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions
from data.datasets.columns import column_names, read_columns
from data.datasets.patients import by_patient, de_chazal
from data.errors import DataError
from data.files import hint
from data.rows import DataSet, Rows, encode_as, part

CLASS_NAMES = ("N", "S", "V", "F", "Q")
CODES = ("0", "1", "2", "3", "4")
"""The classes' codes in the files' last column."""
STEPS = 187
LAYOUTS = (
    ("mitbih_train.parquet", "mitbih_test.parquet"),
    ("mitbih_train.csv", "mitbih_test.csv"),  # Kaggle: no header, the label last
    ("heart_big_train.parq", "heart_big_test.parq"),
)
FOLDERS = ("mitbih_heartbeat", ".")


def find(options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the official training and test file; for a split by patient their two files of records too."""
    if datasets is None:
        raise DataError(f"heartbeats: not found.{hint(datasets)}")
    for folder in FOLDERS:
        for layout in LAYOUTS:
            train, test = (datasets / folder / name for name in layout)
            if train.is_file() and test.is_file():
                return (train, test) if options.split == "stratified" else (train, test, *_records(train, test))
            if train.is_file() or test.is_file():
                existing, missing = (train, test) if train.is_file() else (test, train)
                raise DataError(f"heartbeats: {missing.name} is missing beside {existing}. Both files are needed.")
    names = " + ".join(LAYOUTS[0]), " + ".join(LAYOUTS[1]), " + ".join(LAYOUTS[2])
    places = " and ".join(str((datasets / folder).absolute()) for folder in FOLDERS)
    raise DataError(f"heartbeats: not found. Looked in {places} for {', '.join(names)}.")


def load(options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the official training rows, with the official test part.

    The official parts share patients, so a split by patient pools them.  ``split = "grouped"``: all rows as one part,
    with the patient as the group and no official test part;  ``"de-chazal"``: DS2 is the official test part.
    """
    train, test = _read(paths[0]), _read(paths[1])
    if options.split == "stratified":
        return Rows(rows=train, class_names=CLASS_NAMES, test=test)
    records = [_record(path, len(rows.y)) for path, rows in zip(paths[2:], (train, test), strict=True)]
    pooled = Part(
        x=np.concatenate([train.x, test.x]),
        lengths=np.concatenate([train.lengths, test.lengths]),
        y=np.concatenate([train.y, test.y]),
    )
    divide = de_chazal if options.split == "de-chazal" else by_patient
    return divide(pooled, np.concatenate(records), CLASS_NAMES)


HEARTBEATS = DataSet(
    about="MIT-BIH heartbeats (ECG), official test part, patients known",
    size="109,446 rows, 5 classes, 187 x 1",
    find=find,
    load=load,
    splits=("stratified", "grouped", "leave-one-group-out", "de-chazal"),
)


def _read(path: Path) -> Part:
    header = path.suffix != ".csv"
    names = column_names(path, header=header)
    if len(names) != STEPS + 1:
        raise DataError(f"{path}: {len(names)} columns; needs {STEPS + 1}: {STEPS} samples and the class.")
    label = "target" if "target" in names else names[-1]
    x, columns = read_columns(path, numbers=[name for name in names if name != label], others=[label], header=header)
    return part(x, encode_as(columns[label], CODES, str(path)))


def _records(train: Path, test: Path) -> tuple[Path, ...]:
    """Return the files of patient records beside the data; DataError if one is missing."""
    paths = tuple(path.with_name(f"{path.stem}_meta.parquet") for path in (train, test))
    for path in paths:
        if not path.is_file():
            raise DataError(
                f"heartbeats: a split by patient needs the patient of each row; {path} does not exist. "
                'Use split = "stratified", or add the file (a column `record`, one row per beat).'
            )
    return paths


def _record(path: Path, rows: int) -> NDArray[np.int64]:
    """Return (N,) the record of each beat."""
    if "record" not in column_names(path):
        raise DataError(f"{path}: no column 'record'.")
    x, _ = read_columns(path, numbers=["record"])
    if len(x) != rows:
        raise DataError(f"{path}: {len(x):,} rows; the data file beside it has {rows:,}.")
    return x[:, 0].astype(np.int64)
