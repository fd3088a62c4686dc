"""Records of former versions, brought to the present one: the only place that knows their keys.

Version 1 was written before the keys of 0.1.0 were final (docs/adr/0028-layered-packages.md).  The step works on parsed
JSON and changes names alone, so that recorded trials train again bit for bit.
"""

from typing import Any

from search_spaces.catalogue import SPACES
from search_spaces.dimensions import Choice
from search_spaces.errors import SpaceError

VERSION = 2
"""Of journals, trial configurations and exports alike."""

Document = dict[str, Any]


def upgrade_event(event: Document) -> Document:
    """Upgrade one journal event of version 1."""
    match event.get("kind"):
        case "campaign":
            dimensions = {_path(path): text for path, text in event["dimensions"].items()}
            return event | {"config": upgrade_campaign(event["config"]), "dimensions": dimensions}
        case "launch":
            comparison = event.pop("study", None)
            return event | {"comparison": _comparison(comparison)}
        case "suggestion":
            assignment = _assignment(event["assignment"])
            return event | {"trial": upgrade_trial(event["trial"]), "assignment": assignment}
        case _:
            return event


def upgrade_export(document: Document) -> Document:
    """Upgrade an export file's document of version 1."""
    return document | {
        "seqtune_export": VERSION,
        "campaign": upgrade_campaign(document["campaign"]),
        "entries": [upgrade_recorded(entry) for entry in document["entries"]],
    }


def upgrade_recorded(trial: Document) -> Document:
    """Upgrade a recorded trial of version 1: an entry of an export, or an MLflow run's ``trial.json``."""
    if trial.get("config", {}).get("version") != 1:
        return trial
    return trial | {"config": upgrade_trial(trial["config"]), "assignment": _assignment(trial["assignment"])}


def upgrade_trial(config: Document) -> Document:
    """Upgrade a trial configuration of version 1."""
    return config | {"version": VERSION, "train": _train(config["train"])}


def upgrade_campaign(config: Document) -> Document:
    """Upgrade a campaign configuration of version 1."""
    search, train, space = dict(config["search"]), _train(config["train"]), dict(config["space"])
    if "stopper" in search:
        halving = search.pop("stopper") == "halving"
        train["early_stopping"] = "successive-halving" if halving else "none"
    for key in ("grace_epochs", "reduction_factor"):
        if key in search:
            train[key] = search.pop(key)
    space["include"] = [_path(name) for name in space.pop("also", [])]
    space["fix"] = {_path(name): _value(name, value) for name, value in space.get("fix", {}).items()}
    space["narrow"] = {
        _path(name): _bounds(space["name"], name, [_value(name, value) for value in values])
        for name, values in space.get("narrow", {}).items()
    }
    upgraded = config | {"search": search, "train": train, "space": space}
    upgraded["comparison"] = _comparison(upgraded.pop("study", None))
    return upgraded


def _train(train: Document) -> Document:
    renamed = {"batching" if key == "batches" else key: value for key, value in train.items()}
    if renamed.get("batching") == "by-length":
        renamed["batching"] = "bucketed"
    return renamed


def _comparison(study: Document | None) -> Document | None:
    if study is None:
        return None
    renamed = {"response" if key == "measure" else key: value for key, value in study.items()}
    return renamed | {key: _path(renamed[key]) for key in ("factor", "by") if renamed.get(key)}


def _assignment(assignment: Document) -> Document:
    return {_path(path): _value(path, value) for path, value in assignment.items()}


def _path(name: str) -> str:
    head, dot, last = name.rpartition(".")
    return f"{head}{dot}batching" if last == "batches" else name


def _value(path: str, value: Any) -> Any:
    return "bucketed" if path.rpartition(".")[2] == "batches" and value == "by-length" else value


def _bounds(space: str, name: str, values: list[Any]) -> Any:
    """Two numbers were the bounds of a range, and the values of a choice."""
    try:
        known = SPACES[space]
        path = known.resolve(_path(name))
    except (KeyError, SpaceError):
        return values
    dimension = {**known.dimensions, **known.optional}.get(path)
    if dimension is None or isinstance(dimension, Choice):
        return values
    return {"low": values[0], "high": values[-1]}
