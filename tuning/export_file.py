"""Export files: JSON, TOML or CSV by their suffix, and back without loss.

JSON and TOML hold one document.  CSV has a row for each entry: flat columns for people, and ``trial_json``, the
complete entry, which alone is read back.
"""

import csv
import io
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ValidationError

from tuning.complaints import complaints
from tuning.errors import CampaignError, RecordError, StoreError
from tuning.export import VERSION, Export, ExportedTrial
from tuning.leaderboard import trial_spans
from tuning.tables import short_names

SUFFIXES = (".json", ".toml", ".csv")

T = TypeVar("T", bound=BaseModel)


def check_suffix(path: Path) -> None:
    """Raise CampaignError unless the path's suffix names a format."""
    if path.suffix.lower() not in SUFFIXES:
        raise CampaignError(f"--out {path}: the suffix names no format. Allowed: {', '.join(SUFFIXES)}")


def write(exported: Export, path: Path) -> None:
    """Write an export in the format that the suffix names; the file is whole or not there.

    Raises:
        CampaignError: an unknown suffix.
        StoreError: the folder is not there or cannot be written.
    """
    check_suffix(path)
    text = {".json": _json, ".toml": _toml, ".csv": _csv}[path.suffix.lower()](exported)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}. Choose another --out") from error
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> tuple[ExportedTrial, ...]:
    """Return an export's entries, best first.

    Raises:
        RecordError: no such file, no export, of a newer version, or damaged; the file and the key are named.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RecordError(f"{path}: no export: the suffix names no format. Allowed: {', '.join(SUFFIXES)}")
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise RecordError(f"{path}: no such export. `seqtune export NAME --out {path.name}` makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from None
    return _read_csv(path, text) if suffix == ".csv" else _read_document(path, text)


def entry(path: Path, rank: int) -> ExportedTrial:
    """Return one entry of an export.  RecordError: as ``read``, or no such rank."""
    entries = read(path)
    for one in entries:
        if one.rank == rank:
            return one
    raise RecordError(f"{path}: no rank {rank}; it holds the ranks {entries[0].rank} to {entries[-1].rank}")


def _json(exported: Export) -> str:
    return json.dumps(exported.model_dump(mode="json"), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _toml(exported: Export) -> str:
    # TOML has no null: what is None is left out, and is None again by default.
    return tomli_w.dumps(exported.model_dump(mode="json", exclude_none=True))


def _csv(exported: Export) -> str:
    names = short_names(dict.fromkeys(path for one in exported.entries for path in one.assignment))
    metrics = dict.fromkeys(name for one in exported.entries for name in one.result.best_metrics)
    rows = [_flat(exported, one, names, metrics) for one in exported.entries]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(exported: Export, one: ExportedTrial, names: Mapping[str, str], metrics: Iterable[str]) -> dict[str, Any]:
    """One row; every row has the same columns, empty where a trial has no such dimension or metric."""
    result = one.result
    return {
        "rank": one.rank,
        "campaign": one.config.campaign,
        "trial": one.config.index,
        "seed": one.config.seed,
        "objective": exported.selection.metric,
        "split": exported.selection.split,
        **_configuration(one),
        **{f"best_{name}": result.best_metrics.get(name) for name in metrics},
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        **{name: one.assignment.get(path) for path, name in names.items()},
        "seconds": result.seconds,
        "data_sha256": one.config.data_sha256,
        "weights_sha256": result.weights_sha256,
        "seqtune_export": VERSION,
        "trial_json": json.dumps(one.model_dump(mode="json"), separators=(",", ":"), allow_nan=False),
    }


def _configuration(one: ExportedTrial) -> dict[str, Any]:
    """Columns of an entry that stands for several replicates."""
    if one.configuration is None:
        return {}
    columns = one.configuration.model_dump() | {"trials": trial_spans(one.configuration.trials)}
    return {f"configuration_{name}": value for name, value in columns.items()}


def _read_document(path: Path, text: str) -> tuple[ExportedTrial, ...]:
    try:
        document = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except ValueError as error:
        raise RecordError(f"{path}: damaged: {error}. Export again") from None
    if not isinstance(document, dict):
        raise RecordError(f"{path}: no export of seqtune: it holds no table of keys")
    _check_version(path, document.get("seqtune_export"))
    exported: Export = _checked(path, document, Export)
    return _sorted(path, exported.entries)


def _read_csv(path: Path, text: str) -> tuple[ExportedTrial, ...]:
    csv.field_size_limit(2**31 - 1)  # a trial of hundreds of epochs is longer than the 128 KiB allowed by default
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise RecordError(f"{path}: damaged: {error}. Export again") from None
    entries = []
    for number, row in enumerate(rows, start=1):
        _check_version(path, row.get("seqtune_export"))
        where = f"{path}, row {number}, trial_json"
        try:
            document = json.loads(row.get("trial_json") or "")
        except ValueError as error:
            raise RecordError(f"{where}: damaged: {error}. Export again") from None
        entries.append(_checked(where, document, ExportedTrial))
    return _sorted(path, tuple(entries))


def _check_version(path: Path, found: Any) -> None:
    try:
        number = int(found)
    except (TypeError, ValueError):
        raise RecordError(f"{path}: no export of seqtune: it does not say seqtune_export = {VERSION}") from None
    if number > VERSION:
        raise RecordError(f"{path}: export of version {number}; this seqtune reads up to {VERSION}. Install the newer")


def _checked(where: object, document: Any, model: type[T]) -> T:
    try:
        return model.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        wrong = [text for _, text in complaints(error, document, model)]
        raise RecordError("\n".join(f"{where}: {text}" for text in wrong[:5])) from None


def _sorted(path: Path, entries: tuple[ExportedTrial, ...]) -> tuple[ExportedTrial, ...]:
    if not entries:
        raise RecordError(f"{path}: holds no entries")
    return tuple(sorted(entries, key=lambda one: one.rank))
