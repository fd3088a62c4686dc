"""Resuming a campaign: which keys of its file may change between launches, and which trials it then has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from tuning.campaign.config import CampaignConfig, ResourceOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.messages import dotted, messages
from tuning.campaign.overrides import override
from tuning.campaign.plan import Plan

MAY_CHANGE = (
    "search.trials",
    "resources.concurrency",
    "resources.address",
    "resources.gpus",
    "resources.mixed_processors",
    "resources.max_retries",
    "resources.trial_wall_s",
    "budget.wall_s",
    "comparison.question",
    "comparison.factor",
    "comparison.by",
    "comparison.response",
)
"""Keys that may change between launches: no trial depends on them."""


def resumed(plan: Plan, opened: CampaignConfig, *, trials: int) -> Plan:
    """Return the plan of a later launch.

    opened: the complete configuration that the campaign was first launched with.  trials: how many it has by now.
    Where the file leaves ``search.startup_trials`` open, the first launch's value stays, so that more trials extend a
    campaign and do not change its suggestions.

    Raises:
        CampaignError: another key has changed, or trials were taken away.
    """
    if plan.config.search.startup_trials is None and opened.search.startup_trials is not None:
        plan = replace(plan, startup_trials=opened.search.startup_trials)
    _check_code(opened, plan.config)
    before, now = (dict(_leaves(config.model_dump(mode="json"))) for config in (opened, plan.complete))
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key) and not _may_change(key)]
    name = opened.name
    if changed:
        raise CampaignError(
            f"campaign {name!r} was launched with another file:",
            *(f"  {key}: {before.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in changed),
            f"Undo the change, choose another name (--name), or delete the campaign (seqtune delete {name}). "
            f"Only {', '.join(MAY_CHANGE)} may change",
        )
    if plan.trials < trials:
        raise CampaignError(
            f"campaign {name!r} already has {trials} trials: search.trials = {plan.trials} would remove some. "
            f"Set search.trials >= {trials}"
        )
    return plan


def changed_resources(resources: ResourceOptions, settings: Sequence[str]) -> ResourceOptions:
    """Return resources with some of the keys that may change between launches changed.

    settings: ``resources.KEY=VALUE`` each; without a value, the key's default applies.

    Raises:
        CampaignError: a value that is not allowed, or of a key that may not change.
    """
    document: dict[str, Any] = {"resources": resources.model_dump(mode="json", exclude_none=True)}
    given = override(document, settings=settings, trials=None, name=None)
    allowed = [key for key in MAY_CHANGE if key.startswith("resources.")]
    for keys, option in given.items():
        if dotted(keys) not in allowed:
            raise CampaignError(f"{option}: only {', '.join(allowed)} may change")
    try:
        return ResourceOptions.model_validate(document["resources"], strict=True)
    except ValidationError as error:
        wrong = messages(error, document["resources"], ResourceOptions)
        raise CampaignError(*(f"--set resources.{text}" for _, text in wrong)) from None


def _check_code(opened: CampaignConfig, config: CampaignConfig) -> None:
    before, now = ({file.name: file.sha256 for file in given.code_files} for given in (opened, config))
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if changed:
        raise CampaignError(
            f"campaign {opened.name!r} was launched with other code:",
            *(f"  {name}: sha256 {_short(before.get(name))} -> {_short(now.get(name))}" for name in changed),
            f"Its trials depend on the code. Restore the file, choose another name (--name), or delete the campaign "
            f"(seqtune delete {opened.name})",
        )


def _short(sha256: str | None) -> str:
    return "absent" if sha256 is None else sha256[:12]


def _may_change(key: str) -> bool:
    return key in MAY_CHANGE or key == "comparison"  # the whole table may be added or removed


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, value
