"""deploy/kubernetes/rayjob.yaml: least rights, and the schema of KubeRay."""

import json
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from kuberay_schema import REDUCED, reduced, whole

from tuning.campaign.file import load

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "deploy" / "kubernetes" / "rayjob.yaml"
CRD = "SEQTUNE_RAYJOB_CRD"
"""Names the whole schema of KubeRay 1.7.0; what the manifest uses of it is beside this file."""


def manifests() -> dict[str, dict[str, Any]]:
    return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(FILE.read_text())}


SPEC = manifests()["RayJob"]["spec"]
CLUSTER = SPEC["rayClusterSpec"]
PODS = {
    "submitter": SPEC["submitterPodTemplate"],
    "head": CLUSTER["headGroupSpec"]["template"],
    "worker": CLUSTER["workerGroupSpecs"][0]["template"],
}
pod = pytest.mark.parametrize("template", PODS.values(), ids=PODS)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema: dict[str, Any] = json.loads(REDUCED.read_text())
    if os.environ.get(CRD):
        comment, schema_at_hand = schema.pop("$comment"), schema
        schema = whole(Path(os.environ[CRD]))
        assert schema_at_hand == reduced(schema, [manifests()["RayJob"]]), comment
    return jsonschema.Draft202012Validator(schema)


def test_the_rayjob_follows_kuberay_s_schema(validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(manifests()["RayJob"])] == []


@pytest.mark.parametrize("path", [("rayClusterSpec", "rayVersion"), ("backoffLimit",)], ids=str)
def test_the_schema_finds_a_value_of_another_type(
    validator: jsonschema.Draft202012Validator, path: tuple[str, ...]
) -> None:
    changed = deepcopy(manifests()["RayJob"])
    place = changed["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = 2.5
    assert "2.5 is not of type" in str([error.message for error in validator.iter_errors(changed)])


@pytest.mark.parametrize(
    "path",
    [("spec", "rayClusterSpec", "headGroupSpec"), ("spec", "submitterPodTemplate", "spec", "containers", 0)],
    ids=str,
)
def test_the_schema_finds_a_misspelt_key(validator: jsonschema.Draft202012Validator, path: tuple[Any, ...]) -> None:
    changed = place = deepcopy(manifests()["RayJob"])
    for step in path:
        place = place[step]
    place["securityContexts"] = {}
    assert "securityContexts" in str([error.message for error in validator.iter_errors(changed)])


@pod
def test_pods_run_without_root_and_rights(template: dict[str, Any]) -> None:
    spec = template["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pod
def test_pods_have_limits_and_a_bounded_place_to_write(template: dict[str, Any]) -> None:
    for container in template["spec"]["containers"]:
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    for volume in template["spec"]["volumes"]:
        assert volume.get("emptyDir", {}).get("sizeLimit") or volume["persistentVolumeClaim"]


def test_the_home_is_on_the_claim_and_mounted_by_the_head_alone() -> None:
    claims = {
        name: [volume for volume in template["spec"]["volumes"] if "persistentVolumeClaim" in volume]
        for name, template in PODS.items()
    }
    name = manifests()["PersistentVolumeClaim"]["metadata"]["name"]
    assert claims == {
        "submitter": [],
        "head": [{"name": "home", "persistentVolumeClaim": {"claimName": name}}],
        "worker": [],
    }
    head = PODS["head"]["spec"]["containers"][0]
    (path,) = (mount["mountPath"] for mount in head["volumeMounts"] if mount["name"] == "home")
    assert {"name": "SEQTUNE_HOME", "value": path} in head["env"]


def values(node: Any) -> Iterator[tuple[str, Any]]:
    """Each environment variable of the manifest with what sets it."""
    if isinstance(node, dict):
        if "name" in node and ("value" in node or "valueFrom" in node):
            yield node["name"], node
        for below in node.values():
            yield from values(below)
    elif isinstance(node, list):
        for below in node:
            yield from values(below)


def test_secrets_are_secrets() -> None:
    assert CLUSTER["authOptions"] == {"mode": "token", "secretName": "seqtune-ray-token"}
    taken = {name for name, node in values(SPEC) if "secretKeyRef" in node.get("valueFrom", {})}
    assert taken == {"MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"}
    assert {name for name, node in values(SPEC) if "value" in node} == {"SEQTUNE_HOME"}
    assert "MLFLOW" not in str(PODS["worker"])


def test_no_port_is_open_outside_the_cluster() -> None:
    assert CLUSTER["headGroupSpec"]["serviceType"] == "ClusterIP"
    labels = manifests()["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    assert all(template["metadata"]["labels"] == labels for template in PODS.values())
    assert "hostPort" not in FILE.read_text()


def test_it_launches_a_campaign_of_the_image_with_the_pinned_ray() -> None:
    command = SPEC["entrypoint"].split()
    assert command[:2] == ["seqtune", "launch"]
    assert "COPY campaigns /campaigns" in (ROOT / "Dockerfile").read_text()
    settings = [command[index + 1] for index, word in enumerate(command) if word == "--set"]
    workers = CLUSTER["workerGroupSpecs"][0]["replicas"]
    assert f"resources.concurrency={workers}" in settings
    load(ROOT / command[2].lstrip("/"), settings=settings)
    assert f"ray=={CLUSTER['rayVersion']}" in (ROOT / "constraints.txt").read_text()
