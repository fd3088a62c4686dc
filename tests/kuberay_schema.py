"""KubeRay's schema of a RayJob, reduced to what the manifest of this repository uses.

    python tests/kuberay_schema.py rayjobs.yaml

writes deploy/rayjob.schema.json.  Of what the manifest uses, the whole schema is kept; of its siblings the
names, so that a misspelt key is found.  The argument is ray-operator/config/crd/bases/ray.io_rayjobs.yaml of
github.com/ray-project/kuberay.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parents[1] / "deploy" / "kubernetes" / "rayjob.yaml"
REDUCED = Path(__file__).parent / "deploy" / "rayjob.schema.json"


def rayjob() -> dict[str, Any]:
    """Return the manifest of the RayJob."""
    documents = yaml.safe_load_all(MANIFEST.read_text())
    return next(document for document in documents if document["kind"] == "RayJob")


def whole(definition: Path) -> dict[str, Any]:
    """Return the JSON schema of version v1, with unknown keys as errors, which a cluster drops silently or refuses."""
    text = yaml.load(definition.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe, in C
    (version,) = (one for one in text["spec"]["versions"] if one["name"] == "v1")
    schema: dict[str, Any] = _strict(version["schema"]["openAPIV3Schema"])
    # Kubernetes checks these itself, by its own types.
    schema["properties"] |= {"apiVersion": {"const": "ray.io/v1"}, "kind": {"const": "RayJob"}, "metadata": {}}
    return schema


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _strict(value) for key, value in schema.items()}
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and not open_ended:
        changed["additionalProperties"] = False
    return changed


def reduced(schema: dict[str, Any], uses: list[Any]) -> dict[str, Any]:
    """Return a schema without descriptions and without what none of some values uses."""
    kept = {key: value for key, value in schema.items() if key != "description" and not key.startswith("x-")}
    if "properties" in schema:
        kept["properties"] = {
            name: reduced(below, used) if (used := [value[name] for value in uses if name in value]) else {}
            for name, below in schema["properties"].items()
        }
    if isinstance(below := schema.get("items"), dict):
        kept["items"] = reduced(below, [item for value in uses for item in value])
    if isinstance(below := schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = reduced(below, [item for value in uses for item in value.values()])
    return kept


def main() -> None:
    """Write the reduced schema."""
    comment = (
        "Of KubeRay 1.7.0, ray-operator/config/crd/bases/ray.io_rayjobs.yaml, reduced by kuberay_schema.py. "
        "Copyright the KubeRay authors, Apache License 2.0"
    )
    schema = {"$comment": comment, **reduced(whole(Path(sys.argv[1])), [rayjob()])}
    REDUCED.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
