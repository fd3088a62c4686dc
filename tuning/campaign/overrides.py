"""Keys of a campaign file that the command line overrides."""

import tomllib
from collections.abc import Sequence
from typing import Any

from tuning.campaign import documents, messages
from tuning.campaign.documents import DocumentError
from tuning.campaign.errors import CampaignError
from tuning.campaign.messages import dotted, shown

Keys = tuple[str, ...]

WIDEST = 200
"""Characters of a line or a complaint that a message repeats."""


def override(
    document: dict[str, Any], *, settings: Sequence[str], trials: int | None, name: str | None
) -> dict[messages.Path, str]:
    """Put the command line's values into a document, or remove keys; return which option is about which key."""
    given: dict[messages.Path, str] = {}
    for setting in settings:
        keys, text = _setting(setting)
        given[keys] = option = f"--set {setting}"
        if not text:  # an empty text is written KEY=""
            _remove(document, keys, option)
        else:
            _put(document, keys, _value(text, keys), option)
    if trials is not None:
        _put(document, ("search", "trials"), trials, "--trials")
        given["search", "trials"] = "--trials"
    if name is not None:
        document["name"] = name
        given["name",] = "--name"
    return given


def _setting(setting: str) -> tuple[Keys, str]:
    key, equals, text = setting.partition("=")
    if not equals:
        raise CampaignError(f"--set {setting}: no value. Write KEY=VALUE, for example --set search.trials=20")
    try:
        keys: list[str] = []
        table: Any = documents.parse_toml(f"{key} = 0")
        while isinstance(table, dict):
            (word,) = table
            keys.append(word)
            table = table[word]
    except ValueError:
        raise CampaignError(
            f"--set {setting[:WIDEST]}: {shown(key)} is no key. Write it as search.trials or space.fix.dropout"
        ) from None
    return tuple(keys), text.strip()


def _value(text: str, keys: Keys) -> Any:
    try:
        return documents.parse_toml(f"value = {text}")["value"]
    except DocumentError as error:
        raise CampaignError(f"--set {dotted(keys)}: {error}") from None
    except tomllib.TOMLDecodeError:
        return text  # a bare text, as in --set data.balance=smote


def _remove(document: dict[str, Any], keys: Keys, option: str) -> None:
    table: Any = document
    for word in keys[:-1]:
        table = table.get(word) if isinstance(table, dict) else None
    if not isinstance(table, dict) or keys[-1] not in table:
        raise CampaignError(f"{option}: {dotted(keys)} is not set, so it cannot be removed")
    del table[keys[-1]]


def _put(document: dict[str, Any], keys: Keys, value: Any, option: str) -> None:
    table = document
    for i, word in enumerate(keys[:-1], start=1):
        table = table.setdefault(word, {})
        if not isinstance(table, dict):
            raise CampaignError(f"{option}: {dotted(keys[:i])} is a value, not a table of keys")
    table[keys[-1]] = value
