"""A process's environment as tags of a run."""

import json
from collections.abc import Mapping

from tuning.campaign.documents import parse_json
from tuning.tracking.layout import Tag
from tuning.training.environment import Environment

MOST_LETTERS = 500
"""Of a tag that a message repeats."""

ENVIRONMENT = {
    "python": Tag.PYTHON,
    "platform": Tag.PLATFORM,
    "processor": Tag.PROCESSOR,
    "isa": Tag.ISA,
    "threads": Tag.THREADS,
    "device": Tag.DEVICE,
    "commit": Tag.COMMIT,
}
"""Field of the environment -> its tag; the packages are JSON."""


def environment_tags(environment: Environment) -> dict[str, str]:
    """Return the tags of a process's environment."""
    tags: dict[str, str] = {
        Tag.PYTHON: environment.python,
        Tag.PACKAGES: json.dumps(environment.packages),
        Tag.PLATFORM: environment.platform,
        Tag.PROCESSOR: environment.processor,
        Tag.ISA: environment.isa,
        Tag.THREADS: str(environment.threads),
        Tag.DEVICE: environment.device,
    }
    if environment.commit is not None:
        tags[Tag.COMMIT] = environment.commit
        tags[Tag.GIT_COMMIT] = environment.commit.rstrip("+")
    return tags


def environment_from(tags: Mapping[str, str]) -> Environment | None:
    """Return the environment of ``environment_tags``, None where a run has no such tags.

    Raises:
        ValueError: not all of them are there, or one is of another type.
    """
    if Tag.PYTHON not in tags:
        return None
    fields = {name: tags.get(tag) for name, tag in ENVIRONMENT.items()}
    return Environment.model_validate(fields | {"packages": parse_json(tags.get(Tag.PACKAGES, ""))})


def packages_text(tags: Mapping[str, str]) -> str:
    """Return a run's packages as ``torch 2.13.0, numpy 2.3.5``."""
    try:
        packages = parse_json(tags[Tag.PACKAGES])
    except KeyError:
        return "unknown versions"
    except ValueError:  # written by a former version, as text
        return tags[Tag.PACKAGES][:MOST_LETTERS]
    if not isinstance(packages, dict):
        return str(packages)[:MOST_LETTERS]
    return ", ".join(f"{name} {version}" for name, version in packages.items())
