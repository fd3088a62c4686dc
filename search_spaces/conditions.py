"""Fields of a trial's configuration that are active only if another field has certain values.

Without this a search would train one configuration several times under different values of an unused field.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search_spaces.dimensions import Value, equal


@dataclass(frozen=True, kw_only=True)
class Condition:
    """``field`` has a value for which ``holds`` is true; ``words`` says so.  values: all such values, where listed."""

    field: str
    holds: Callable[[Value], bool]
    words: str
    values: tuple[Value, ...] = ()


def _at_least(field: str, least: int) -> Condition:
    return Condition(field=field, holds=lambda value: int(value) >= least, words=f"{field} is at least {least}")


def is_among(field: str, values: Sequence[Value]) -> Condition:
    """Return the condition that a field has one of some values, type included."""
    return Condition(
        field=field,
        holds=lambda value: any(equal(value, other) for other in values),
        words=f"{field} is {' or '.join(map(str, values))}",
        values=tuple(values),
    )


_FRONT_END = _at_least("model.conv_channels", 1)
_PLATEAU = is_among("train.scheduler", ["plateau"])

CONDITIONS = {
    "model.conv_kernel": _FRONT_END,
    "model.conv_norm": _FRONT_END,
    "model.dense_hidden": _at_least("model.dense_layers", 2),
    "model.dropout": _at_least("model.gru_layers", 2),  # of cnn-gru: between GRU layers alone
    "model.embedding": is_among("model.one_hot", [False]),
    "train.plateau_factor": _PLATEAU,
    "train.plateau_patience": _PLATEAU,
}
"""Path -> when it is active, in every space.  It also is where a space does not decide the other field, and in families
without that field.

A campaign file adds conditions of its own dimensions: ``Space.conditions``."""
