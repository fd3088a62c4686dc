"""MIT-BIH heartbeats cut out of PhysioNet's own records: the 109,446 beats of ``heartbeats``, with their patients.

Source: MIT-BIH Arrhythmia Database v1.0.0, Moody and Mark, IEEE Eng. in Med. and Biol. 20(3), 2001; the cutting of
Kachuee, Fazeli, Sarrafzadeh, ICHI 2018 (arXiv:1805.00794), as published on Kaggle.
"""

from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions
from data.datasets.heartbeats import CLASS_NAMES, STEPS
from data.datasets.patients import RECORDS, by_patient, de_chazal
from data.errors import DataError
from data.files import hint
from data.rows import DataSet, Rows, part

FOLDERS = ("mitdb", ".")
RECORD_SUFFIXES = (".hea", ".dat", ".atr")
"""The files of a record: header, signals, annotations."""
CLASS_OF = {symbol: number for number, symbols in enumerate(("NLRej", "AaJS", "VE", "F", "/fQ")) for symbol in symbols}
"""Annotation -> the number of its AAMI class; annotations of rhythm or noise are not beats."""
SAMPLING_RATE_HZ = 360
EVERY = 3
"""Of the samples every third is kept: 120 Hz (published as 125)."""
TAIL = 0.2
"""A segment ends this share of the next interval after the next annotation."""
FETCH = "`seqtune datasets fetch heartbeats-physionet` downloads them."


def find(_options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the three files of each of the 48 records."""
    if datasets is None:
        raise DataError(f"heartbeats-physionet: not found.{hint(datasets)}")
    names = [f"{record}{suffix}" for record in RECORDS for suffix in RECORD_SUFFIXES]
    for folder in (datasets / name for name in FOLDERS):
        missing = [name for name in names if not (folder / name).is_file()]
        if not missing:
            return tuple(folder / name for name in names)
        if len(missing) < len(names):
            raise DataError(
                f"heartbeats-physionet: {folder.absolute()}: {len(missing)} of the {len(names)} files of the "
                f"{len(RECORDS)} records are missing, {missing[0]} first. {FETCH}"
            )
    places = " and ".join(str((datasets / name).absolute()) for name in FOLDERS)
    raise DataError(f"heartbeats-physionet: not found. Looked in {places} for {names[0]}, {names[1]}, ... {FETCH}")


def load(options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the beats, by record and time.

    All are one part, with the patient as the group;  for ``split = "de-chazal"`` DS2 is the official test part.
    """
    beats, records, _ = cut_all(tuple(path for path in paths if path.suffix == ".hea"))
    return (de_chazal if options.split == "de-chazal" else by_patient)(beats, records, CLASS_NAMES)


def cut_all(headers: tuple[Path, ...]) -> tuple[Part, NDArray[np.int64], NDArray[np.int64]]:
    """Return the beats of some records, (N,) their records, and (N,) the samples of their R peaks, at 360 Hz.

    headers: the records' .hea files, named by their numbers.  Raises DataError where a record cannot be read.
    """
    wfdb = _wfdb()
    cuts = [_cut(*_read(wfdb, header)) for header in headers]
    x, y, peaks = (np.concatenate(arrays) for arrays in zip(*cuts, strict=True))
    records = np.repeat([int(header.stem) for header in headers], [len(cut[1]) for cut in cuts])
    return part(x, y), records.astype(np.int64), peaks


PHYSIONET = DataSet(
    about="MIT-BIH heartbeats (ECG) cut out of PhysioNet's records (needs wfdb), patients known",
    size="109,446 rows, 5 classes, 187 x 1",
    find=find,
    load=load,
    splits=("stratified", "grouped", "leave-one-group-out", "de-chazal"),
)


def _wfdb() -> ModuleType:
    try:
        import wfdb
    except ImportError as error:
        raise DataError(
            f"heartbeats-physionet: reading PhysioNet's records needs the package wfdb ({error}). "
            'Install it: pip install "seqtune[physionet]".'
        ) from error
    return wfdb  # type: ignore[no-any-return] # wfdb has no types


def _read(wfdb: ModuleType, header: Path) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Return a record's first signal, (S,) in ADC units, and its annotations: (A,) samples and A symbols.

    Both are checked: the signal against the header's checksum, the annotations for order, range and their end mark.
    """
    name = str(header.with_suffix(""))
    try:
        record = wfdb.rdrecord(name, channels=[0], physical=False)
        signal = record.d_signal[:, 0]
        intact = (signal.sum(dtype=np.int64) - record.checksum[0]) % 2**16 == 0
        rate = record.fs
    except Exception as error:  # wfdb raises any exception that its parsing runs into
        raise DataError(f"{header}: no readable record: {_reason(error)}. {FETCH}") from error
    if not intact or rate != SAMPLING_RATE_HZ:
        fault = f"{rate} Hz, needs {SAMPLING_RATE_HZ}" if intact else "the header has another checksum"
        raise DataError(f"{header.with_suffix('.dat')}: damaged, or not of MIT-BIH: {fault}. {FETCH}")
    file = header.with_suffix(".atr")
    try:
        complete = file.read_bytes()[-2:] == b"\0\0"
        annotations = wfdb.rdann(name, "atr")
        samples, symbols = annotations.sample.astype(np.int64), list(annotations.symbol)
    except Exception as error:  # as above
        raise DataError(f"{file}: no readable annotations: {_reason(error)}. {FETCH}") from error
    if not any(symbol in CLASS_OF for symbol in symbols):
        raise DataError(f"{file}: no annotations of beats, so {header.stem} has no beats to cut. {FETCH}")
    if not complete or (np.diff(samples) <= 0).any() or samples[0] < 0 or samples[-1] >= len(signal):
        raise DataError(f"{file}: damaged: its annotations are cut off, out of order or outside the signal. {FETCH}")
    return signal.astype(np.float64), samples, symbols


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(". ")


def _cut(
    signal: NDArray[np.float64], samples: NDArray[np.int64], symbols: list[str]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return all beats of a record but the last: (n, 187) from 0 to 1, zero after the end; (n,) classes; (n,) peaks.

    A beat extends from its R peak to 20 % of an interval after the next annotation.  That one need not be a beat, so
    some beats are shorter.  Samples after the first 187 are dropped.
    """
    beats = [place for place, symbol in enumerate(symbols) if symbol in CLASS_OF][:-1]
    x = np.zeros((len(beats), STEPS), dtype=np.float32)
    for row, beat in enumerate(beats):
        start, following = samples[beat], samples[beat + 1]
        after = samples[beat + 2] - following if beat + 2 < len(samples) else following - start
        segment = signal[start : int(following + TAIL * after) : EVERY]
        low, high = segment.min(), segment.max()
        scaled = (segment - low) / ((high - low) or 1.0)
        x[row, : len(scaled)] = scaled[:STEPS]
    return x, np.array([CLASS_OF[symbols[beat]] for beat in beats], dtype=np.int64), samples[beats]
