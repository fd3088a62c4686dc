"""Export files.

JSON and TOML hold one document, read back without loss.  CSV has a row per entry for people, and is not read back.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from tuning.analysis.export import Export, ExportedTrial
from tuning.campaign.documents import DocumentError, checked, parse_json, parse_toml, read_bytes
from tuning.campaign.errors import RecordError
from tuning.campaign.messages import messages, shown
from tuning.journal.text import short_names, table_csv, trial_spans
from tuning.journal.upgrade import VERSION, upgrade_export
from tuning.training.files import check_suffix, write_output

EXPORT_SUFFIXES = (".json", ".toml", ".csv")

MOST_BYTES = 64 * 2**20
"""Of an export; one of ten trials of 100 epochs and 20 classes has 1 MB."""

LONGEST = 500
"""Characters of a problem that a message repeats."""

COMPLETE = (".json", ".toml")
"""Formats whose entries train again."""


def write(exported: Export, path: Path, argument: str = "--out") -> None:
    """Write an export in the format that the suffix names; the file is complete or absent.

    argument: what the user calls the path.

    Raises:
        CampaignError: an unknown suffix.
        RecordError: a figure is no finite number, which JSON cannot hold.
        StoreError: the folder is missing or cannot be written.
    """
    check_suffix(path, EXPORT_SUFFIXES, argument)
    try:
        text = {".json": _json, ".toml": _toml, ".csv": _csv}[path.suffix.lower()](exported)
    except ValueError as error:  # JSON has no NaN
        raise RecordError(
            f"campaign {exported.campaign.name!r}: a metric of its best trials is no finite number ({error}). Export "
            "fewer (-k), or a .csv table"
        ) from None
    write_output(path, text.encode(), argument)


def read(path: Path) -> tuple[ExportedTrial, ...]:
    """Return an export's entries, best first.  RecordError: as ``read_export``."""
    return read_export(path).entries


def read_export(path: Path) -> Export:
    """Return an export, its entries best first.

    Raises:
        RecordError: no such file, not an export, of a newer version, or damaged; the file and the key are named.
    """
    suffix = path.suffix.lower()
    if suffix not in COMPLETE:
        why = "a .csv export is a table to read" if suffix == ".csv" else "not an export"
        raise RecordError(f"{path}: {why}. Export as {' or '.join(COMPLETE)} to train trials again")
    try:
        text = read_bytes(path, MOST_BYTES).decode()
    except FileNotFoundError:
        raise RecordError(f"{path}: no such export. `seqtune export NAME --out {path.name}` writes one") from None
    except DocumentError as error:
        raise RecordError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from None
    try:
        document = checked(parse_toml(text) if suffix == ".toml" else parse_json(text), finite=True)
    except ValueError as error:
        raise RecordError(f"{path}: damaged: {str(error)[:LONGEST]}. Export again") from None
    exported = _checked(path, document)
    if not exported.entries:
        raise RecordError(f"{path}: holds no entries")
    ranks = [entry.rank for entry in exported.entries]
    if len(set(ranks)) < len(ranks):
        raise RecordError(f"{path}: damaged: two entries have the same rank ({ranks[:10]}). Export again")
    return exported.model_copy(update={"entries": tuple(sorted(exported.entries, key=lambda entry: entry.rank))})


def entry(path: Path, rank: int) -> ExportedTrial:
    """Return one entry of an export.  RecordError: as ``read``, or no such rank."""
    entries = read(path)
    for candidate in entries:
        if candidate.rank == rank:
            return candidate
    raise RecordError(f"{path}: no rank {rank}; it holds the ranks {entries[0].rank} to {entries[-1].rank}")


def _json(exported: Export) -> str:
    return json.dumps(exported.model_dump(mode="json"), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _toml(exported: Export) -> str:
    # TOML has no null: what is None is left out, and is None again by default.
    return tomli_w.dumps(exported.model_dump(mode="json", exclude_none=True))


def _csv(exported: Export) -> str:
    names = short_names(dict.fromkeys(path for entry in exported.entries for path in entry.assignment))
    metrics = dict.fromkeys(name for entry in exported.entries for name in entry.result.best_metrics)
    taken = _row(exported, exported.entries[0], {}, metrics)  # train.epochs is not the column of epochs trained
    names = {path: path if name in taken else name for path, name in names.items()}
    rows = [_row(exported, entry, names, metrics) for entry in exported.entries]
    return table_csv(rows)


def _row(exported: Export, entry: ExportedTrial, names: Mapping[str, str], metrics: Iterable[str]) -> dict[str, Any]:
    """Return one row; every row has the same columns, empty where a trial lacks a dimension or metric."""
    result = entry.result
    return {
        "rank": entry.rank,
        "campaign": entry.config.campaign,
        "trial": entry.config.index,
        "seed": entry.config.seed,
        "metric": exported.selection.metric,
        "objective": result.objective,
        "split": exported.selection.split,
        **_configuration(entry),
        **{f"best_{name}": result.best_metrics.get(name) for name in metrics},
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        **{name: entry.assignment.get(path) for path, name in names.items()},
        "seconds": result.seconds,
        "data_sha256": entry.config.data_sha256,
        "weights_sha256": result.weights_sha256,
    }


def _configuration(entry: ExportedTrial) -> dict[str, Any]:
    """Return the columns of an entry that represents several replicates."""
    if entry.configuration is None:
        return {}
    columns = entry.configuration.model_dump() | {"trials": trial_spans(entry.configuration.trials)}
    return {f"configuration_{name}": value for name, value in columns.items()}


def _checked(path: Path, document: Any) -> Export:
    if not isinstance(document, dict) or not isinstance(version := document.get("seqtune_export"), int):
        raise RecordError(f"{path}: not an export of seqtune: the key seqtune_export is missing")
    if version is True or version < 1:
        raise RecordError(f"{path}: seqtune_export = {shown(version)}, which is no version. Export again")
    if version > VERSION:
        raise RecordError(
            f"{path}: export of version {version}; this seqtune reads up to {VERSION}. Install a newer seqtune"
        )
    try:
        document = upgrade_export(document) if version < VERSION else document
        return Export.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        wrong = [text for _, text in messages(error, document, Export)]
    except (KeyError, TypeError, AttributeError) as error:
        wrong = [f"damaged: {type(error).__name__}: {error}. Export again"]
    raise RecordError(*(f"{path}: {text[:LONGEST]}" for text in wrong[:5]))
